"""Penelusuran lulusan: what became of graduates, the waves, and the call list with its links."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.responses import Response

from services.gateway.api import programmes, tracer
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.tracer import Heard, Plan, Revocation, Status
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.workbook import MEDIA_TYPE, Workbook, as_file, taken_away

router = APIRouter(route_class=Page)

_PAGE = 50
_WAVES = (3, 6, 12)
_STATUSES = ("employed", "self_employed", "unemployed", "studying", "unreachable")
_CALLED_BY = "name,phone"
Text = Annotated[str, Form(max_length=300)]
Faults = Sequence[tuple[str, str]]


@router.get("/penempatan/penelusuran")
async def overview(
    request: Request, gateway: TheGateway, caller: Visitor, program: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What became of the graduates of one programme, in all and per class, and its waves."""
    return await _overview(request, gateway, caller, program)


@router.post("/penempatan/penelusuran/gelombang")
async def plan(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text,
    bulan: Annotated[Literal["3", "6", "12"], Form()],
    nama: Text = "",
    mulai: Text = "",
    sampai: Text = "",
    versi: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Name a wave and set its days."""
    typed = {"bulan": bulan, "nama": nama, "mulai": mulai, "sampai": sampai}
    first, last = _day(mulai), _day(sampai)
    faults = [(f"nama-{bulan}", "name_missing")] if not nama.strip() else []
    faults += [(f"{field}-{bulan}", "not_a_date") for field, on in (("mulai", first), ("sampai", last)) if on is None]
    if first and last and last < first:
        faults.append((f"sampai-{bulan}", "closes_before_it_opens"))
    if faults or first is None or last is None:
        return await _overview(request, gateway, caller, program, faults=faults, typed=typed)
    try:
        wanted = Plan(name=nama, opens_on=first, closes_on=last, version=versi)
        await tracer.plan_wave(program, int(bulan), wanted, gateway, caller)
    except Refused as refused:
        if refused.code != "changed_meanwhile":
            raise
        faults = [(f"nama-{bulan}", "wave_changed_meanwhile")]
        return await _overview(request, gateway, caller, program, faults=faults, typed=typed)
    return RedirectResponse(f"/penempatan/penelusuran?{urlencode({'program': program})}", status_code=303)


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
    seen = cast(Status, dilihat) if dilihat in _STATUSES else None
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


async def _overview(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    program: str,
    *,
    faults: Faults = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    known = (await programmes.list_programmes(gateway, caller)).items
    known = sorted(known, key=lambda one: one.registration.opens, reverse=True)
    chosen = next((one for one in known if one.code == program), known[0] if known else None)
    found = await tracer.list_waves(chosen.code, gateway, caller) if chosen else None
    told = {
        "programmes": known,
        "programme": chosen,
        "found": found,
        "planned": {one["wave"]: one for one in found["waves"]} if found else {},
        "classes": {offer.code: offer.name for offer in chosen.classes} if chosen else {},
        "months": _WAVES,
        "statuses": _STATUSES,
        "faults": faults,
        "typed": typed or {},
    }
    return site.render(request, "penelusuran.html", caller, status=422 if faults else 200, **told)


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
        "statuses": _STATUSES,
        "faults": faults,
        "came": came,
    }
    return site.render(request, "telepon.html", caller, status=422 if faults else 200, **told)


def _back(code: str, wave: int, start: str) -> Response:
    here = f"/penempatan/penelusuran/{quote(code, safe='')}/{wave}"
    return RedirectResponse(here + (f"?{urlencode({'mulai': start})}" if start else ""), status_code=303)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
