"""Every reason for which a service refuses a row, or warns, is explained in plain words in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway.messages import MESSAGES, message
from services.selection import reasons

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("services/*/*.py"), ROOT / "shared/cells.py", ROOT / "shared/judging.py"]
# which argument of a call is the reason
REASON = {"BadCell": 0, "refused": 0, "RowWaits": 0, "warn": 1, "refuse": 1}


def given(source: Path) -> Iterator[str]:
    """The reason codes that a module writes down in calls, also by the names of selection's constants."""
    for call in ast.walk(ast.parse(source.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        values = [call.args[REASON[name]]] if name in REASON and len(call.args) > REASON[name] else []
        if name == "Problem":
            values += [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
        for value in values:
            yield from (part.value for part in _parts(value) if isinstance(part.value, str))
            constant = getattr(value, "id", getattr(value, "attr", ""))
            if constant.isupper() and hasattr(reasons, constant):
                yield getattr(reasons, constant)


def _parts(value: ast.expr) -> list[ast.Constant]:
    """The constant itself, or both outcomes of `a if … else b`."""
    outcomes = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    return [one for one in outcomes if isinstance(one, ast.Constant)]


def test_reasons_are_found_in_the_services_at_all() -> None:
    found = {reason for source in SOURCES for reason in given(source)}
    assert {"nik_length", "out_of_range", "not_competent", "unknown_wave", "not_a_date"} <= found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_reason_has_words(source: Path) -> None:
    assert [reason for reason in given(source) if reason not in MESSAGES] == []


def test_messages_are_whole_sentences_in_the_language_asked_for() -> None:
    for reason, words in MESSAGES.items():
        assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in words), reason
    assert message("closed", "id") != message("closed", "en")
    assert message("never heard of", "en") == "This row cannot be used."
