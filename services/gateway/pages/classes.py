"""Kelas: who is in a class, attendance day by day in a grid, closing it, and the sheet that is signed."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from services.gateway.api import classes, cover, programmes
from services.gateway.api.classes import Closing, Mark, Marks
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.forms import day_of
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused, at
from services.gateway.uploads import form_of
from shared.cells import JAKARTA
from shared.problems import Away, Conflict, Invalid

router = APIRouter(route_class=Page, include_in_schema=False)

PRESENCES = ("present", "excused", "absent")
_FIELD = "h"  # h:<applicant>:<day>:<what stood there when the page was made>


@router.get("/program/{code}/kelas")
async def list_classes(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The classes of a programme and how far their people are."""
    programme, funnel, covers = await asyncio.gather(
        programmes.show_programme(code, gateway, caller),
        programmes.funnel(code, gateway, caller),
        _covers(code, gateway, caller),
    )
    told: dict[str, Any] = {"programme": programme, "per_class": funnel.per_class, "covers": covers}
    return site.render(request, "kelas.html", caller, **told)


@router.get("/program/{code}/kelas/{class_code}")
async def show(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    minggu: Annotated[date | None, Query()] = None,
) -> Response:
    """The roster, and the grid of the week in which `minggu` falls; else of the current one, or the training's last."""
    return await shown_one(code, class_code, request, gateway, caller, week=minggu)


@router.post("/program/{code}/kelas/{class_code}/kehadiran")
async def mark(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Save what was changed in the grid; `hadir` names a day of which what is empty becomes present."""
    form = await form_of(request)
    marks = _marks(form)
    week = day_of(str(form.get("minggu", "")))
    try:
        answer = await classes.mark_days(code, class_code, marks, gateway, caller)
    except Refused as refused:
        return await shown_one(code, class_code, request, gateway, caller, week=week, refused=refused)
    if answer["overtaken"]:
        return await shown_one(code, class_code, request, gateway, caller, week=week, overtaken=answer["overtaken"])
    query = f"?minggu={week.isoformat()}" if week else ""
    return RedirectResponse(f"{address(code, class_code)}{query}#kehadiran", status_code=303)


@router.post("/program/{code}/kelas/{class_code}/selesai")
async def close(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Take over the marks as everybody's days; `keluar` are the people who left the training."""
    left = [str(one) for one in (await form_of(request)).getlist("keluar")]
    try:
        await classes.close_attendance(code, class_code, Closing(dropped_out=left), gateway, caller)
    except Refused as refused:
        return await shown_one(code, class_code, request, gateway, caller, refused=refused)
    return RedirectResponse(f"{address(code, class_code)}#peserta", status_code=303)


@router.post("/program/{code}/kelas/{class_code}/daftar-hadir")
async def print_sheet(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    hari: Annotated[str, Form(max_length=20)] = "",
    alasan: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """The sign sheet as PDF: with names for whoever may see them and says why, else with room for them."""
    day = day_of(hari)
    if day is None:
        raise Invalid("not_a_date", "A day is written like 2026-12-31.")
    why = alasan.strip() or None
    reveal = "name" if why and caller.sees_personal_data else None
    return await classes.print_sign_sheet(code, class_code, day, request, gateway, caller, reveal=reveal, why=why)


async def shown_one(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    *,
    week: date | None = None,
    refused: Refused | None = None,
    overtaken: list[dict[str, Any]] | None = None,
    not_issued: str | None = None,
) -> Response:
    """`refused` is why nothing was saved, `overtaken` what somebody else had marked meanwhile; the rest was saved.

    `not_issued` is the code of why no training certificates were issued, or printed.
    """
    programme, offer = await classes.offer_of(gateway, code, class_code, caller)
    shown = await classes.show_class(code, class_code, gateway, caller)
    training, today = programme.training, datetime.now(JAKARTA).date()
    within = min(max(week or today, training.starts), training.ends)
    monday = within - timedelta(days=within.weekday())
    days = [monday + timedelta(days=number) for number in range(7)]
    before, after = monday - timedelta(days=1), monday + timedelta(days=7)
    told: dict[str, Any] = {
        "programme": programme,
        "offer": offer,
        "shown": shown,
        "numbers": {one["applicant_id"]: one["registration_no"] for one in shown["people"]},
        "days": days,
        "open_days": [day for day in days if training.starts <= day <= min(training.ends, today)],
        "today": min(max(today, training.starts), training.ends),
        "earlier": before if before >= training.starts else None,
        "later": after if after <= training.ends else None,
        "presences": PRESENCES,
        "refused": refused,
        "overtaken": overtaken or [],
        "not_issued": not_issued,
    }
    status = refused.status if refused else Conflict.status if overtaken or not_issued else 200
    return site.render(request, "satu_kelas.html", caller, status=status, **told)


async def _covers(code: str, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    """By class; nothing while certification is away, or has not heard of the programme yet."""
    try:
        found = await cover.show_classes(code, gateway, caller)
    except (Away, Refused):
        return {}
    return {one["class_code"]: one for one in found["classes"]}


def _marks(form: FormData) -> Marks:
    """What was changed in the grid. Raises Invalid for a field that the page does not have, and for too many."""
    fill = str(form.get("hadir", ""))
    people: dict[str, list[Mark]] = {}
    try:
        for name, value in form.multi_items():
            if not name.startswith(f"{_FIELD}:"):
                continue
            _, applicant_id, day, was = name.split(":")
            now = str(value) or ("present" if day == fill else "")
            if now != was:
                one = Mark.model_validate({"day": day, "was": was or None, "now": now or None})
                people.setdefault(applicant_id, []).append(one)
        return Marks(people=people)
    except ValueError:
        raise Invalid("invalid", "The grid is not as the page made it.") from None


def address(code: str, class_code: str) -> str:
    return at("/program/{code}/kelas/{class_code}", code=code, class_code=class_code)
