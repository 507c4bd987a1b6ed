"""Attendance day by day: marking it, and closing a class's attendance from its marks.

A class was held on the days on which somebody of it is marked. Until it is closed the marks decide nothing: half a
training is no attendance. Closing takes them over as everybody's numbers of days, and can be done again after a change.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import BaseModel

from services.certification import enrolment, training
from services.certification.trainee import Presence, Source, Trainee
from services.certification.training import DROPPED_OUT, AttendanceRow
from shared.contracts.registration import Programme
from shared.judging import Change, refused
from shared.ledger import Signature


class Mark(BaseModel):
    """One day of one trainee: what whoever marks it has seen there before (`was`), and what shall stand there."""

    day: date
    was: Presence | None = None
    now: Presence | None = None


class Overtaken(BaseModel):
    """A mark that was not set, because somebody else had set another meanwhile."""

    day: date
    wanted: Presence | None
    stands: Presence | None
    by: str


def mark(
    trainee: Trainee, marks: Sequence[Mark], class_code: str, programme: Programme, today: date, signed: Signature
) -> tuple[Change | None, list[Overtaken]]:
    """Set marks. Those that somebody has changed since they were seen stay as they are and are told.

    Raises RowRefused: "other_class", "outside_training" or "in_the_future", and what `enrolment.class_of` raises.
    """
    if enrolment.class_of(trainee, programme).code != class_code:
        raise refused("other_class")
    changed: dict[str, dict[str, Presence | None]] = {}
    overtaken = []
    for one in marks:
        if not programme.training.starts <= one.day <= programme.training.ends:
            raise refused("outside_training", "day", one.day.isoformat())
        if one.day > today:
            raise refused("in_the_future", "day", one.day.isoformat())
        key = one.day.isoformat()
        stands = trainee.daily.get(key)
        if stands is one.now:
            continue
        if stands is not one.was:
            overtaken.append(Overtaken(day=one.day, wanted=one.now, stands=stands, by=_marked_by(trainee, key)))
            continue
        changed[key] = {"before": stands, "after": one.now}
    if not changed:
        return None, overtaken
    for key, change in changed.items():
        trainee.daily.pop(key, None)
        if (now := change["after"]) is not None:
            trainee.daily[key] = now
    trainee.write(signed, "days_marked", days=changed)
    return Change([], []), overtaken


def held(trainees: Iterable[Trainee]) -> list[date]:
    """The days on which the class was held, in order."""
    return sorted({date.fromisoformat(day) for trainee in trainees for day in trainee.daily})


def unmarked(trainees: Iterable[Trainee], days: Sequence[date], dropped_out: frozenset[str]) -> dict[str, list[date]]:
    """Which days are not marked yet, for whom; of somebody who dropped out such a day counts as not attended."""
    missing = {
        trainee.id: [day for day in days if day.isoformat() not in trainee.daily]
        for trainee in trainees
        if trainee.id not in dropped_out
    }
    return {applicant_id: found for applicant_id, found in missing.items() if found}


def close(
    trainee: Trainee, class_code: str, days: Sequence[date], programme: Programme, signed: Signature, *, left: bool
) -> Change | None:
    """Take over the marks as this trainee's numbers of days; None when they are what counts already."""
    note = DROPPED_OUT if left else None
    # of these days alone: one that somebody marks meanwhile counts the next time, or more were attended than held
    present = sum(trainee.daily.get(day.isoformat()) is Presence.PRESENT for day in days)
    row = AttendanceRow(days=len(days), present=present, note=note)
    return training.settle(trainee, row, class_code, Source.DAILY, programme, signed)


def _marked_by(trainee: Trainee, key: str) -> str:
    told = (entry.by for entry in reversed(trainee.ledger) if key in entry.detail.get("days", {}))
    return next(told, "")
