"""With a protection switched off the suite turns red, in the invariant that names it: so the invariants can fail."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.faults import experiment, load
from tests.faults.controls import CONTROLS, ControlRun
from tests.faults.experiment import Laboratory
from tests.faults.seams.protections import MARKS
from tests.faults.system import System, why_not

_PEOPLE = 40
_PATIENCE_S = 20  # what is lost never comes: there is nothing to be patient for

# in CI one of them; `make faults` asks for all
_TRIED = CONTROLS if os.environ.get("JALUR_ALL_CONTROLS") else [one for one in CONTROLS if one.protection == MARKS]

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"NO FAULTS ARE TRIED: {why_not()}")


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with System(tmp_path_factory.mktemp("controls") / "system") as system:
        laboratory = Laboratory(system, seed=1)
        yield laboratory
        laboratory.close()


@pytest.mark.parametrize("control", _TRIED, ids=lambda control: control.protection)
def test_the_suite_turns_red_without_a_protection(
    laboratory: Laboratory, control: ControlRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "_PATIENCE_S", _PATIENCE_S)
    monkeypatch.setattr(experiment, "_QUIET_S", _PATIENCE_S)
    monkeypatch.setattr(load, "PHASES", (*load.PHASES[: load.PHASES.index(control.last) + 1], "done"))
    outcome = asyncio.run(laboratory.experiment([(control.fault,)], _PEOPLE, name=control.protection))
    assert outcome.evidence, f"nothing would have been done by: {control.protection}"
    assert outcome.violations[control.violated], f"{control.violated} holds without {control.protection}"
