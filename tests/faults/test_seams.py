"""In CI: deaths at some of the seams, and messages that ought not to come; `make faults` has them all."""

import asyncio

import pytest

from tests.faults.experiment import Laboratory
from tests.faults.faults import FAULTS, Fault
from tests.faults.injected import seams
from tests.faults.seams import failpoints

_PEOPLE = 40
_SOME = (failpoints.PUBLISHED, "between two registrations", "between two claims", "seat freed, nobody promoted")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("killed at some seams", seams.killing(_SOME), seams.killed, phases=("define",)),
        FAULTS["poison in every queue"],
    ],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_and_nothing_done_twice(laboratory: Laboratory, fault: Fault) -> None:
    outcome = asyncio.run(laboratory.experiment([(fault,)], _PEOPLE, name=fault.name))
    assert outcome.survived, outcome.told()
