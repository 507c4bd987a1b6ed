"""Scores are typed cell by cell: half a row counts for nothing, and nobody overwrites somebody else unseen."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.selection import eligibility, entering
from services.selection.applicant import Applicant
from services.selection.entering import Part
from services.selection.programme import OpenProgramme
from shared.cells import BadCell
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered
from shared.contracts.selection import ScoresRecorded
from shared.judging import RowRefused
from shared.ledger import Signature
from shared.problems import Conflict
from tests.builders import programme
from tests.events import applicant

ANI = Signature("ani", datetime(2030, 2, 1, tzinfo=UTC), "selector")
BUDI = Signature("budi", datetime(2030, 2, 1, tzinfo=UTC), "selector")
OPEN = OpenProgramme(_id="UJI-1", revision=1, definition=programme())


def passed(**changes: object) -> Applicant:
    one = Applicant(_id="a0001")
    one.registered(ApplicantRegistered.model_validate(applicant(1, **changes)))
    eligibility.screen(one, OPEN, [])
    return one


def enter(one: Applicant, part: Part, said: str, expected: str = "", signed: Signature = ANI) -> list[Event] | None:
    return entering.enter(one, part, said, expected, OPEN, signed)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("82,50", "82.5"), (" 100 ", "100"), ("0", "0"), ("", ""), ("  ", ""), ("-", "-"), ("Tidak hadir", "-")],
)
def test_a_cell_is_read_as_a_sheet_s(typed: str, shown: str) -> None:
    assert entering.read(typed) == shown


@pytest.mark.parametrize(("typed", "reason"), [("140", "out_of_range"), ("-1", "out_of_range"), ("x", "not_a_number")])
def test_what_is_no_score_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(BadCell) as refused:
        entering.read(typed)
    assert refused.value.reason == reason


def test_one_cell_alone_makes_nobody_absent() -> None:
    one = passed()
    assert enter(one, "written", "80") == []
    assert (one.scores, entering.cells(one)) == (None, {"written": "80", "interview": ""})
    events = enter(one, "interview", "70")
    assert events is not None and isinstance(events[0], ScoresRecorded)
    assert one.scores is not None and one.scores.total == Decimal("76.00")
    assert (one.half, entering.cells(one)) == ({}, {"written": "80", "interview": "70"})
    assert [(entry.what, entry.by) for entry in one.ledger[-2:]] == [
        ("score_entered", "ani"),
        ("scores_recorded", "ani"),
    ]


def test_only_a_dash_makes_somebody_absent() -> None:
    one = passed()
    enter(one, "written", "80")
    enter(one, "interview", "-")
    assert one.scores is not None and one.scores.absent
    assert entering.cells(one) == {"written": "80", "interview": "-"}


def test_a_cell_that_somebody_else_has_changed_is_not_overwritten() -> None:
    one = passed()
    enter(one, "written", "80", signed=BUDI)
    with pytest.raises(Conflict) as refused:
        enter(one, "written", "81")
    assert (refused.value.code, refused.value.extra["theirs"], refused.value.extra["by"]) == (
        *("changed_meanwhile", "80", "budi"),
    )
    assert entering.cells(one)["written"] == "80"
    assert enter(one, "written", "81", expected="80") == []
    assert enter(one, "interview", "70") is not None  # the other cell is nobody's business


def test_the_same_again_changes_nothing_whatever_was_expected() -> None:
    one = passed()
    enter(one, "written", "80")
    told = len(one.ledger)
    assert enter(one, "written", "80", expected="12") is None
    assert len(one.ledger) == told


def test_half_a_row_can_be_emptied_and_a_whole_one_cannot() -> None:
    one = passed()
    enter(one, "written", "80")
    assert enter(one, "written", "", expected="80") == []
    assert one.half == {}
    enter(one, "written", "80")
    enter(one, "interview", "70")
    with pytest.raises(RowRefused) as refused:
        enter(one, "written", "", expected="80")
    assert refused.value.problems[0].reason == "cannot_be_emptied"


def test_who_was_refused_has_no_scores() -> None:
    with pytest.raises(RowRefused) as refused:
        enter(passed(age=16), "written", "80")
    assert refused.value.problems[0].reason == "not_passed"
