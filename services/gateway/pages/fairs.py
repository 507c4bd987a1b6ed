"""Bursa kerja: job fairs, the form for one, one fair with the vacancies that attend and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import fairs, programmes, vacancies
from services.gateway.api.fairs import Attending, Written
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.roles import may
from services.gateway.services import Refused
from services.gateway.uploads import form_of

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
Text = Annotated[str, Form(max_length=300)]
Faults = Sequence[tuple[str, str]]


@router.get("/penempatan/bursa")
async def list_fairs(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The latest first."""
    return site.render(request, "bursa.html", caller, fairs=(await fairs.list_fairs(gateway, caller))["items"])


@router.get("/penempatan/bursa-baru")
async def new(request: Request, caller: Visitor) -> Response:
    """The empty form."""
    return _form(request, caller, typed={})


@router.post("/penempatan/bursa-baru")
async def add(
    request: Request, gateway: TheGateway, caller: Visitor, nama: Text = "", hari: Text = "", tempat: Text = ""
) -> Response:
    """Announce a fair; sent twice it is one."""
    typed = {"name": nama, "held_on": hari, "place": tempat}
    return await _written(request, gateway, caller, typed)


@router.get("/penempatan/bursa/{fair_id}")
async def show(
    fair_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    cari: Annotated[str, Query(max_length=200)] = "",
    mulai: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """One fair: outcomes, the vacancies that attend, who came; `cari` among the vacancies that could attend."""
    return await shown(fair_id, request, gateway, caller, search=cari, start=mulai)


@router.get("/penempatan/bursa/{fair_id}/ubah")
async def change(fair_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The form with what is known."""
    held = await fairs.show_fair(fair_id, gateway, caller)
    return _form(request, caller, typed=held, fair_id=fair_id, revision=held["revision"])


@router.post("/penempatan/bursa/{fair_id}/ubah")
async def keep(
    fair_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    nama: Text = "",
    hari: Text = "",
    tempat: Text = "",
    versi: Annotated[int, Form(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Change it, unless somebody else has meanwhile: then their version is shown beside what was typed."""
    typed = {"name": nama, "held_on": hari, "place": tempat}
    return await _written(request, gateway, caller, typed, fair_id=fair_id, revision=versi)


@router.post("/penempatan/bursa/{fair_id}/lowongan")
async def attend(
    fair_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    ikut: Annotated[str, Form(pattern="^(ya|tidak)$")] = "ya",
) -> Response:
    """Let the ticked vacancies attend, or take one out."""
    chosen = [str(one)[:100] for one in (await form_of(request)).getlist("lowongan")][: fairs.AT_ONCE]
    if not chosen:
        return await shown(fair_id, request, gateway, caller, faults=[("cari", "nothing_chosen")])
    try:
        await fairs.attend(fair_id, Attending(vacancy_ids=chosen, attends=ikut == "ya"), gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        return await shown(fair_id, request, gateway, caller, faults=[("", refused.code)])
    return RedirectResponse(f"/penempatan/bursa/{fair_id}#lowongan", status_code=303)


async def shown(
    fair_id: str,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    search: str = "",
    start: str | None = None,
    faults: Faults = (),
    warnings: Sequence[str] = (),
    came: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of one fair. `came` is what noting a list of numbers brought, `warnings` are against proposing whom was
    `typed`.
    """
    held = await fairs.show_fair(fair_id, gateway, caller)
    role = caller.actor.role
    sees_visits, changes = may(role, "GET", "/fairs/{fair_id}/visits"), may(role, "POST", "/fairs/{fair_id}/vacancies")
    attending = {one["vacancy_id"] for one in held["vacancies"]}
    found: list[dict[str, Any]] = []
    if changes:
        # also those that were open on the day of a fair that is entered later
        held_on = date.fromisoformat(held["held_on"])
        wanted = await vacancies.list_vacancies(gateway, caller, None, "", search, 4 * _PAGE, None, held_on)
        new = (one for one in wanted["items"] if one["vacancy_id"] not in attending and one["state"] != "closed")
        found = list(new)[:_PAGE]
    known = await programmes.newest_first(gateway, caller)
    told = {
        "fair": held,
        "visits": await fairs.list_visits(fair_id, gateway, caller, _PAGE, start) if sees_visits else None,
        "could_attend": found,
        "programmes": known,
        "classes": {(one.code, offer.code): offer.name for one in known for offer in one.classes},
        "search": search,
        "faults": faults,
        "warnings": warnings,
        "came": came,
        "typed": typed or {},
    }
    status = 422 if faults or warnings or (came and came["refused"]) else 200
    return site.render(request, "satu_bursa.html", caller, status=status, **told)


async def _written(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    typed: Mapping[str, str],
    fair_id: str | None = None,
    revision: int = 0,
) -> Response:
    faults = [] if typed["name"].strip() else [("nama", "fair_name_missing")]
    try:
        held_on = date.fromisoformat(typed["held_on"])
    except ValueError:
        faults.append(("hari", "not_a_date"))
    if not typed["place"].strip():
        faults.append(("tempat", "fair_place_missing"))
    if faults:
        return _form(request, caller, typed=typed, fair_id=fair_id, revision=revision, faults=faults)
    wanted = Written(name=typed["name"], held_on=held_on, place=typed["place"], fair_id=fair_id, revision=revision)
    try:
        kept = await fairs.write_fair(wanted, gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        return _form(request, caller, typed=typed, fair_id=fair_id, revision=revision, refused=refused)
    return RedirectResponse(f"/penempatan/bursa/{kept['fair_id']}", status_code=303)


def _form(
    request: Request,
    caller: Caller,
    *,
    typed: Mapping[str, Any],
    fair_id: str | None = None,
    revision: int = 0,
    faults: Faults = (),
    refused: Refused | None = None,
) -> Response:
    """`refused` is why it was not kept; when somebody else was faster, the next try is against their version."""
    extra = refused.extra if refused else {}
    told = {
        "typed": typed,
        "fair_id": fair_id,
        "revision": extra.get("revision", revision) if fair_id else revision,
        "faults": faults,
        "refused": refused,
        "now": extra.get("now") or {},
    }
    status = refused.status if refused else 422 if faults else 200
    return site.render(request, "bursa_isian.html", caller, status=status, **told)
