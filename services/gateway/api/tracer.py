"""The tracer study: its waves, who has not answered, answers heard on the phone, and links that graduates answer by."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.gateway.api import links
from services.gateway.api.applicants import Reveal, Why, fields_shown
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.vacancies import further, place_of
from services.gateway.calling import PUBLIC, Caller, Known
from services.gateway.discretion import naming_nobody
from services.gateway.roles import PREFIX
from services.gateway.services import ROWS_TIMEOUT_S, at

public = APIRouter(prefix=PREFIX, tags=["tracer study"])
router = APIRouter(prefix=PREFIX, tags=["tracer study"])

_REVEALED_AT_ONCE = 1000
Status = Literal["employed", "self_employed", "studying", "unemployed", "unreachable"]


class Plan(BaseModel):
    """`version` of the wave that was looked at, 0 for a new one."""

    name: str = Field(max_length=300, pattern=r"\S")
    opens_on: date
    closes_on: date
    version: int = 0


class Heard(BaseModel):
    applicant_id: str = Field(max_length=100)
    status: Status
    employer: str | None = Field(default=None, max_length=300)
    started_on: date | None = None
    seen: Status | None = Field(default=None, description="The status that was known when this was noted.")


class Revocation(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")
    anew: bool = Field(default=False, description="Make another link in its place.")


class Answer(BaseModel):
    status: Literal["employed", "self_employed", "studying", "unemployed"]
    employer: str | None = Field(default=None, max_length=300)


@router.get("/programmes/{code}/waves")
async def list_waves(code: str, gateway: TheGateway, caller: Known) -> Any:
    """The planned waves with what is known in each, and `outcomes` as of the latest answers, also `per_class`."""
    await gateway.programmes.of(code, caller)
    return await gateway.services.get("placement", at("/programmes/{code}/waves", code=code), caller)


@router.post("/programmes/{code}/waves/{wave}")
async def plan_wave(code: str, wave: int, plan: Plan, gateway: TheGateway, caller: Known) -> Any:
    """Name the wave 3, 6 or 12 months after the training and set its days. 409 `changed_meanwhile`."""
    path = at("/programmes/{code}/waves/{wave}", code=code, wave=str(wave))
    return await gateway.services.post("placement", path, caller, plan.model_dump(mode="json"))


@router.get("/programmes/{code}/waves/{wave}/silent")
async def list_silent(
    code: str,
    wave: int,
    gateway: TheGateway,
    caller: Known,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
    reveal: Reveal = None,
    why: Why = None,
) -> dict[str, Any]:
    """The call list: graduates who have not answered in a wave, or could not be reached; `link`: null, or works."""
    shown = fields_shown(caller, reveal)
    skip = place_of(cursor)
    path = at("/programmes/{code}/waves/{wave}/silent", code=code, wave=str(wave))
    answer = await gateway.services.get("placement", f"{path}?skip={skip}&limit={limit}", caller)
    found = answer.pop("graduates")
    items = await _told(gateway, caller, found, shown, why)
    return {**answer, "items": items, "next_cursor": further(skip, len(items), answer["total"])}


@router.post("/programmes/{code}/waves/{wave}/answers")
async def record_answer(code: str, wave: int, heard: Heard, gateway: TheGateway, caller: Known) -> Any:
    """What a graduate has said on the phone. 409 `answered_meanwhile` with the `answer` that came first."""
    body = heard.model_dump(mode="json")
    if heard.employer:
        body["employer"] = await naming_nobody(gateway.services, heard.applicant_id, heard.employer, caller)
    path = at("/programmes/{code}/waves/{wave}/answers", code=code, wave=str(wave))
    return await gateway.services.post("placement", path, caller, body)


@router.post("/programmes/{code}/waves/{wave}/links")
async def issue_links(
    code: str, wave: int, gateway: TheGateway, caller: Known, reveal: Reveal = None, why: Why = None
) -> dict[str, Any]:
    """The link of everybody who has not answered; those that work stay as they are."""
    shown = fields_shown(caller, reveal)
    path = at("/programmes/{code}/waves/{wave}/links", code=code, wave=str(wave))
    answer = await gateway.services.post("placement", path, caller, timeout_s=ROWS_TIMEOUT_S)
    made = [{"applicant_id": one["applicant_id"], "url": url(gateway, one["token"])} for one in answer.pop("links")]
    return {**answer, "items": await _told(gateway, caller, made, shown, why), "next_cursor": None}


@router.post("/programmes/{code}/waves/{wave}/links/{applicant_id}/revocation")
async def revoke_link(
    code: str, wave: int, applicant_id: str, revocation: Revocation, gateway: TheGateway, caller: Known
) -> dict[str, Any]:
    """Let one graduate's link lead nowhere; with `anew` → the `url` of another one."""
    named = at("/programmes/{code}/waves/{wave}/links/{id}/revocation", code=code, wave=str(wave), id=applicant_id)
    reason = await naming_nobody(gateway.services, applicant_id, revocation.reason, caller)
    answer = await gateway.services.post("placement", named, caller, {**revocation.model_dump(), "reason": reason})
    return {"applicant_id": applicant_id, "url": url(gateway, answer["token"]) if answer["token"] else None}


@public.get("/tracer/{token}")
async def look(token: str, request: Request, gateway: TheGateway) -> dict[str, Any]:
    """What a graduate's own link asks, and what was answered so far; needs no token of ours, names nobody."""
    found = await links.asked(gateway, request, "/links/look", {"token": token})
    return {name: told for name, told in found.items() if name != "applicant_id"}


@public.post("/tracer/{token}")
async def answer(token: str, said: Answer, request: Request, gateway: TheGateway) -> dict[str, Any]:
    """Answer by one's own link; another answer replaces it until the wave closes.

    409 `wave_not_open`, `changed_too_often`.
    """
    employer = said.employer
    if employer and employer.strip():
        who = (await links.asked(gateway, request, "/links/look", {"token": token}))["applicant_id"]
        employer = await naming_nobody(gateway.services, who, employer, PUBLIC)
    body = {"token": token, "status": said.status, "employer": employer}
    found = await links.asked(gateway, request, "/links/answer", body)
    return {name: told for name, told in found.items() if name != "applicant_id"}


def url(gateway: Gateway, token: str) -> str:
    """Where a graduate answers: nothing in it says who they are."""
    return f"{gateway.public_url}/lulusan/{token}"


async def _told(
    gateway: Gateway, caller: Caller, found: Sequence[dict[str, Any]], shown: list[str], why: str | None
) -> list[dict[str, Any]]:
    """With the registration number, and the personal fields that are shown, which is put on record."""
    ids = [one["applicant_id"] for one in found]
    known, people = await asyncio.gather(
        gateway.store.applicants.get_many(ids), _reveal(gateway, caller, ids, shown, why)
    )
    numbers = {one.id: one.registration_no for one in known.values()}
    return [
        {**one, "registration_no": numbers.get(one["applicant_id"]), **people.get(one["applicant_id"], {})}
        for one in found
    ]


async def _reveal(
    gateway: Gateway, caller: Caller, ids: Sequence[str], shown: list[str], why: str | None
) -> dict[str, dict[str, Any]]:
    people: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids) if shown else 0, _REVEALED_AT_ONCE):
        body = {"applicant_ids": ids[start : start + _REVEALED_AT_ONCE], "fields": shown, "reason": why}
        answer = await gateway.services.post("registration", "/people/reveal", caller, body)
        people |= answer["people"] | {applicant_id: {"erased": True} for applicant_id in answer["erased"]}
    return people
