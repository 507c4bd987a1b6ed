"""Cover by BPJS Ketenagakerjaan over HTTP: of a class, recorded for many at once, and where it is still missing."""

import asyncio
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from services.certification import cover
from services.certification.classes_api import TheClass
from services.certification.cover import CoverOvertaken
from services.certification.store import Store
from services.certification.trainee import Cover, Insurance, Trainee
from shared.cells import JAKARTA
from shared.judging import Change, RowRefused, RowWaits
from shared.ledger import signature
from shared.problems import NotFound

router = APIRouter()

_MOST_PEOPLE = 200


class Recording(Cover):
    """The same cover for all of `people`: by applicant, how often theirs had changed when it was looked at."""

    insurances: list[Insurance] = Field(min_length=1, max_length=len(Insurance))
    people: dict[str, int] = Field(max_length=_MOST_PEOPLE)


@router.get("/programmes/{code}/classes/{class_code}/cover")
async def show(known: TheClass) -> dict[str, Any]:
    """Per trainee the covers and the gaps."""
    trainees, offer, programme = await known.trainees(), known.offer, known.programme
    return {
        **cover.counts(trainees, offer, programme),
        "starts": programme.training.starts,
        "ends": programme.training.ends,
        "people": [cover.shown(one, programme) for one in trainees],
    }


@router.post("/programmes/{code}/classes/{class_code}/cover")
async def record(known: TheClass, body: Recording) -> dict[str, Any]:
    """Record a cover for each; `refused` says for whom it was not, and why. Repeating it changes nothing."""
    wanted = Cover(**body.model_dump(exclude={"people", "insurances"}), insurances=sorted(set(body.insurances)))
    found = {one.id for one in await known.trainees()}
    told = await asyncio.gather(*(_record_one(known, one, wanted, seen, found) for one, seen in body.people.items()))
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
    """Classes whose training has not ended and of which somebody is not covered, the next one to begin first."""
    store: Store = request.app.state.store
    today = datetime.now(JAKARTA).date()
    found = []
    for programme in await store.running(today):
        of_class = await store.to_be_covered(programme)
        for offer in programme.classes:
            counted = cover.counts_of(of_class[offer.code], offer, programme)
            if counted["covered"] < counted["due"]:
                starts = {"starts": programme.training.starts, "began": programme.training.starts <= today}
                found.append({"programme_code": programme.code, "class_name": offer.name, **starts, **counted})
    return {"classes": found}


async def _record_one(
    known: TheClass, applicant_id: str, wanted: Cover, seen: int, of_class: set[str]
) -> bool | dict[str, Any]:
    """Whether it was changed, or why not."""
    if applicant_id not in of_class:
        return {"reason": "other_class"}
    signed = signature()

    def rule(trainee: Trainee) -> Change | None:
        return cover.record(trainee, wanted, known.offer.code, known.programme, signed, seen)

    try:
        return await known.store.record(applicant_id, rule) is not None
    except CoverOvertaken as overtaken:
        return {"reason": "changed_meanwhile", "by": overtaken.by}
    except (RowRefused, RowWaits) as not_taken:
        return {"reason": not_taken.problems[0].reason}
