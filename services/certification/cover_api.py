"""Cover by BPJS Ketenagakerjaan over HTTP: of a class, recorded for many at once, and where it is still missing."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from services.certification import cover
from services.certification.classes_api import TheClass
from services.certification.cover import CoverOvertaken
from services.certification.store import Store
from services.certification.trainee import Cover, CoverState, Insurance, Trainee
from shared.cells import JAKARTA
from shared.free_text import discreet
from shared.judging import Change, RowRefused, RowWaits
from shared.ledger import signature
from shared.problems import Invalid, NotFound

router = APIRouter()

_MOST_PEOPLE = 200


class Recording(Cover):
    """The same cover for all of `people`: by applicant, how often theirs had changed when it was looked at.

    It is not cancelled without a `reason`, which names nobody: registration has seen to that.
    """

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    insurances: list[Insurance] = Field(min_length=1, max_length=len(Insurance))
    people: dict[str, int] = Field(max_length=_MOST_PEOPLE)


@router.get("/programmes/{code}/classes/{class_code}/cover")
async def show(known: TheClass) -> dict[str, Any]:
    """Per trainee the covers and the gaps; who has lost their place comes last, if anything was recorded of them."""
    trainees, offer, programme, today = await known.trainees(), known.offer, known.programme, _today()
    former = (await known.store.formerly_covered(programme.code)).get(offer.code, [])
    return {
        **cover.counts(trainees, offer, programme),
        "to_cancel": sum(cover.is_to_be_cancelled(one, today) for one in former),
        "starts": programme.training.starts,
        "ends": programme.training.ends,
        "people": [cover.shown(one, programme, today) for one in (*trainees, *former)],
    }


@router.post("/programmes/{code}/classes/{class_code}/cover")
async def record(known: TheClass, body: Recording) -> dict[str, Any]:
    """Record a cover for each; `refused` says for whom it was not, and why. Repeating it changes nothing.

    That of somebody who has lost their place is cancelled in the class they had one in. 422 `reason_missing`.
    """
    if body.state is CoverState.CANCELLED and not body.reason:
        raise Invalid("reason_missing", "Say why the cover is cancelled: it is kept on record.")
    dumped = body.model_dump(exclude={"people", "insurances", "reason"})
    wanted = Cover(**dumped, insurances=sorted(set(body.insurances)))
    former = (await known.store.formerly_covered(known.programme.code)).get(known.offer.code, [])
    found = {one.id for one in (*await known.trainees(), *former)}
    signed, reason = signature(), discreet(body.reason) or None

    async def record_one(applicant_id: str, seen: int) -> bool | dict[str, Any]:
        """Whether it was changed, or why not."""
        if applicant_id not in found:
            return {"reason": "other_class"}

        def rule(trainee: Trainee) -> Change | None:
            return cover.record(trainee, wanted, known.offer.code, known.programme, signed, seen, reason)

        try:
            return await known.store.record(applicant_id, rule) is not None
        except CoverOvertaken as overtaken:
            return {"reason": "changed_meanwhile", "by": overtaken.by}
        except (RowRefused, RowWaits) as not_taken:
            return {"reason": not_taken.problems[0].reason}

    told = await asyncio.gather(*(record_one(*one) for one in body.people.items()))
    refused = [
        {"applicant_id": who, **one} for who, one in zip(body.people, told, strict=True) if isinstance(one, dict)
    ]
    return {"changed": sum(one is True for one in told), "refused": refused}


@router.get("/programmes/{code}/cover")
async def show_classes(code: str, request: Request) -> dict[str, Any]:
    """Per class how many have to be covered, and are."""
    store: Store = request.app.state.store
    programme = await store.programme(code)
    if programme is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    of_class = await store.to_be_covered(programme)
    return {"classes": [cover.counts_of(of_class[offer.code], offer, programme) for offer in programme.classes]}


@router.get("/cover/missing")
async def show_missing(request: Request) -> dict[str, Any]:
    """Classes whose training has not ended, the next one to begin first, of which somebody is not covered, or still is
    without having a place any more.
    """
    store: Store = request.app.state.store
    today = _today()
    found = []
    for programme in await store.running(today):
        of_class, former = await store.to_be_covered(programme), await store.formerly_covered(programme.code)
        for offer in programme.classes:
            counted = cover.counts_of(of_class[offer.code], offer, programme)
            to_cancel = sum(cover.is_to_be_cancelled(one, today) for one in former.get(offer.code, []))
            if counted["covered"] < counted["due"] or to_cancel:
                told = {"starts": programme.training.starts, "began": programme.training.starts <= today}
                told |= {"to_cancel": to_cancel}
                found.append({"programme_code": programme.code, "class_name": offer.name, **told, **counted})
    return {"classes": found}


def _today() -> date:
    return datetime.now(JAKARTA).date()
