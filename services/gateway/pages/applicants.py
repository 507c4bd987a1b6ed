"""Pendaftar: the list with its filters, the search, and everything about one applicant."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import applicants, programmes
from services.gateway.api.applicants import Correction, Overrule, Search, Withdrawal
from services.gateway.api.gateway import TheGateway
from services.gateway.api.people import Wanted, reveal
from services.gateway.listing import REVEALABLE
from services.gateway.masking import without_health
from services.gateway.pages import site, words
from services.gateway.pages.timeline import timeline
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.sorting import SORTS, SortName
from services.gateway.stages import Awaits, Stage
from shared.contracts.registration import Programme
from shared.problems import Invalid, Problem

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
_CORRECTABLE = (
    "name",
    "nik",
    "birth_date",
    "gender",
    "phone",
    "address",
    "city",
    "district",
    "education",
    "occupation",
)
_NOTHING_TYPED: Mapping[str, str] = {}
Text = Annotated[str, Form(max_length=500)]


@router.get("/program/{code}/pendaftar")
async def list_applicants(
    code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    tahap: Annotated[str, Query()] = "",
    kelas: Annotated[str, Query()] = "",
    alasan: Annotated[str, Query()] = "",
    urut: Annotated[str, Query()] = "registration_no",
    mulai: Annotated[str | None, Query()] = None,
) -> Response:
    """Fifty at a time; `tahap`, `kelas` and `alasan` filter, `urut` sorts, `mulai` is where the page begins."""
    programme = await programmes.show_programme(code, gateway, caller)
    stage = next((one for one in (*Stage, *Awaits) if one == tahap), None)
    sort = urut if urut in SORTS else "registration_no"
    page = await applicants.list_applicants(
        code,
        gateway,
        caller,
        stage=stage,
        class_code=kelas or None,
        reason=alasan or None,
        sort=cast(SortName, sort),
        limit=_PAGE,
        cursor=mulai,
    )
    filters = {"tahap": tahap, "kelas": kelas, "alasan": alasan, "urut": sort}
    reasons = words.REASONS if caller.sees_health else without_health(list(words.REASONS))
    told: dict[str, Any] = {
        "page": page,
        "filters": filters,
        "stages": list(Stage),
        "awaited": list(Awaits),
        "reasons": reasons,
    }
    return site.render(request, "pendaftar.html", caller, programme=programme, names=_names(programme), **told)


@router.post("/program/{code}/pendaftar/cari")
async def search(code: str, request: Request, gateway: TheGateway, caller: Visitor, cari: Text = "") -> Response:
    """By number, NIK or part of a name: whichever it looks like."""
    programme = await programmes.show_programme(code, gateway, caller)
    page = await applicants.search(code, _wanted(cari, code), gateway, caller)
    if len(page.items) == 1:
        return RedirectResponse(f"/pendaftar/{page.items[0].applicant_id}", status_code=303)
    return site.render(request, "pencarian.html", caller, programme=programme, names=_names(programme), page=page)


@router.get("/pendaftar/{applicant_id}")
async def show(applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Everything known about one applicant, as facts and as a timeline."""
    return await shown_one(applicant_id, request, gateway, caller)


@router.post("/pendaftar/{applicant_id}/buka")
async def open_fields(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = ""
) -> Response:
    """The personal fields in clear, once, with a reason that is kept on record."""
    if not alasan.strip():
        return await shown_one(applicant_id, request, gateway, caller, form="buka")
    shown = await reveal(applicant_id, Wanted(fields=list(REVEALABLE), reason=alasan), gateway, caller)
    return await shown_one(applicant_id, request, gateway, caller, revealed=shown)


@router.post("/pendaftar/{applicant_id}/perbaiki")
async def correct(
    applicant_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    kolom: Text = "",
    isi: Text = "",
    alasan: Text = "",
    versi: Annotated[int | None, Form(ge=0, le=1_000_000)] = None,
) -> Response:
    """Correct one fact; the rules are applied anew. If somebody else was quicker, what they changed is shown first."""
    typed = {"kolom": kolom, "isi": isi, "alasan": alasan}
    if not alasan.strip() or kolom not in _CORRECTABLE:
        return await shown_one(applicant_id, request, gateway, caller, form="perbaiki", typed=typed)
    try:
        correction = Correction(cells={kolom: isi}, reason=alasan, expected_version=versi)
        await applicants.correct(applicant_id, correction, gateway, caller)
    except Refused as refused:
        return await shown_one(applicant_id, request, gateway, caller, form="perbaiki", typed=typed, refused=refused)
    return _back(applicant_id)


@router.post("/pendaftar/{applicant_id}/kesampingkan")
async def overrule(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, aturan: Text = "", alasan: Text = ""
) -> Response:
    """Let a rule not count for this person."""
    typed = {"aturan": aturan, "alasan": alasan}
    if not alasan.strip() or not aturan:
        return await shown_one(applicant_id, request, gateway, caller, form="kesampingkan", typed=typed)
    try:
        await applicants.overrule(applicant_id, Overrule(rule=aturan, reason=alasan), gateway, caller)
    except Refused as refused:
        return await shown_one(
            applicant_id, request, gateway, caller, form="kesampingkan", typed=typed, refused=refused
        )
    return _back(applicant_id)


@router.post("/pendaftar/{applicant_id}/mundur")
async def withdraw(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = "", tanggal: Text = ""
) -> Response:
    """Take somebody out, as of a day."""
    typed = {"tanggal": tanggal, "alasan": alasan}
    if not alasan.strip():
        return await shown_one(applicant_id, request, gateway, caller, form="mundur", typed=typed)
    try:
        on = date.fromisoformat(tanggal) if tanggal else None
    except ValueError:
        raise Invalid("not_a_date", "A day is written like 2026-12-31.") from None
    try:
        await applicants.withdraw(applicant_id, Withdrawal(reason=alasan, withdrawn_on=on), gateway, caller)
    except Refused as refused:
        return await shown_one(applicant_id, request, gateway, caller, form="mundur", typed=typed, refused=refused)
    return _back(applicant_id)


async def shown_one(
    applicant_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    *,
    revealed: dict[str, Any] | None = None,
    form: str | None = None,
    typed: Mapping[str, str] = _NOTHING_TYPED,
    refused: Problem | None = None,
) -> Response:
    """`form` names the one that was not accepted, with what was typed there; `refused` is why what was asked was not
    done, else the reason is missing.
    """
    known = await applicants.show(applicant_id, gateway, caller)
    told: dict[str, Any] = {
        "known": known,
        "steps": timeline(known["ledger"]),
        "revealed": revealed or {},
        "form": form,
        "typed": typed,
        "refused": refused,
        "correctable": _CORRECTABLE,
    }
    changes = refused.extra.get("changes", []) if refused else []
    told["changes"] = timeline([{"service": "registration", **one} for one in changes])
    status = 409 if changes else 422 if form else 200
    return site.render(request, "satu_pendaftar.html", caller, status=status, **told)


def _names(programme: Programme) -> dict[str, str]:
    """What classes are called, by their codes."""
    return {offer.code: offer.name for offer in programme.classes}


def _back(applicant_id: str) -> Response:
    return RedirectResponse(f"/pendaftar/{applicant_id}", status_code=303)


def _wanted(text: str, code: str) -> Search:
    text = " ".join(text.split())
    digits = "".join(filter(str.isdigit, text))
    if text.upper().startswith(code.upper()):
        return Search(registration_no=text.upper())
    if len(digits) >= 12 and not any(map(str.isalpha, text)):
        return Search(nik=text)
    if text.isascii() and text.isdigit():
        return Search(registration_no=f"{code}-{int(text):04}")
    return Search(name=text)
