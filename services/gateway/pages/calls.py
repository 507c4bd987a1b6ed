"""The call list of a wave: who has not answered, what they say on the phone, and the links they answer by."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.responses import Response

from services.gateway.api import programmes, tracer
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.tracer import Heard, Revocation, Status
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.tracer import STATUSES, Faults, Text
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.workbook import MEDIA_TYPE, Workbook, as_file, taken_away

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
_CALLED_BY = "name,phone"


@router.get("/penempatan/penelusuran/{code}/{wave}")
async def call_list(
    code: str,
    wave: int,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    mulai: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Who has not answered, fifty at a time."""
    return await _calls(code, wave, request, gateway, caller, mulai)


@router.post("/penempatan/penelusuran/{code}/{wave}/buka")
async def with_phones(
    code: str, wave: int, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = "", mulai: Text = ""
) -> Response:
    """The same with names and phones, with a reason that is kept on record."""
    if not alasan.strip():
        faults = [("alasan-buka", "reason_missing")]
        return await _calls(code, wave, request, gateway, caller, mulai or None, faults=faults)
    return await _calls(code, wave, request, gateway, caller, mulai or None, why=alasan)


@router.post("/penempatan/penelusuran/{code}/{wave}/jawab")
async def heard(
    code: str,
    wave: int,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    lulusan: Text,
    status: Annotated[Literal["employed", "self_employed", "unemployed", "studying", "unreachable"], Form()],
    tempat: Text = "",
    dilihat: Text = "",
    mulai: Text = "",
) -> Response:
    """What a graduate has said on the phone."""
    seen = cast(Status, dilihat) if dilihat in STATUSES else None
    said = Heard(applicant_id=lulusan, status=status, employer=tempat.strip() or None, seen=seen)
    try:
        await tracer.record_answer(code, wave, said, gateway, caller)
    except Refused as refused:
        if refused.code != "answered_meanwhile":
            raise
        faults, came = [("", "answered_meanwhile")], refused.extra["answer"]
        return await _calls(code, wave, request, gateway, caller, mulai or None, faults=faults, came=came)
    return _back(code, wave, mulai)


@router.post("/penempatan/penelusuran/{code}/{wave}/cabut")
async def revoke(
    code: str,
    wave: int,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    lulusan: Text,
    alasan: Text = "",
    mulai: Text = "",
) -> Response:
    """Put another link in the place of one that went to the wrong person."""
    if not alasan.strip():
        faults = [(f"alasan-{lulusan}", "reason_missing")]
        return await _calls(code, wave, request, gateway, caller, mulai or None, faults=faults)
    await tracer.revoke_link(code, wave, lulusan, Revocation(reason=alasan), gateway, caller)
    return _back(code, wave, mulai)


@router.post("/penempatan/penelusuran/{code}/{wave}/tautan")
async def links(
    code: str, wave: int, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = ""
) -> Response:
    """A workbook of links to send; with names and phones for whoever may see them and says why."""
    shown = _CALLED_BY if caller.sees_personal_data and alasan.strip() else None
    found = (await tracer.issue_links(code, wave, gateway, caller, shown, alasan.strip() or None))["items"]
    fields = _CALLED_BY.split(",") if shown else []
    headings = ["Nomor pendaftaran", *("Nama", "Telepon")[: len(fields)], "Tautan"]
    rows = [[one["registration_no"], *(one.get(field) for field in fields), one["url"]] for one in found]
    name = uuid.uuid4().hex
    async with gateway.exporting:
        with gateway.spool.dropping(name) as path:
            await asyncio.to_thread(path.touch, 0o600)  # begun readable by this account alone
            book = Workbook(path, headings)
            await asyncio.to_thread(book.add, rows)
            await asyncio.to_thread(book.close)
            return StreamingResponse(taken_away(path), media_type=MEDIA_TYPE, headers=as_file("tautan.xlsx"))


async def _calls(
    code: str,
    wave: int,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    start: str | None,
    *,
    why: str | None = None,
    faults: Faults = (),
    came: Mapping[str, Any] | None = None,
) -> Response:
    """`why` names and phones are shown, if they are; `came` is the answer that was there first."""
    programme = await programmes.show_programme(code, gateway, caller)
    shown = _CALLED_BY if why else None
    page = await tracer.list_silent(code, wave, gateway, caller, _PAGE, start, shown, why)
    told = {
        "programme": programme,
        "classes": {offer.code: offer.name for offer in programme.classes},
        "page": page,
        "start": start or "",
        "revealed": bool(why),
        "statuses": STATUSES,
        "faults": faults,
        "came": came,
    }
    return site.render(request, "telepon.html", caller, status=422 if faults else 200, **told)


def _back(code: str, wave: int, start: str) -> Response:
    here = f"/penempatan/penelusuran/{quote(code, safe='')}/{wave}"
    return RedirectResponse(here + (f"?{urlencode({'mulai': start})}" if start else ""), status_code=303)
