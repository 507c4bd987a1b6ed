"""Commands and queries over HTTP about one class: its roster, its days, and closing its attendance."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.certification import daily
from services.certification.daily import Mark, Overtaken
from services.certification.roster import roster
from services.certification.store import Store
from services.certification.trainee import Trainee
from shared.cells import JAKARTA
from shared.contracts.registration import ClassOffer, Programme
from shared.judging import Change, RowRefused, RowWaits
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter()

_MOST_PEOPLE = 2_000


@dataclass(frozen=True)
class _Known:
    """A class, its programme, and where it is kept."""

    store: Store
    programme: Programme
    offer: ClassOffer

    async def trainees(self) -> list[Trainee]:
        return await self.store.of_class(self.programme.code, self.offer.code)


async def _known(code: str, class_code: str, request: Request) -> _Known:
    store: Store = request.app.state.store
    programme = await store.programme(code)
    offer = None if programme is None else programme.class_of(class_code)
    if programme is None or offer is None:
        raise NotFound("unknown_class", "The programme has no such class.")
    return _Known(store, programme, offer)


TheClass = Annotated[_Known, Depends(_known)]


class Marks(BaseModel):
    people: dict[str, list[Mark]] = Field(max_length=_MOST_PEOPLE)


class Closing(BaseModel):
    dropped_out: frozenset[str] = frozenset()


class PersonOvertaken(Overtaken):
    applicant_id: str


class Marked(BaseModel):
    """How many people's marks were changed, and which were not because somebody else had been there."""

    changed: int
    overtaken: list[PersonOvertaken]


@router.get("/programmes/{code}/classes/{class_code}")
async def show(known: TheClass) -> dict[str, Any]:
    """The class with its trainees: days, results, certificates."""
    return roster(await known.trainees(), known.offer, known.programme, _today())


@router.post("/programmes/{code}/classes/{class_code}/attendance")
async def mark(known: TheClass, body: Marks) -> Marked:
    """Mark days. All marks are looked at before any is set; repeating them changes nothing."""
    found = {trainee.id: trainee for trainee in await known.trainees()}
    problems = [
        problem
        for applicant_id, marks in body.people.items()
        for problem in _problems(found.get(applicant_id), applicant_id, marks, known)
    ]
    if problems:
        raise Invalid("marks_refused", "Some days cannot be marked.", errors=problems)
    told = await asyncio.gather(*(_mark_one(known, *pair) for pair in body.people.items()))
    overtaken = [
        PersonOvertaken(applicant_id=applicant_id, **one.model_dump())
        for applicant_id, (_, some) in zip(body.people, told, strict=True)
        for one in some
    ]
    return Marked(changed=sum(changed for changed, _ in told), overtaken=overtaken)


@router.post("/programmes/{code}/classes/{class_code}/completion")
async def close(known: TheClass, body: Closing) -> dict[str, Any]:
    """Close the attendance from the marks: who has completed. 409 `days_unmarked` with the days, by applicant."""
    trainees = [one for one in await known.trainees() if not one.withdrawn]
    days = daily.held(trainees)
    if not days:
        raise Conflict("no_days", "No day of this class is marked.")
    if unknown := body.dropped_out - {one.id for one in trainees}:
        raise Invalid("other_class", "Somebody is not in this class.", applicant_ids=sorted(unknown))
    if missing := daily.unmarked(trainees, days, body.dropped_out):
        told = {who: [day.isoformat() for day in some] for who, some in missing.items()}
        raise Conflict("days_unmarked", "Some days are not marked for everybody.", unmarked=told)
    signed = signature()

    async def close_one(applicant_id: str) -> bool:
        def rule(trainee: Trainee) -> Change | None:
            left = applicant_id in body.dropped_out
            if trainee.withdrawn or (not left and daily.unmarked([trainee], days, body.dropped_out)):
                return None  # changed since we looked: it is told by the roster, and by closing again
            return daily.close(trainee, known.offer.code, days, known.programme, signed, left=left)

        return await known.store.record(applicant_id, rule) is not None

    changed = await asyncio.gather(*(close_one(one.id) for one in trainees))
    completed = [
        one.id for one in await known.trainees() if not one.withdrawn and one.attendance and one.attendance.completed
    ]
    return {"days": len(days), "changed": sum(changed), "completed": completed}


async def _mark_one(known: _Known, applicant_id: str, marks: list[Mark]) -> tuple[bool, list[Overtaken]]:
    signed, today = signature(), _today()
    overtaken: list[Overtaken] = []

    def rule(trainee: Trainee) -> Change | None:
        nonlocal overtaken
        change, overtaken = daily.mark(trainee, marks, known.offer.code, known.programme, today, signed)
        return change

    changed = await known.store.record(applicant_id, rule) is not None
    return changed, overtaken


def _problems(trainee: Trainee | None, applicant_id: str, marks: list[Mark], known: _Known) -> list[dict[str, Any]]:
    """What `daily.mark` would refuse, tried on a copy."""
    if trainee is None:
        return [{"applicant_id": applicant_id, "reason": "other_class"}]
    try:
        daily.mark(trainee.model_copy(deep=True), marks, known.offer.code, known.programme, _today(), signature())
    except (RowRefused, RowWaits) as refused:
        return [{"applicant_id": applicant_id, **one.model_dump(exclude_none=True)} for one in refused.problems]
    return []


def _today() -> date:
    return datetime.now(JAKARTA).date()
