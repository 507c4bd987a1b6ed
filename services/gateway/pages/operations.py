"""Operasi: whether every service is well, and messages that wait for a person's decision."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import parked
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from shared.parking_api import Wanted

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/operasi")
async def operations(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Services, which are asked for again every few seconds, and the groups of parked messages."""
    if request.headers.get("HX-Request"):
        return site.render(request, "_layanan.html", caller, services=await _services(request, gateway))
    return site.render(request, "operasi.html", caller, **await _told(request, gateway, caller), missing=False)


@router.post("/operasi/pesan")
async def decide(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    queue: Annotated[str, Form(max_length=200)],
    cause: Annotated[str, Form(max_length=200)],
    tindakan: Annotated[str, Form(pattern="^(replay|discard)$")],
    alasan: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Send a group of messages again, or throw it away; with a reason that is kept on record."""
    if alasan.strip():
        wanted = Wanted.model_validate({"queue": queue, "cause": cause, "reason": alasan})
        await (parked.replay if tindakan == "replay" else parked.discard)(wanted, gateway, caller)
        return RedirectResponse("/operasi", status_code=303)
    told = await _told(request, gateway, caller)
    return site.render(request, "operasi.html", caller, status=422, **told, missing=True)


async def _told(request: Request, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    services, waiting = await asyncio.gather(_services(request, gateway), parked.list_parked(gateway, caller))
    return {"services": services, "waiting": waiting}


async def _services(request: Request, gateway: Gateway) -> list[dict[str, Any]]:
    own, others = await asyncio.gather(request.app.state.readiness(), gateway.services.health())
    return [own, *others]
