"""In CI: deaths at some of the seams; `make faults` has them all, and the messages that ought not to come."""

import asyncio

from tests.faults.experiment import Laboratory
from tests.faults.faults import Fault
from tests.faults.injected import seams
from tests.faults.seams import failpoints

_PEOPLE = 40
_SOME = (failpoints.PUBLISHED, "between two registrations", "between two claims", "seat freed, nobody promoted")


def test_nothing_is_lost_and_nothing_done_twice(laboratory: Laboratory) -> None:
    fault = Fault("killed at some seams", seams.killing(_SOME), seams.killed, phases=("define",))
    outcome = asyncio.run(laboratory.experiment([(fault,)], _PEOPLE, name=fault.name))
    assert outcome.survived, outcome.told()
