"""Score rows and totals."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.selection.scoring import Scores, read, total
from shared.contracts.registration import SelectionRule
from shared.judging import RowRefused

RULE = SelectionRule(written_weight=0.6, interview_weight=0.4, pass_mark=55)
EVEN = SelectionRule(written_weight=0.5, interview_weight=0.5, pass_mark=55)


@pytest.mark.parametrize(
    ("written", "interview", "expected"),
    [(67.7, 64.2, "66.30"), ("85,1", 89.4, "86.82"), (70, "54", "63.60"), (0, 100, "40.00")],
)
def test_the_total_is_weighted_with_decimal_comma_or_point(written: Any, interview: Any, expected: str) -> None:
    scores, warnings = read({"written": written, "interview": interview}, RULE)
    assert (scores.total, warnings) == (Decimal(expected), [])


def test_the_total_is_rounded_half_up() -> None:
    assert total(Decimal("70.01"), Decimal("70.00"), EVEN) == Decimal("70.01")
    assert total(Decimal("70.03"), Decimal("70.00"), EVEN) == Decimal("70.02")


@pytest.mark.parametrize(
    "cells", [{"written": None, "interview": "-"}, {"written": "Tidak hadir", "interview": 80}, {}]
)
def test_someone_absent_from_either_has_no_total(cells: dict[str, Any]) -> None:
    scores, _ = read(cells, RULE)
    assert scores.absent
    assert scores.total is None


@pytest.mark.parametrize(("cell", "reason"), [(140, "out_of_range"), ("-1", "out_of_range"), ("abc", "not_a_number")])
def test_a_score_that_is_none_refuses_the_row_and_names_the_cell(cell: Any, reason: str) -> None:
    with pytest.raises(RowRefused) as refusal:
        read({"written": 70, "interview": cell}, RULE)
    assert [(one.column, one.reason, one.value) for one in refusal.value.problems] == [("interview", reason, cell)]


def test_a_note_of_absence_beside_two_scores_is_a_warning() -> None:
    scores, warnings = read({"written": 70, "interview": 80, "note": "Tidak hadir"}, RULE)
    assert scores.total == Decimal("74.00")
    assert [one.reason for one in warnings] == ["absent_with_scores"]


hundredths = st.integers(0, 10_000).map(lambda value: Decimal(value) / 100)


@given(hundredths, hundredths, st.integers(0, 100))
def test_a_total_lies_between_its_scores(written: Decimal, interview: Decimal, percent: int) -> None:
    rule = SelectionRule(written_weight=percent / 100, interview_weight=(100 - percent) / 100, pass_mark=0)
    found = total(written, interview, rule)
    assert found is not None
    assert min(written, interview) <= found <= max(written, interview)
    assert Scores(written=written, interview=interview, total=found).absent is False
