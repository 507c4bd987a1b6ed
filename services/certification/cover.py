"""Cover by BPJS Ketenagakerjaan: it must span the days of a trainee's class, accidents (JKK) and death (JKM) alike.

Whatever is not covered by something that BPJS has confirmed is a gap. Nobody has to be covered who has withdrawn,
dropped out, or lost their place; in the last case what still stands is to be cancelled, for nobody is trained then. A
cover is known by its days and by what it insures: to put days right, the wrong one is cancelled.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from services.certification import enrolment, training
from services.certification.trainee import Cover, CoverState, Insurance, Trainee
from shared.contracts.registration import ClassOffer, Programme
from shared.judging import Change, refused
from shared.ledger import Signature

RECORDED = "cover_recorded"
_A_DAY, _LONGEST = timedelta(days=1), timedelta(days=366)  # no training is longer: another year was typed


class Gap(NamedTuple):
    """Days of the class, both included, on which one insurance is missing."""

    insurance: Insurance
    starts: date
    ends: date


class Alike(NamedTuple):
    """So many trainees like this one: their covers are the same, and so is whether they have left."""

    one: Trainee
    number: int


class CoverOvertaken(Exception):
    """Somebody else has recorded a cover of this trainee since it was looked at; `by` is who."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def record(
    trainee: Trainee,
    cover: Cover,
    class_code: str,
    programme: Programme,
    signed: Signature,
    seen: int | None = None,
    reason: str | None = None,
) -> Change | None:
    """Record a cover, or that it stands otherwise now; None when it is known as that.

    `reason` says why, for the ledger. `seen` is what `changes` was when it was looked at. Raises CoverOvertaken;
    RowRefused: "other_class", "no_such_cover", "ends_before_it_starts", "cover_too_long", "cover_outside_training",
    "cover_is_active"; and what `enrolment.class_of` raises, unless a cover is cancelled, which may be that of somebody
    who has left.
    """
    cancels = cover.state is CoverState.CANCELLED
    if not cancels and enrolment.class_of(trainee, programme).code != class_code:
        raise refused("other_class")
    held = next((one for one in trainee.covers if _same(one, cover)), None)
    if held is None:  # the days of what is on record stand, also when the training was moved since
        _refuse_wrong_days(cover, programme)
        if cancels:
            raise refused("no_such_cover")
    elif held.state is cover.state:
        return None
    if seen is not None and seen != changes(trainee):
        raise CoverOvertaken(next((one.by for one in reversed(trainee.ledger) if one.what == RECORDED), ""))
    if held is not None and (held.state, cover.state) == (CoverState.ACTIVE, CoverState.REQUESTED):
        raise refused("cover_is_active")  # one who asks for a whole class again takes nobody's cover away
    before = None if held is None else held.state
    if held is None:
        trainee.covers.append(cover.model_copy())
    else:
        held.state = cover.state
    trainee.write(signed, RECORDED, reason, **cover.model_dump(mode="json"), before=before)
    return Change([], [])


def changes(trainee: Trainee) -> int:
    """How often a cover was recorded: whoever has seen as many has seen the latest."""
    return sum(one.what == RECORDED for one in trainee.ledger)


def is_due(trainee: Trainee) -> bool:
    """Whether somebody has to be covered."""
    left = trainee.attendance is not None and training.dropped_out(trainee.attendance.note)
    return trainee.class_code is not None and not trainee.withdrawn and not left


def is_to_be_cancelled(trainee: Trainee, today: date) -> bool:
    """Whether somebody who has no place any more has cover that still runs, or BPJS was asked for it."""
    runs = any(one.state is not CoverState.CANCELLED and one.ends >= today for one in trainee.covers)
    return trainee.class_code is None and runs


def gaps(trainee: Trainee, programme: Programme, counting: Iterable[CoverState] = (CoverState.ACTIVE,)) -> list[Gap]:
    """What is not covered of the days of the training, by insurance; nothing of whoever need not be covered."""
    if not is_due(trainee):
        return []
    covers = [one for one in trainee.covers if one.state in counting]
    starts, ends = programme.training.starts, programme.training.ends
    return [gap for insurance in Insurance for gap in _uncovered(insurance, covers, starts, ends)]


def not_requested(trainee: Trainee, programme: Programme) -> list[Gap]:
    """The gaps for which BPJS has not even been asked."""
    return gaps(trainee, programme, (CoverState.ACTIVE, CoverState.REQUESTED))


def shown(trainee: Trainee, programme: Programme, today: date) -> dict[str, Any]:
    """The covers of one trainee and what is missing."""
    unasked = not_requested(trainee, programme)
    return {
        "applicant_id": trainee.id,
        "withdrawn": trainee.withdrawn,
        "has_place": trainee.class_code is not None,
        "to_cancel": is_to_be_cancelled(trainee, today),
        "due": is_due(trainee),
        "covers": sorted(trainee.covers, key=lambda one: (one.starts, one.ends)),
        "gaps": [gap._asdict() for gap in gaps(trainee, programme)],
        "to_request": bool(unasked),
        "not_requested": [gap._asdict() for gap in unasked],
        "changes": changes(trainee),
    }


def counts(trainees: Iterable[Trainee], offer: ClassOffer, programme: Programme) -> dict[str, Any]:
    """Of a class's trainees: how many have to be covered, are so on all its days, or wait for BPJS to confirm it."""
    return counts_of([Alike(one, 1) for one in trainees], offer, programme)


def counts_of(groups: Iterable[Alike], offer: ClassOffer, programme: Programme) -> dict[str, Any]:
    """The same of trainees of whom those who are alike are told together."""
    due = [group for group in groups if is_due(group.one)]
    missing = [group for group in due if gaps(group.one, programme)]
    people = sum(group.number for group in due)
    return {
        "class_code": offer.code,
        "due": people,
        "covered": people - sum(group.number for group in missing),
        "requested": sum(group.number for group in missing if not not_requested(group.one, programme)),
    }


def _same(one: Cover, other: Cover) -> bool:
    return (one.starts, one.ends, set(one.insurances)) == (other.starts, other.ends, set(other.insurances))


def _refuse_wrong_days(cover: Cover, programme: Programme) -> None:
    if cover.ends < cover.starts:
        raise refused("ends_before_it_starts", "ends", cover.ends.isoformat())
    if cover.ends - cover.starts > _LONGEST:
        raise refused("cover_too_long", "ends", cover.ends.isoformat())
    if cover.ends < programme.training.starts or cover.starts > programme.training.ends:
        raise refused("cover_outside_training", "starts", cover.starts.isoformat())


def _uncovered(insurance: Insurance, covers: Iterable[Cover], starts: date, ends: date) -> list[Gap]:
    found, missing_from = [], starts
    for cover in sorted((one for one in covers if insurance in one.insurances), key=lambda one: one.starts):
        if missing_from < cover.starts and missing_from <= ends:
            found.append(Gap(insurance, missing_from, min(cover.starts - _A_DAY, ends)))
        missing_from = max(missing_from, min(cover.ends, ends) + _A_DAY)
    return [*found, Gap(insurance, missing_from, ends)] if missing_from <= ends else found
