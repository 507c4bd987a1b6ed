"""Penempatan: who is proposed where, running the matching, proposing by hand, and what both sides say."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import applicants, matches, matching, programmes
from services.gateway.api.applicants import Search
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.matches import Answer, ByHand, Standing
from services.gateway.api.matching import Matching
from services.gateway.calling import Caller
from services.gateway.pages import site, vacancies
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from shared.cells import JAKARTA

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
_STANDINGS = ("proposed", "accepted", "agreed", "refused")
Text = Annotated[str, Form(max_length=500)]


class Where(NamedTuple):
    """Which part of the list somebody looks at."""

    program: str
    keadaan: str = ""
    mulai: str | None = None


@router.get("/penempatan/usulan")
async def list_matches(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Annotated[str, Query(max_length=200)] = "",
    keadaan: Annotated[str, Query(max_length=20)] = "",
    mulai: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Of one programme, fifty at a time; the newest programme unless one is named."""
    return await _list(request, gateway, caller, Where(program, keadaan, mulai))


@router.post("/penempatan/usulan/jawab")
async def answer(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    lulusan: Text,
    usulan: Text,
    pihak: Annotated[Literal["graduate", "employer"], Form()],
    dilihat: Annotated[int, Form(ge=0, le=1000)],
    jawaban: Annotated[Literal["terima", "tolak", ""], Form()] = "",
    program: Text = "",
    keadaan: Text = "",
    mulai: Text = "",
    alasan: Text = "",
) -> Response:
    """What one side says; then back to the list as it was filtered. Enter alone says nothing."""
    where = Where(program, keadaan, mulai or None)
    accepted = jawaban == "terima"
    typed = {"lulusan": lulusan, "pihak": pihak, "alasan": alasan}
    missing = "answer_missing" if not jawaban else "reason_missing" if not accepted and not alasan.strip() else None
    if missing is not None:
        return await _list(request, gateway, caller, where, faults=[(f"alasan-{usulan}", missing)], typed=typed)
    said = Answer(party=pihak, accepted=accepted, seen=dilihat, reason=alasan.strip() or None)
    try:
        await matches.answer(lulusan, usulan, said, gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        return await _list(request, gateway, caller, where, faults=[("", refused.code)], refused=refused, typed=typed)
    kept = urlencode({name: value for name, value in where._asdict().items() if value})
    return RedirectResponse(f"/penempatan/usulan?{kept}#usulan-{usulan}", status_code=303)


@router.post("/penempatan/pencocokan")
async def run_matching(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Annotated[str, Form(max_length=200)],
    tanggal: Text = "",
    kali: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Match as of a day; the same form sent twice answers the same run."""
    try:
        as_of = date.fromisoformat(tanggal)
    except ValueError:
        return await _list(request, gateway, caller, Where(program), faults=[("tanggal", "not_a_date")])
    once = gateway.services.once(caller, kali)
    run = await matching.match(program, gateway, once, Matching(as_of=as_of))
    return RedirectResponse(f"/penempatan/pencocokan/{quote(program, safe='')}/{run['run_id']}", status_code=303)


@router.get("/penempatan/pencocokan/{code}/{run_id}")
async def show_run(
    code: str,
    run_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    ulang: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    """What a run was based on and brought; `ulang` matches anew from its record and compares."""
    programme = await programmes.show_programme(code, gateway, caller)
    run = await matching.show_run(code, run_id, gateway, caller)
    replayed = await matching.replay_run(code, run_id, gateway, caller) if ulang else None
    return site.render(request, "pencocokan.html", caller, programme=programme, run=run, replayed=replayed)


@router.post("/penempatan/lowongan/{vacancy_id}/usulkan")
async def propose(
    vacancy_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text = "",
    nomor: Text = "",
    meskipun: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Propose the graduate with this registration number; warnings come first, and can be overruled."""
    typed = {"program": program, "nomor": nomor}
    found = await person(gateway, caller, program, nomor)
    if found is None:
        faults = [("nomor", "unknown_number")]
        return await vacancies.shown(vacancy_id, request, gateway, caller, faults=faults, typed=typed)
    wanted = ByHand(applicant_id=found, vacancy_id=vacancy_id, despite=bool(meskipun))
    try:
        await matches.propose(wanted, gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        warnings = refused.extra.get("warnings", ())
        faults = [] if warnings else [("nomor", refused.extra.get("reason", refused.code))]
        return await vacancies.shown(
            vacancy_id, request, gateway, caller, faults=faults, warnings=warnings, typed=typed
        )
    return RedirectResponse(f"/penempatan/lowongan/{vacancy_id}", status_code=303)


async def _list(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    where: Where,
    *,
    faults: Sequence[tuple[str, str]] = (),
    refused: Refused | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    known = await programmes.newest_first(gateway, caller)
    code = where.program or (known[0].code if known else "")
    standing = cast(Standing, where.keadaan) if where.keadaan in _STANDINGS else None
    empty: dict[str, Any] = {"items": [], "next_cursor": None, "total": 0, "standings": {}}
    page = await matches.list_matches(code, gateway, caller, standing, _PAGE, where.mulai) if code else empty
    told = {
        "page": page,
        "programmes": known,
        "filters": {"program": code, "keadaan": standing or "", "mulai": where.mulai or ""},
        "all_standings": _STANDINGS,
        "classes": {offer.code: offer.name for one in known if one.code == code for offer in one.classes},
        "today": datetime.now(JAKARTA).date().isoformat(),
        "once": uuid.uuid4().hex,
        "faults": faults,
        "refused": refused,
        "typed": typed or {},
    }
    return site.render(request, "usulan.html", caller, status=422 if faults else 200, **told)


async def person(gateway: Gateway, caller: Caller, program: str, number: str) -> str | None:
    """Whose registration number this is, with the programme's code before it or without."""
    number = "".join(number.split()).upper()
    if not number or not program:
        return None
    if number.isascii() and number.isdigit():
        number = f"{program}-{int(number):04}"
    page = await applicants.search(program, Search(registration_no=number), gateway, caller)
    return page.items[0].applicant_id if page.items else None
