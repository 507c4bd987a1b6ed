"""Seleksi: simulate, compare, decide, and who is in which class."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import programmes, selection
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.selection import Decide
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from shared.problems import Conflict, NotFound

router = APIRouter(route_class=Page, include_in_schema=False)

Chosen = Annotated[str, Query(max_length=200)]
_WAIT_S = 5.0  # for the end of a decision; a longer one is followed on the overview
Told = Annotated[str, Form(max_length=200)]


@router.get("/program/{code}/seleksi")
async def overview(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Who lacks scores, simulations, the decision, and the classes as they are filled now."""
    return await _overview(code, request, gateway, caller)


@router.post("/program/{code}/seleksi/simulasi")
async def simulate(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Simulate as everything stands now."""
    try:
        run = await selection.simulate(code, gateway, caller)
    except (Refused, Conflict) as problem:
        return await _overview(code, request, gateway, caller, problem=_conflict(problem))
    return RedirectResponse(f"{request.url.path}/{run['run_id']}", status_code=303)


@router.get("/program/{code}/seleksi/simulasi/{run_id}")
async def show_run(
    code: str, run_id: str, request: Request, gateway: TheGateway, caller: Visitor, kelas: Chosen = ""
) -> Response:
    """What a simulation brings, per class; of `kelas` everybody."""
    programme, run, now = await asyncio.gather(
        programmes.show_programme(code, gateway, caller),
        selection.run_classes(code, run_id, gateway, caller),
        selection.overview(code, gateway, caller),
    )
    shown = await selection.run_class(code, run_id, kelas, gateway, caller) if kelas else None
    told = {"programme": programme, "run": run, "shown": shown, "now": now}
    return site.render(request, "seleksi_simulasi.html", caller, **told)


@router.get("/program/{code}/seleksi/banding")
async def compare(
    code: str, request: Request, gateway: TheGateway, caller: Visitor, a: Chosen = "", b: Chosen = ""
) -> Response:
    """Two simulations side by side: the classes, and who is placed differently."""
    programme = await programmes.show_programme(code, gateway, caller)
    if not a or not b:
        return await _overview(code, request, gateway, caller, unchosen=True)
    found = await selection.compare(code, a, b, gateway, caller)
    told = {
        "programme": programme,
        "found": found,
        "classes": list(zip(*(one["classes"] for one in found["runs"]), strict=False)),
        "names": {offer.code: offer.name for offer in programme.classes},
    }
    return site.render(request, "seleksi_banding.html", caller, **told)


@router.get("/program/{code}/seleksi/putuskan")
async def confirm(code: str, request: Request, gateway: TheGateway, caller: Visitor, simulasi: Chosen = "") -> Response:
    """What deciding will do."""
    return await _confirm(code, simulasi, request, gateway, caller)


@router.post("/program/{code}/seleksi/putuskan")
async def decide(code: str, request: Request, gateway: TheGateway, caller: Visitor, simulasi: Told = "") -> Response:
    """Decide, if nothing has changed since the simulation that was looked at. Sent twice, it is one decision.

    One that takes long goes on, and the overview shows how far it is.
    """
    if not simulasi:
        raise NotFound("unknown_run", "A decision follows a simulation that somebody has looked at.")
    try:
        await selection.decided(code, gateway, caller, Decide(run_id=simulasi), _WAIT_S)
    except (Refused, Conflict) as problem:
        return await _confirm(code, simulasi, request, gateway, caller, problem=_conflict(problem))
    return RedirectResponse(request.url.path.rpartition("/")[0], status_code=303)


async def _overview(
    code: str,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    problem: str | None = None,
    unchosen: bool = False,
) -> Response:
    """`problem` is why a simulation was not made; `unchosen` says that two are needed to be compared."""
    programme, now = await asyncio.gather(
        programmes.show_programme(code, gateway, caller), selection.overview(code, gateway, caller)
    )
    told: dict[str, Any] = {"programme": programme, "now": now, "problem": problem, "unchosen": unchosen}
    return site.render(request, "seleksi.html", caller, status=_status(problem, unchosen), **told)


async def _confirm(
    code: str, run_id: str, request: Request, gateway: Gateway, caller: Caller, *, problem: str | None = None
) -> Response:
    programme, run, now = await asyncio.gather(
        programmes.show_programme(code, gateway, caller),
        selection.run_classes(code, run_id, gateway, caller),
        selection.overview(code, gateway, caller),
    )
    told: dict[str, Any] = {"programme": programme, "run": run, "now": now, "problem": problem}
    return site.render(request, "seleksi_putuskan.html", caller, status=_status(problem, unchosen=False), **told)


def _status(problem: str | None, unchosen: bool) -> int:
    return Conflict.status if problem else 422 if unchosen else 200


def _conflict(problem: Refused | Conflict) -> str:
    """The code of what stands against it; anything else is told in a page of its own."""
    if problem.status != Conflict.status:
        raise problem
    return problem.code
