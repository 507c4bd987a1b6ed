"""Cadangan: one class with its people, what its reserves say about seats that are offered, and seats given by hand."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import programmes, reserves, selection
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.reserves import Because, Confirmation
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from shared.problems import Conflict

router = APIRouter(route_class=Page, include_in_schema=False)

_NOTHING_TYPED: Mapping[str, str] = {}
Text = Annotated[str, Form(max_length=500)]


@router.get("/program/{code}/seleksi/kelas/{class_code}")
async def show_class(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """One class: its people with ranks and totals, the cut-off, reserves, and to whom a seat is offered."""
    return await _shown(code, class_code, request, gateway, caller)


@router.post("/program/{code}/seleksi/kelas/{class_code}/cadangan")
async def act(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    pendaftar: Text = "",
    tindakan: Text = "",
    alasan: Text = "",
) -> Response:
    """`tindakan` is terima or tolak, of a seat that is offered, or promosi, by hand."""
    typed = {"pendaftar": pendaftar, "tindakan": tindakan, "alasan": alasan}
    problem = _missing(typed)
    if problem is None:
        try:
            if tindakan == "terima":
                await reserves.confirm(pendaftar, Confirmation(reason=alasan.strip() or None), gateway, caller)
            elif tindakan == "tolak":
                await reserves.decline(pendaftar, Because(reason=alasan), gateway, caller)
            else:
                await reserves.promote(pendaftar, Because(reason=alasan), gateway, caller)
        except Refused as refused:
            if refused.status != Conflict.status:
                raise
            problem = refused.code
    if problem is not None:
        return await _shown(code, class_code, request, gateway, caller, problem=problem, typed=typed)
    return RedirectResponse(request.url.path.rpartition("/")[0], status_code=303)


def _missing(typed: Mapping[str, str]) -> str | None:
    if not typed["pendaftar"] or typed["tindakan"] not in ("terima", "tolak", "promosi"):
        return "unchosen"
    return None if typed["alasan"].strip() or typed["tindakan"] == "terima" else "reason_missing"


async def _shown(
    code: str,
    class_code: str,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    problem: str | None = None,
    typed: Mapping[str, str] = _NOTHING_TYPED,
) -> Response:
    """`problem` is why nothing was done, with what was typed."""
    told: dict[str, Any] = {
        "programme": await programmes.show_programme(code, gateway, caller),
        "found": await selection.show_class(code, class_code, gateway, caller),
        "problem": problem,
        "typed": typed,
    }
    status = 200 if problem is None else 422 if problem in ("unchosen", "reason_missing") else Conflict.status
    return site.render(request, "seleksi_kelas.html", caller, status=status, **told)
