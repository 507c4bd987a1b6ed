"""Nilai: the grid in which scores are typed, saved cell by cell, and by two clerks at once."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import programmes, scores
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.scores import Part, ScoreCell, Scored
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.uploads import form_of
from shared.problems import Conflict, Invalid

router = APIRouter(route_class=Page, include_in_schema=False)

PARTS: tuple[Part, ...] = get_args(Part)
_PAGE = 50
_CHANGED = "changed_meanwhile"
Code = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=40)]


@dataclass
class Cell:
    """One cell: what stands in the system, what its field shows, and what became of saving it.

    `state` is "" where nothing was tried; `reason` says why it was refused, `by` and `at` who has changed it meanwhile.
    """

    applicant_id: str
    part: Part
    stands: str
    typed: str
    state: Literal["", "saved", "changed", "error"] = ""
    reason: str = ""
    by: str | None = None
    at: str | None = None
    total: float | None = None

    @property
    def name(self) -> str:
        return f"{self.part}-{self.applicant_id}"


@router.get("/program/{code}/nilai")
async def grid(
    code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    kelas: Code = "",
    kurang: Code = "",
    mulai: Code = "",
) -> Response:
    """Fifty people at a time, by number; `kelas` is their first choice, `kurang` leaves those who lack scores."""
    filters = {"kelas": kelas, "kurang": kurang, "mulai": mulai}
    return await _shown(code, request, gateway, caller, filters, {})


@router.post("/program/{code}/nilai")
async def save_all(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Record every cell whose field no longer shows what it showed; what cannot be recorded is shown again."""
    form = {name: str(value) for name, value in (await form_of(request)).items()}
    filters = {name: form.get(name, "") for name in ("kelas", "kurang", "mulai")}
    changed = [
        (name.partition("-")[2], part, typed[:40], form.get(f"lama-{name}", "")[:40])
        for name, typed in form.items()
        for part in PARTS
        if name.startswith(f"{part}-") and typed.strip() != form.get(f"lama-{name}", "").strip()
    ]
    saved = await asyncio.gather(*(_save(gateway, caller, *one) for one in changed))
    if all(cell.state == "saved" for cell in saved):
        query = urlencode({name: value for name, value in filters.items() if value})
        return RedirectResponse(f"{request.url.path}?{query}" if query else request.url.path, status_code=303)
    return await _shown(code, request, gateway, caller, filters, {cell.name: cell for cell in saved})


@router.post("/program/{code}/nilai/sel")
async def save_one(
    code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    pendaftar: Typed = "",
    bagian: Typed = "",
    nilai: Typed = "",
    lama: Typed = "",
) -> Response:
    """What became of one cell, as the part of the grid that says so."""
    part: Part = "interview" if bagian == "interview" else "written"
    cell = await _save(gateway, caller, pendaftar, part, nilai, lama)
    return site.render(request, "_sel_nilai.html", caller, cell=cell)


async def _save(gateway: Gateway, caller: Caller, applicant_id: str, part: Part, typed: str, expected: str) -> Cell:
    try:
        now = await scores.enter_score(applicant_id, part, ScoreCell(value=typed, expected=expected), gateway, caller)
    except Refused as refused:
        if refused.code == _CHANGED:
            theirs, by, at = (refused.extra.get(name) for name in ("theirs", "by", "at"))
            return Cell(applicant_id, part, str(theirs), typed, "changed", by=by, at=at)
        if refused.status == Invalid.status:
            reason = str(refused.extra["errors"][0]["reason"])
        elif refused.status == Conflict.status:
            reason = refused.code
        else:
            raise
        return Cell(applicant_id, part, expected, typed, "error", reason)
    stands = _stands(now, part)
    return Cell(applicant_id, part, stands, stands, "saved", total=now.total)


async def _shown(
    code: str, request: Request, gateway: Gateway, caller: Caller, filters: dict[str, str], tried: dict[str, Cell]
) -> Response:
    programme = await programmes.show_programme(code, gateway, caller)
    page = await scores.list_scores(
        code,
        gateway,
        caller,
        class_code=filters["kelas"] or None,
        missing=bool(filters["kurang"]),
        limit=_PAGE,
        cursor=filters["mulai"],
    )
    rows = [(one, [tried.get(cell.name, cell) for cell in _cells(one)]) for one in page.items]
    told: dict[str, Any] = {
        "programme": programme,
        "page": page,
        "rows": rows,
        "names": {offer.code: offer.name for offer in programme.classes},
        "filters": filters,
        "faults": [cell for _, cells in rows for cell in cells if cell.state in ("error", "changed")],
    }
    return site.render(request, "nilai.html", caller, status=422 if tried else 200, **told)


def _cells(one: Scored) -> list[Cell]:
    return [Cell(one.applicant_id, part, stands, stands) for part in PARTS for stands in [_stands(one, part)]]


def _stands(one: Scored, part: Part) -> str:
    return one.written if part == "written" else one.interview
