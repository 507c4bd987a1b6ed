"""Attendance day by day: what a mark may be, whom it overtakes, and what closing a class makes of the marks."""

from collections.abc import Mapping
from datetime import date

import pytest

from services.certification import daily
from services.certification.daily import Mark, Overtaken
from services.certification.trainee import Presence, Source, Trainee
from shared.contracts.certification import TrainingCompleted
from shared.judging import Change, RowRefused
from shared.ledger import Signature
from tests.unit.certification_examples import SIGNED, attend, programme, trainee

MONDAY, TUESDAY, WEDNESDAY = date(2030, 5, 6), date(2030, 5, 7), date(2030, 5, 8)
H, E, A = Presence.PRESENT, Presence.EXCUSED, Presence.ABSENT
OTHER = SIGNED._replace(by="rekan")


def set_marks(
    person: Trainee, marks: Mapping[date, Presence | None], was: Presence | None = None, signed: Signature = SIGNED
) -> tuple[Change | None, list[Overtaken]]:
    rows = [Mark(day=day, was=was, now=now) for day, now in marks.items()]
    return daily.mark(person, rows, "LAS-1", programme(), date(2030, 5, 31), signed)


def close(person: Trainee, *days: date, minimum: float | None = None, left: bool = False) -> Change | None:
    return daily.close(person, "LAS-1", days, programme(minimum), SIGNED, left=left)


def test_marks_are_kept_and_decide_nothing_until_the_class_is_closed() -> None:
    person = trainee()
    change, overtaken = set_marks(person, {MONDAY: H, TUESDAY: A})
    assert change == Change([], []) and overtaken == []
    assert person.daily == {"2030-05-06": H, "2030-05-07": A} and person.attendance is None
    assert person.ledger[-1].detail["days"]["2030-05-06"] == {"before": None, "after": H}


def test_the_same_marks_again_change_nothing_and_an_empty_one_takes_a_mark_away() -> None:
    person = trainee()
    set_marks(person, {MONDAY: H})
    assert set_marks(person, {MONDAY: H}) == (None, [])
    set_marks(person, {MONDAY: None}, was=H)
    assert person.daily == {}


def test_a_mark_that_somebody_changed_meanwhile_stands_and_is_told() -> None:
    person = trainee()
    set_marks(person, {MONDAY: E}, signed=OTHER)
    change, overtaken = set_marks(person, {MONDAY: H, TUESDAY: H})
    assert overtaken == [Overtaken(day=MONDAY, wanted=H, stands=E, by="rekan")]
    assert change is not None and person.daily == {"2030-05-06": E, "2030-05-07": H}


@pytest.mark.parametrize(
    ("day", "today", "reason"),
    [
        (date(2030, 5, 5), date(2030, 5, 31), "outside_training"),
        (date(2030, 6, 8), date(2030, 6, 30), "outside_training"),
        (TUESDAY, MONDAY, "in_the_future"),
    ],
)
def test_days_that_cannot_be_marked(day: date, today: date, reason: str) -> None:
    with pytest.raises(RowRefused, match=reason):
        daily.mark(trainee(), [Mark(day=day, now=H)], "LAS-1", programme(), today, SIGNED)


def test_somebody_of_another_class_is_not_marked() -> None:
    with pytest.raises(RowRefused, match="other_class"):
        daily.mark(trainee(), [Mark(day=MONDAY, now=H)], "LAS-2", programme(), MONDAY, SIGNED)


def test_a_class_was_held_when_somebody_is_marked_and_whoever_is_not_is_missing() -> None:
    one, other = trainee(), trainee(_id="a-2")
    set_marks(one, {TUESDAY: A, MONDAY: H})
    set_marks(other, {MONDAY: H})
    days = daily.held([one, other])
    assert days == [MONDAY, TUESDAY]
    assert daily.unmarked([one, other], days, frozenset()) == {"a-2": [TUESDAY]}
    assert daily.unmarked([one, other], days, frozenset({"a-2"})) == {}


def test_closing_counts_who_was_present_and_an_excuse_is_no_presence() -> None:
    person = trainee()
    set_marks(person, {MONDAY: H, TUESDAY: E, WEDNESDAY: H})
    change = close(person, MONDAY, TUESDAY, WEDNESDAY, minimum=0.7)
    assert change is not None and person.attendance is not None
    [event] = change.events
    assert isinstance(event, TrainingCompleted)
    assert (event.completed, event.days_present, event.days) == (False, 2, 3)
    assert person.attendance.source is Source.DAILY
    assert close(person, MONDAY, TUESDAY, WEDNESDAY, minimum=0.7) is None


def test_a_day_that_was_marked_while_the_class_is_closed_counts_the_next_time() -> None:
    person = trainee()
    set_marks(person, {MONDAY: A, TUESDAY: H})
    close(person, MONDAY, minimum=0.7)
    assert person.attendance is not None
    assert (person.attendance.present, person.attendance.days, person.attendance.completed) == (0, 1, False)


def test_closing_after_a_change_corrects_and_says_what_was_before() -> None:
    person = trainee()
    set_marks(person, {MONDAY: H, TUESDAY: A})
    close(person, MONDAY, TUESDAY)
    set_marks(person, {TUESDAY: H}, was=A)
    assert person.attendance is not None and person.attendance.present == 1
    assert close(person, MONDAY, TUESDAY) is not None
    assert person.ledger[-1].what == "attendance_corrected" and person.ledger[-1].detail["before"]["present"] == 1


def test_whoever_dropped_out_does_not_complete() -> None:
    person = trainee()
    set_marks(person, {MONDAY: H})
    close(person, MONDAY, TUESDAY, left=True)
    assert person.attendance is not None
    assert (person.attendance.completed, person.attendance.present, person.attendance.days) == (False, 1, 2)


def test_a_sheet_that_contradicts_the_marks_is_refused_and_one_that_agrees_is_taken() -> None:
    person = trainee()
    set_marks(person, {MONDAY: H, TUESDAY: A})
    with pytest.raises(RowRefused, match="daily_marks_count"):
        attend(person, days=2, present=2)
    assert attend(person, days=2, present=1) is not None
    close(person, MONDAY, TUESDAY)
    with pytest.raises(RowRefused, match="daily_marks_count"):
        attend(person)


def test_marks_win_over_a_total_that_a_sheet_brought_before() -> None:
    person = trainee()
    attend(person)
    set_marks(person, {MONDAY: H, TUESDAY: A})
    close(person, MONDAY, TUESDAY)
    assert person.attendance is not None
    assert (person.attendance.present, person.attendance.days, person.attendance.source) == (1, 2, Source.DAILY)
    assert person.ledger[-1].detail["before"]["present"] == 18
