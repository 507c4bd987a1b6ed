"""Kelas, BPJS Ketenagakerjaan: a class's cover against its days, participant numbers, and the list to upload."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import classes, cover
from services.gateway.api.cover import INSURANCES, Cover, Numbers
from services.gateway.api.gateway import TheGateway
from services.gateway.cover_list import Column, together, unreadable
from services.gateway.pages import site
from services.gateway.pages.classes import address
from services.gateway.pages.cover_form import (
    DAY_FAULTS,
    STATES,
    Filled,
    Period,
    Wrong,
    alike,
    as_typed,
    periods,
    read_cover,
    read_numbers,
    refused_rows,
    suggested,
)
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.uploads import form_of
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/beranda/bpjs")
async def missing(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Classes in which somebody is not covered: a part of Beranda by itself, for certification has to say."""
    found = (await cover.show_missing(gateway, caller))["classes"]
    part = "_bpjs.html" if request.headers.get("HX-Request") else "bpjs_kurang.html"
    return site.render(request, part, caller, classes=found)


@router.get("/program/{code}/kelas/{class_code}/bpjs")
async def show(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    mulai: Annotated[date | None, Query()] = None,
    akhir: Annotated[date | None, Query()] = None,
    jaminan: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    batal: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The class; `mulai`, `akhir` and `jaminan` name a period that is to stand in the form, with whoever has it; with
    `batal`, an applicant, as one to be cancelled for that person.
    """
    chosen = (
        Period(mulai.isoformat(), akhir.isoformat(), [one for one in INSURANCES if one in jaminan], {})
        if mulai and akhir
        else None
    )
    return await _shown(code, class_code, request, gateway, caller, chosen=chosen, cancel_of=batal)


@router.post("/program/{code}/kelas/{class_code}/bpjs/catat")
async def record(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The same cover for whoever is ticked, or with `semua` for everybody who has to be covered."""
    filled, people, wrong = read_cover(await form_of(request))
    if wrong:
        return await _shown(code, class_code, request, gateway, caller, filled=filled, wrong=wrong)
    wanted = Cover.model_validate({**filled._asdict(), "people": people})
    answer = await cover.record_cover(code, class_code, wanted, gateway, caller)
    if wrong := refused_rows(answer["refused"]):
        kept = len(answer["refused"]) < len(people)
        return await _shown(code, class_code, request, gateway, caller, filled=filled, wrong=wrong, kept=kept)
    return RedirectResponse(f"{address(code, class_code)}/bpjs#peserta", status_code=303)


@router.post("/program/{code}/kelas/{class_code}/bpjs/nomor")
async def enter_numbers(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Keep the numbers that were typed; an empty field changes nothing, a dash takes a number away."""
    typed = read_numbers(await form_of(request))
    if not typed:
        return RedirectResponse(f"{address(code, class_code)}/bpjs#peserta", status_code=303)
    answer = await cover.enter_numbers(code, Numbers(people=typed), gateway, caller)
    wrong = [Wrong(f"kpj-{one['applicant_id']}", one["reason"], one["applicant_id"]) for one in answer["refused"]]
    if wrong:
        left = {one.applicant_id: as_typed(typed[one.applicant_id]) for one in wrong}
        kept = len(wrong) < len(typed)
        return await _shown(code, class_code, request, gateway, caller, wrong=wrong, numbers=left, kept=kept)
    return RedirectResponse(f"{address(code, class_code)}/bpjs#peserta", status_code=303)


@router.post("/program/{code}/kelas/{class_code}/bpjs/daftar")
async def download(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    alasan: Annotated[str, Form(max_length=500)] = "",
    semua: Annotated[bool, Form()] = False,
) -> Response:
    """The list to upload to BPJS, with names and NIKs, for a reason that is kept on record."""
    try:
        return await cover.download_list(
            code, class_code, request, gateway, caller, everybody=semua, why=alasan.strip() or None
        )
    except (NotFound, Invalid) as problem:
        if isinstance(problem, Refused) or problem.code == "unknown_class":
            raise
        wrong = [Wrong("alasan" if problem.code == "reason_missing" else "daftar", problem.code)]
        return await _shown(code, class_code, request, gateway, caller, wrong=wrong)


async def _shown(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    *,
    chosen: Period | None = None,
    cancel_of: str = "",
    filled: Filled | None = None,
    wrong: Sequence[Wrong] = (),
    numbers: Mapping[str, str] | None = None,
    kept: bool = False,
) -> Response:
    """`filled` and `numbers` are what was typed; `kept` says that whatever is not `wrong` was kept."""
    programme, offer = await classes.offer_of(gateway, code, class_code, caller)
    shown = await cover.show_class(code, class_code, gateway, caller)
    columns: list[Column] = request.app.state.settings.columns_of_cover_list
    people = [
        {**one, "missing": together(one["gaps"]), "unlisted": unreadable(columns, one["unreadable"])}
        for one in shown["people"]
    ]
    told: dict[str, Any] = {
        "programme": programme,
        "offer": offer,
        "shown": shown,
        "people": people,
        "registration_nos": {one["applicant_id"]: one["registration_no"] for one in people},
        "periods": periods(people),
        "filled": filled or suggested(chosen, shown, people, cancel_of),
        "insurances": INSURANCES,
        "states": STATES,
        "wrong": alike(wrong),
        "day_faults": DAY_FAULTS,
        "numbers": numbers or {},
        "kept": kept,
    }
    status = Conflict.status if kept else Invalid.status if wrong else 200
    return site.render(request, "bpjs.html", caller, status=status, **told)
