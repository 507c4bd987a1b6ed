"""Penempatan: vacancies with their filters, one vacancy, the form for it, and what each employer offers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import matches, programmes, vacancies
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.vacancies import Closing, State, Written
from services.gateway.calling import Caller
from services.gateway.kinds import VACANCIES
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.roles import may
from services.gateway.services import Refused
from services.gateway.uploads import form_of
from shared.cells import Cell

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
_STATES = ("open", "filled", "expired", "closed")
EDUCATIONS = ("SD", "SMP", "SMA", "D1", "D2", "D3", "S1")
_COLUMNS = tuple(column.name for column in VACANCIES.columns)
_LONGEST = 500
_CLOSED = "closed"
Text = Annotated[str, Form(max_length=500)]


@router.get("/penempatan")
async def list_vacancies(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    keadaan: Annotated[str, Query(max_length=20)] = "",
    kejuruan: Annotated[str, Query(max_length=300)] = "",
    cari: Annotated[str, Query(max_length=200)] = "",
    mulai: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Fifty at a time, what is open first."""
    state = cast(State, keadaan) if keadaan in _STATES else None
    page = await vacancies.list_vacancies(gateway, caller, state, kejuruan, cari, _PAGE, mulai)
    filters = {"keadaan": state or "", "kejuruan": kejuruan, "cari": cari}
    return site.render(request, "penempatan.html", caller, page=page, filters=filters, all_states=_STATES)


@router.get("/penempatan/perusahaan")
async def list_employers(
    request: Request, gateway: TheGateway, caller: Visitor, mulai: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """What each employer offers, and what came of it, fifty at a time."""
    page = await vacancies.list_employers(gateway, caller, _PAGE, mulai)
    return site.render(request, "perusahaan.html", caller, page=page)


@router.get("/penempatan/lowongan-baru")
async def new(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The empty form."""
    return await _form(request, gateway, caller, typed={})


@router.post("/penempatan/lowongan-baru")
async def add(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Keep a new vacancy; sent twice it is one."""
    return await _written(request, gateway, caller, vacancy_id=None)


@router.get("/penempatan/lowongan/{vacancy_id}")
async def show(vacancy_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """One vacancy: what it offers, who is proposed for it, and who changed what."""
    return await shown(vacancy_id, request, gateway, caller)


@router.get("/penempatan/lowongan/{vacancy_id}/ubah")
async def change(vacancy_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The form with what is known."""
    held = await vacancies.show_vacancy(vacancy_id, gateway, caller)
    return await _form(request, gateway, caller, typed=held, vacancy_id=vacancy_id, version=held["version"])


@router.post("/penempatan/lowongan/{vacancy_id}/ubah")
async def keep(vacancy_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Change it, unless somebody else has meanwhile: then their version is shown beside what was typed."""
    return await _written(request, gateway, caller, vacancy_id=vacancy_id)


@router.post("/penempatan/lowongan/{vacancy_id}/tutup")
async def close(
    vacancy_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    keadaan: Annotated[str, Form(pattern="^(open|closed)$")],
    alasan: Text = "",
) -> Response:
    """Close it, or open it again, with the reason."""
    if not alasan.strip():
        return await shown(vacancy_id, request, gateway, caller, faults=[("alasan-tutup", "reason_missing")])
    await vacancies.close_vacancy(vacancy_id, Closing(closed=keadaan == _CLOSED, reason=alasan), gateway, caller)
    return RedirectResponse(f"/penempatan/lowongan/{vacancy_id}", status_code=303)


async def shown(
    vacancy_id: str,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    faults: Sequence[tuple[str, str]] = (),
    warnings: Sequence[str] = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of one vacancy. `faults` are fields with codes, `warnings` are against proposing whom was `typed`."""
    held = await vacancies.show_vacancy(vacancy_id, gateway, caller)
    sees_matches = may(caller.actor.role, "GET", "/vacancies/{vacancy_id}/matches")
    found = (await matches.list_matches_of_vacancy(vacancy_id, gateway, caller))["items"] if sees_matches else None
    told = {
        "vacancy": held,
        "matches": found,
        "programmes": (await programmes.list_programmes(gateway, caller)).items,
        "faults": faults,
        "warnings": warnings,
        "typed": typed or {},
    }
    return site.render(request, "lowongan.html", caller, status=422 if faults or warnings else 200, **told)


async def _written(request: Request, gateway: Gateway, caller: Caller, *, vacancy_id: str | None) -> Response:
    form = await form_of(request)
    typed: dict[str, Cell] = {name: str(form.get(name, ""))[:_LONGEST] for name in _COLUMNS}
    given = str(form.get("versi", "0"))
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    written = Written(cells=typed, vacancy_id=vacancy_id, version=version)
    try:
        kept = await vacancies.write_vacancy(written, gateway, caller)
    except Refused as refused:
        return await _form(
            request, gateway, caller, typed=typed, vacancy_id=vacancy_id, version=version, refused=refused
        )
    return RedirectResponse(f"/penempatan/lowongan/{kept['vacancy_id']}", status_code=303)


async def _form(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    typed: Mapping[str, Any],
    vacancy_id: str | None = None,
    version: int = 0,
    refused: Refused | None = None,
) -> Response:
    """`refused` is why it was not kept; when somebody else was faster, the next try is against their version."""
    known = (await programmes.list_programmes(gateway, caller)).items
    extra = refused.extra if refused else {}
    told = {
        "typed": typed,
        "vacancy_id": vacancy_id,
        "version": extra.get("version", version) if vacancy_id else version,
        "problems": {one["column"]: one["reason"] for one in extra.get("errors", ())},
        "refused": refused,
        "now": extra.get("now") or {},
        "vocations": sorted({offer.vocation for one in known for offer in one.classes}),
        "educations": EDUCATIONS,
    }
    return site.render(request, "lowongan_isian.html", caller, status=refused.status if refused else 200, **told)
