"""Matches over HTTP: listed, proposed by hand, and answered by the graduate and the employer."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.placement import match_list, proposing
from services.placement.api import TheNeighbours, TheStore
from services.placement.graduate import Graduate
from services.placement.match import Answered
from services.placement.match_list import Proposed, Standing, Wanted
from shared.cells import JAKARTA
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Invalid

router = APIRouter()


class ByHand(BaseModel):
    """`despite` the warnings that were answered before."""

    applicant_id: str = Field(max_length=100)
    vacancy_id: str = Field(max_length=100)
    as_of: date | None = None
    fair_id: str | None = Field(default=None, max_length=100, description="Of the job fair where it is made.")
    despite: bool = False


class Answer(Answered):
    reason: str | None = Field(default=None, max_length=500, description="Needed for a refusal.")


@router.get("/programmes/{code}/matches")
async def matches(
    code: str,
    store: TheStore,
    standing: Standing | None = None,
    vacancy_id: Annotated[str, Query(max_length=100)] = "",
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """Of one programme, by employer, `limit` behind the first `skip`; `standings` counts all of them."""
    everything = match_list.listed(await store.matched(code))
    wanted = Wanted(standing=standing, vacancy_id=vacancy_id)
    found = [one for one in everything if wanted.wants(one)]
    return {
        "matches": [_told(one) for one in found[skip : skip + limit]],
        "total": len(found),
        "standings": {kind: sum(one.standing is kind for one in everything) for kind in Standing},
    }


@router.get("/vacancies/{vacancy_id}/matches")
async def matches_of_vacancy(vacancy_id: str, store: TheStore) -> dict[str, Any]:
    """Everybody who is, or was, proposed for one vacancy, of whatever programme."""
    found = match_list.listed(await store.matched_with(vacancy_id))
    return {"matches": [_told(one) for one in found if one.match.vacancy_id == vacancy_id]}


@router.post("/matches")
async def propose(wanted: ByHand, store: TheStore, neighbours: TheNeighbours) -> dict[str, Any]:
    """Propose one graduate for one vacancy."""
    on = wanted.as_of or datetime.now(JAKARTA).date()
    pair = proposing.Pair(wanted.applicant_id, wanted.vacancy_id, wanted.fair_id)
    match = await proposing.propose(store, pair, on, neighbours, despite=wanted.despite)
    return match.model_dump(mode="json")


@router.post("/applicants/{applicant_id}/matches/{match_id}/answers")
async def answer(applicant_id: str, match_id: str, said: Answer, store: TheStore) -> dict[str, Any]:
    """Note what the graduate or the employer says to a proposal."""
    if not said.accepted and not (said.reason or "").strip():
        raise Invalid("reason_missing", "A refusal needs its reason.")
    signed = signature()

    def note(graduate: Graduate) -> list[Event] | None:
        answered = Answered.model_validate(said.model_dump(include=set(Answered.model_fields)))
        told = graduate.answer(match_id, answered, said.reason, signed)
        return None if told is None else [told]

    graduate = await store.graduates.change(applicant_id, note)
    held = next(one for one in (graduate.match, *graduate.refused) if one is not None and one.match_id == match_id)
    return {"applicant_id": applicant_id, "standing": match_list.standing(held), **held.model_dump(mode="json")}


def _told(one: Proposed) -> dict[str, Any]:
    told = one.model_dump(mode="json")
    return {**told.pop("match"), **told}
