"""Attendance decides who completed the training."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.certification import enrolment
from services.certification.training import AttendanceRow, completes
from shared.cells import Cell
from shared.contracts.certification import TrainingCompleted
from shared.contracts.registration import ApplicantWithdrawn
from shared.contracts.selection import Outcome
from shared.judging import RowRefused, RowWaits
from tests.unit.certification_examples import SIGNED, assess, attend, decision, programme, trainee


def test_somebody_present_completes_the_training_and_it_is_published() -> None:
    person = trainee()
    change = attend(person, present=18)
    assert change is not None
    assert change.events == [
        TrainingCompleted(
            applicant_id="a-1",
            programme_code="LAS-2030",
            person_id="p-1",
            class_code="LAS-1",
            completed=True,
            days_present=18,
            days=20,
        )
    ]
    assert [(entry.what, entry.by) for entry in person.ledger] == [("attendance_recorded", "petugas")]


@pytest.mark.parametrize("note", ["Mengundurkan diri", "MENGUNDURKAN  DIRI karena bekerja"])
def test_somebody_who_quit_does_not_complete_however_often_present(note: str) -> None:
    person = trainee()
    attend(person, present=20, note=note)
    assert person.attendance is not None
    assert not person.attendance.completed


def test_without_a_threshold_only_the_note_decides() -> None:
    person = trainee()
    attend(person, present=0)
    assert person.attendance is not None
    assert person.attendance.completed


@given(days=st.integers(1, 400), present=st.integers(0, 400), percent=st.integers(0, 100))
def test_the_threshold_is_a_share_of_the_days_without_rounding(days: int, present: int, percent: int) -> None:
    row = AttendanceRow(days=days, present=present, note=None)
    assert completes(row, percent / 100) == (Fraction(present, days) >= Fraction(percent, 100))


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"present": 21}, "present", "more_than_days"),
        ({"present": -1}, "present", "greater_than_equal"),
        ({"present": "18,5"}, "present", "not_whole"),
        ({"present": None}, "present", "missing"),
        ({"days": 0}, "days", "greater_than_equal"),
        ({"days": "dua puluh"}, "days", "not_a_number"),
        ({"class": None}, "class", "missing"),
        ({"class": "LAS-9"}, "class", "unknown_class"),
        ({"class": "LAS-2"}, "class", "other_class"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_naming_its_column(
    cells: dict[str, Cell], column: str, reason: str
) -> None:
    person = trainee()
    with pytest.raises(RowRefused) as refusal:
        attend(person, cells)
    assert [(problem.column, problem.reason, problem.value) for problem in refusal.value.problems] == [
        (column, reason, cells[column])
    ]
    assert person == trainee()


def test_every_unreadable_cell_of_a_row_is_named() -> None:
    with pytest.raises(RowRefused) as refusal:
        attend(trainee(), days="?", present="?")
    assert {problem.column for problem in refusal.value.problems} == {"days", "present"}


def test_the_class_may_be_given_by_name() -> None:
    assert attend(trainee(), {"class": "KELAS  las-1"}) is not None


def test_the_same_row_again_changes_nothing() -> None:
    person = trainee()
    attend(person)
    assert attend(person) is None
    assert len(person.ledger) == 1


def test_a_corrected_row_is_published_again_and_what_it_replaced_is_kept() -> None:
    person = trainee()
    attend(person, present=18)
    change = attend(person, present=7, note="Mengundurkan diri")
    assert change is not None
    assert isinstance(change.events[0], TrainingCompleted)
    assert not change.events[0].completed
    assert person.ledger[-1].what == "attendance_corrected"
    assert person.ledger[-1].detail["before"]["present"] == 18


def test_dropping_out_after_an_assessment_is_taken_with_a_warning() -> None:
    person = trainee()
    assess(person)
    change = attend(person, note="mengundurkan diri")
    assert change is not None
    assert [warning.reason for warning in change.warnings] == ["already_assessed"]


def test_rows_wait_for_the_decision_and_for_the_promotion_of_a_reserve() -> None:
    person = trainee(outcome=None, class_code=None)
    with pytest.raises(RowWaits, match="not_decided"):
        attend(person)
    enrolment.decide(person, decision(Outcome.RESERVE, "LAS-1"), SIGNED)
    with pytest.raises(RowWaits, match="not_accepted"):
        attend(person)
    enrolment.decide(person, decision(Outcome.ACCEPTED, "LAS-1"), SIGNED)
    assert attend(person) is not None


def test_a_decision_that_no_longer_accepts_takes_the_person_out() -> None:
    person = trainee()
    enrolment.decide(person, decision(Outcome.REJECTED), SIGNED)
    with pytest.raises(RowRefused, match="not_accepted"):
        attend(person)


def test_somebody_who_withdrew_is_refused_also_when_the_decision_arrives_afterwards() -> None:
    person = trainee(outcome=None, class_code=None)
    withdrawal = ApplicantWithdrawn(
        applicant_id="a-1", programme_code="LAS-2030", reason="pindah", withdrawn_on=programme().training.starts
    )
    enrolment.withdraw(person, withdrawal, SIGNED)
    enrolment.decide(person, decision(Outcome.ACCEPTED, "LAS-1"), SIGNED)
    with pytest.raises(RowRefused, match="withdrawn"):
        attend(person)


def test_a_row_in_the_file_of_another_programme_is_refused() -> None:
    with pytest.raises(RowRefused, match="other_programme"):
        attend(trainee(programme_code="ELSE"))


def test_a_note_keeps_no_number_that_identifies_somebody() -> None:
    person = trainee()
    attend(person, note="Mengundurkan diri, NIK 3375 0112 0605 0059")
    assert person.attendance is not None
    assert person.attendance.note == "Mengundurkan diri, NIK …"
    assert not person.attendance.completed
