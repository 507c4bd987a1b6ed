"""With a protection switched off the suite turns red, in the invariant that names it: so the invariants can fail."""

import asyncio
import os

import pytest

from tests.faults import experiment, load
from tests.faults.controls import CONTROLS, ControlRun
from tests.faults.experiment import Laboratory
from tests.faults.seams.protections import MARKS

_PEOPLE = 40
_PATIENCE_S = 20  # what is lost never comes: there is nothing to be patient for

# in CI one of them; `make faults` asks for all
_TRIED = CONTROLS if os.environ.get("JALUR_ALL_CONTROLS") else [one for one in CONTROLS if one.protections == (MARKS,)]


@pytest.mark.parametrize("control", _TRIED, ids=lambda control: control.name)
def test_the_suite_turns_red_without_a_protection_unless_another_makes_it_good(
    laboratory: Laboratory, control: ControlRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "_PATIENCE_S", _PATIENCE_S)
    monkeypatch.setattr(experiment, "_QUIET_S", _PATIENCE_S)
    monkeypatch.setattr(load, "PHASES", (*load.PHASES[: load.PHASES.index(control.last) + 1], "done"))
    outcome = asyncio.run(laboratory.experiment([(control.fault,)], _PEOPLE, name=control.name))
    assert outcome.evidence, f"nothing would have been done by: {control.protections}"
    if control.violated is None:
        assert outcome.survived, outcome.told()
    else:
        assert outcome.violations[control.violated], f"{control.violated} holds {control.name}"
