"""Whether a trainee completed the training: from one row of the attendance sheet, or from the marks of each day.

Of somebody whose days are marked one by one, the marks are what counts: a sheet that says otherwise is refused.
"""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from services.certification import enrolment
from services.certification.trainee import Attendance, Source, Trainee
from shared.cells import Cell, whole, word
from shared.contracts.certification import TrainingCompleted
from shared.contracts.registration import Programme
from shared.judging import Change, Text, per_person, read, refused
from shared.ledger import Signature
from shared.rows import Problem, Row

DROPPED_OUT: Final = "Mengundurkan diri"


class AttendanceRow(BaseModel):
    days: Annotated[int, BeforeValidator(whole), Field(ge=1, le=1000)]
    present: Annotated[int, BeforeValidator(whole), Field(ge=0, le=1000)]
    note: Text


def dropped_out(note: str | None) -> bool:
    """Whether a note says that somebody left the training."""
    return word(DROPPED_OUT) in word(note)


def completes(row: AttendanceRow, minimum_attendance: float | None) -> bool:
    """Whether that attendance completes a training; `minimum_attendance` is a share of its days, None asks for none."""
    if dropped_out(row.note):
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
    if _differs_from_marks(trainee, row):
        raise refused("daily_marks_count", "present", cells.get("present"))
    return settle(trainee, row, offer.code, Source.SHEET, programme, signed)


def settle(
    trainee: Trainee, row: AttendanceRow, class_code: str, source: Source, programme: Programme, signed: Signature
) -> Change | None:
    """Let these numbers of days count from now on; None when they do already."""
    minimum = programme.training.minimum_attendance
    attendance = Attendance(class_code=class_code, completed=completes(row, minimum), source=source, **row.model_dump())
    before = trainee.attendance
    if before is not None and attendance == before.model_copy(update={"source": source}):
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


def _differs_from_marks(trainee: Trainee, row: AttendanceRow) -> bool:
    """Whether the sheet contradicts the days marked, or what the class was closed with."""
    if not trainee.daily:
        return False
    stated, closed = (row.days, row.present), trainee.attendance
    if closed is not None and closed.source is Source.DAILY and stated == (closed.days, closed.present):
        return False
    return stated != (len(trainee.daily), trainee.days_present())


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
