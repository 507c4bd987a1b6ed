"""Employers' confirmations: which placements are confirmed, what staff have heard, and employers' own links."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.gateway.api import links, matches
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.vacancies import further, place_of
from services.gateway.calling import EMPLOYER, Known
from services.gateway.discretion import naming_nobody
from services.gateway.names import put_on_record
from services.gateway.roles import PREFIX
from services.gateway.services import at

public = APIRouter(prefix=PREFIX, tags=["employers' confirmations"])
router = APIRouter(prefix=PREFIX, tags=["employers' confirmations"])

Standing = Literal["waiting", "confirmed", "denied", "left"]
Says = Literal["confirmed", "denied", "left"]
LeftOn = Annotated[date | None, Field(description="With `left`: since when they no longer work there.")]


class Heard(BaseModel):
    """`seen` is the `at` of the confirmation that was known when this was noted, if any."""

    employer: str = Field(max_length=500, pattern=r"\S", description="As the graduate is reported there.")
    says: Says
    left_on: LeftOn = None
    channel: Literal["phone", "letter", "visit"]
    told_by: str | None = Field(default=None, max_length=300, description="Who at the employer said it.")
    said_on: date
    seen: datetime | None = None


class Asking(BaseModel):
    employer: str = Field(max_length=500, pattern=r"\S")
    days: int = Field(default=30, ge=1, le=90, description="For how long the link works.")


class Revocation(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")


class Answer(BaseModel):
    reference: str = Field(max_length=100, description="Of one of the people that the link shows.")
    says: Says
    left_on: LeftOn = None


@router.get("/programmes/{code}/confirmations")
async def list_confirmations(
    code: str,
    gateway: TheGateway,
    caller: Known,
    standing: Standing | None = None,
    employer: Annotated[str, Query(max_length=500)] = "",
    applicant_id: Annotated[str, Query(max_length=100)] = "",
    older_than: Annotated[int | None, Query(ge=0, le=10_000, description="Days of silence, at least one more.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Graduates who are reported to work somewhere, the longest known first; `standings` counts all of them."""
    await gateway.programmes.of(code, caller)
    skip = place_of(cursor)
    asked = {"standing": standing, "employer": employer, "applicant_id": applicant_id, "older_than": older_than}
    query = urlencode({name: value for name, value in asked.items() if value not in (None, "")})
    path = at("/programmes/{code}/confirmations", code=code)
    answer = await gateway.services.get("placement", f"{path}?skip={skip}&limit={limit}&{query}", caller)
    items = await matches.numbered(gateway, answer["placements"])
    counts = {name: answer[name] for name in ("total", "standings")}
    return {"items": items, "next_cursor": further(skip, len(items), answer["total"]), **counts}


@router.post("/programmes/{code}/confirmations/{applicant_id}")
async def record_confirmation(code: str, applicant_id: str, heard: Heard, gateway: TheGateway, caller: Known) -> Any:
    """What an employer said by phone, letter or on a visit. 409 `confirmed_meanwhile`, `placement_changed`."""
    body = heard.model_dump(mode="json")
    if heard.told_by and heard.told_by.strip():
        body["told_by"] = await naming_nobody(gateway.services, applicant_id, heard.told_by, caller)
    path = at("/programmes/{code}/confirmations/{id}", code=code, id=applicant_id)
    return await gateway.services.post("placement", path, caller, body)


@router.get("/programmes/{code}/employer-links")
async def list_employer_links(code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Employers where graduates are reported: how many, how many wait, and the `url` of a link that works."""
    await gateway.programmes.of(code, caller)
    answer = await gateway.services.get("placement", at("/programmes/{code}/employer-links", code=code), caller)
    return {"items": [_with_url(gateway, one) for one in answer["employers"]], "next_cursor": None}


@router.post("/programmes/{code}/employer-links")
async def issue_employer_link(code: str, asking: Asking, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """An employer's own link → its `url` and `expires_on`; one that works stays as it is."""
    path = at("/programmes/{code}/employer-links", code=code)
    return _with_url(gateway, await gateway.services.post("placement", path, caller, asking.model_dump()))


@router.post("/programmes/{code}/employer-links/{link_id}/revocation")
async def revoke_employer_link(
    code: str, link_id: str, revocation: Revocation, gateway: TheGateway, caller: Known
) -> dict[str, Any]:
    """Let an employer's link lead nowhere; another one can then be made."""
    path = at("/programmes/{code}/employer-links/{link_id}/revocation", code=code, link_id=link_id)
    return _with_url(gateway, await gateway.services.post("placement", path, caller, revocation.model_dump()))


@public.get("/employer-links/{token}")
async def look(token: str, request: Request, gateway: TheGateway) -> dict[str, Any]:
    """Who is reported to work at the employer that has this link: name, position, first day; each look is on record.

    409 `link_expired`.
    """
    found = await links.asked(gateway, request, "/employer-links/look", {"token": token}, EMPLOYER)
    names = await _names(gateway, found)
    people = [
        {**{name: told for name, told in one.items() if name != "applicant_id"}, "name": names[one["applicant_id"]]}
        for one in found["people"]
        if one["applicant_id"] in names
    ]
    return {**found, "people": people}


@public.post("/employer-links/{token}")
async def answer(token: str, said: Answer, request: Request, gateway: TheGateway) -> dict[str, Any]:
    """Say of one person whether they work there; it may be said otherwise until the link expires.

    409 `link_expired`, `placement_changed`, `changed_too_often`; 422 `left_on_missing`, `before_start`, `in_future`.
    """
    body = {"token": token, **said.model_dump(mode="json")}
    return await links.asked(gateway, request, "/employer-links/answer", body, EMPLOYER)


async def _names(gateway: Gateway, found: dict[str, Any]) -> dict[str, str]:
    """Of those who are shown, on record before it leaves; whose data were erased has none."""
    ids = [one["applicant_id"] for one in found["people"]]
    why = f"Konfirmasi penempatan lewat tautan perusahaan: {found['employer']}"[:500]
    people = await put_on_record(gateway.services, ids, ["name"], why, EMPLOYER)
    return {who: fields["name"] for who, fields in people.items()}


def _with_url(gateway: Gateway, told: dict[str, Any]) -> dict[str, Any]:
    token = told.pop("token")
    return {**told, "url": f"{gateway.public_url}/konfirmasi/{token}" if token else None}
