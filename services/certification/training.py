"""Whether a trainee completed the training, from one row of the attendance sheet."""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from services.certification import enrolment
from services.certification.trainee import Attendance, Trainee
from shared.cells import Cell, whole, word
from shared.contracts.certification import TrainingCompleted
from shared.contracts.registration import Programme
from shared.judging import Change, Text, per_person, read, refused
from shared.ledger import Signature
from shared.rows import Problem, Row

_DROPPED_OUT: Final = "mengundurkan diri"


class AttendanceRow(BaseModel):
    days: Annotated[int, BeforeValidator(whole), Field(ge=1, le=1000)]
    present: Annotated[int, BeforeValidator(whole), Field(ge=0, le=1000)]
    note: Text


def completes(row: AttendanceRow, minimum_attendance: float | None) -> bool:
    """Whether that attendance completes a training; `minimum_attendance` is a share of its days, None asks for none."""
    if _DROPPED_OUT in word(row.note):
        return False
    # decimal: 11 of 20 days are 55 %, which as binary fractions they fall short of
    return minimum_attendance is None or row.present >= Decimal(str(minimum_attendance)) * row.days


def course(row: Row) -> Hashable:
    """Whose attendance of which class a row says. Raises RowRefused when it cannot be read."""
    _read(row.cells)
    return per_person(row), word(row.cells.get("class"))


def record(trainee: Trainee, cells: dict[str, Cell], programme: Programme, signed: Signature) -> Change | None:
    """Record one attendance row (class, days, present, note), or correct what was recorded before.

    None when it is known already. Raises RowRefused or RowWaits.
    """
    row = _read(cells)
    stated = enrolment.named(programme, cells.get("class"))
    offer = enrolment.class_of(trainee, programme)
    if stated.code != offer.code:
        raise refused("other_class", "class", cells.get("class"))
    minimum = programme.training.minimum_attendance
    attendance = Attendance(
        class_code=offer.code,
        completed=completes(row, minimum),
        **row.model_dump(),
    )
    before = trainee.attendance
    if attendance == before:
        return None
    trainee.attendance = attendance
    if before is None:
        trainee.write(signed, "attendance_recorded", **attendance.model_dump(), minimum_attendance=minimum)
    else:
        trainee.write(
            signed,
            "attendance_corrected",
            before=before.model_dump(),
            after=attendance.model_dump(),
            minimum_attendance=minimum,
        )
    warnings = [Problem(reason="already_assessed")] if trainee.attempts and not attendance.completed else []
    return Change([_completed(trainee, attendance)], warnings)


def _read(cells: Mapping[str, Cell]) -> AttendanceRow:
    row = read(AttendanceRow, cells)
    if row.present > row.days:
        raise refused("more_than_days", "present", cells.get("present"))
    return row


def _completed(trainee: Trainee, attendance: Attendance) -> TrainingCompleted:
    return TrainingCompleted(
        applicant_id=trainee.id,
        programme_code=trainee.programme_code,
        person_id=trainee.person_id,
        class_code=attendance.class_code,
        completed=attendance.completed,
        days_present=attendance.present,
        days=attendance.days,
    )
