"""Matches: who is proposed for which vacancy, proposing by hand, and what both sides say."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.vacancies import further, place_of
from services.gateway.calling import Known
from services.gateway.discretion import naming_nobody
from services.gateway.roles import PREFIX
from services.gateway.services import at

router = APIRouter(prefix=PREFIX, tags=["matching"])

Standing = Literal["proposed", "accepted", "agreed", "refused"]


class ByHand(BaseModel):
    applicant_id: str = Field(max_length=100)
    vacancy_id: str = Field(max_length=100)
    as_of: date | None = Field(default=None, description="Which day decides what is open and valid; default today.")
    fair_id: str | None = Field(
        default=None, max_length=100, description="Of the job fair where it is made: both must have come to it."
    )
    despite: bool = Field(default=False, description="In spite of the warnings that were answered before.")


class Answer(BaseModel):
    party: Literal["graduate", "employer"]
    accepted: bool
    seen: int = Field(ge=0, description="How many answers there were when this was noted.")
    reason: str | None = Field(default=None, max_length=500, description="Needed for a refusal; kept on record.")


@router.get("/programmes/{code}/matches")
async def list_matches(
    code: str,
    gateway: TheGateway,
    caller: Known,
    standing: Standing | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Who of a programme is, or was, proposed where; `standings` counts all of them."""
    await gateway.programmes.of(code, caller)
    skip = place_of(cursor)
    asked = {"standing": standing, "skip": skip, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value})
    path = at("/programmes/{code}/matches", code=code)
    answer = await gateway.services.get("placement", f"{path}?{query}", caller)
    items = await numbered(gateway, answer["matches"])
    counts = {name: answer[name] for name in ("total", "standings")}
    return {"items": items, "next_cursor": further(skip, len(items), answer["total"]), **counts}


@router.get("/vacancies/{vacancy_id}/matches")
async def list_matches_of_vacancy(vacancy_id: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Everybody who is, or was, proposed for one vacancy."""
    answer = await gateway.services.get("placement", at("/vacancies/{id}/matches", id=vacancy_id), caller)
    return {"items": await numbered(gateway, answer["matches"]), "next_cursor": None}


@router.post("/matches")
async def propose(wanted: ByHand, gateway: TheGateway, caller: Known) -> Any:
    """Propose one graduate for one vacancy. 409 `warnings` with what the rules have against it, `not_possible`."""
    return await gateway.services.post("placement", "/matches", caller, wanted.model_dump(mode="json"))


@router.post("/applicants/{applicant_id}/matches/{match_id}/answers")
async def answer(applicant_id: str, match_id: str, said: Answer, gateway: TheGateway, caller: Known) -> Any:
    """Note what the graduate or the employer says. A refusal ends the match: 409 `match_over`, `changed_meanwhile`."""
    path = at("/applicants/{id}/matches/{match_id}/answers", id=applicant_id, match_id=match_id)
    body = said.model_dump()
    if said.reason:
        body["reason"] = await naming_nobody(gateway.services, applicant_id, said.reason, caller)
    return await gateway.services.post("placement", path, caller, body)


async def numbered(gateway: Gateway, matches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the registration number of each; one so new that its event has not arrived has none."""
    known = await gateway.store.applicants.get_many(one["applicant_id"] for one in matches)
    numbers = {one.id: one.registration_no for one in known.values()}
    return [{**one, "registration_no": numbers.get(one["applicant_id"])} for one in matches]
