"""Webhook: other systems to which events are posted: which there are, how they fare, and every change to one."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from services.gateway.api import webhooks
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.webhooks import Change, From, NewWebhook, Rotation
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.secret import new_secret
from shared.cells import JAKARTA, BadCell, day
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=2000)]


@router.get("/webhook")
async def list_webhooks(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """All of them, and how each fares."""
    return await _listed(request, gateway, caller)


@router.post("/webhook")
async def add(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    nama: Text = "",
    alamat: Text = "",
    kejadian: Text = "",
    kunci: Text = "",
) -> Response:
    """Post these events to an address from now on; the secret that signs them is shown this once."""
    typed = {"nama": nama, "alamat": alamat, "kejadian": kejadian}
    once = gateway.services.once(caller, kunci)
    try:
        wanted = NewWebhook(name=nama.strip(), url=alamat.strip(), events=kejadian.split())
        made = await webhooks.add(wanted, gateway, once)
    except ValidationError as error:
        return await _listed(request, gateway, caller, typed=typed, wrong=f"bad_{error.errors()[0]['loc'][0]}")
    except (Invalid, Conflict) as problem:
        return await _listed(request, gateway, caller, typed=typed, wrong=problem.code)
    return await _one(request, gateway, caller, made.name, secret=made.secret)


@router.get("/webhook/{name}")
async def show(name: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """One, with what was done about it by whom."""
    return await _one(request, gateway, caller, name)


@router.post("/webhook/{name}/{tindakan}")
async def change(
    name: str,
    tindakan: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    sejak: Text = "",
    kunci: Text = "",
) -> Response:
    """On, off, posted again since a day or from the first event on, another secret, or no more."""
    once = gateway.services.once(caller, kunci)
    try:
        again = From(since=datetime.combine(day(sejak), time.min, JAKARTA) if sejak.strip() else None)
    except BadCell:
        return await _one(request, gateway, caller, name, wrong="not_a_date")
    deeds: dict[str, Callable[[], Awaitable[Any]]] = {
        "hidupkan": lambda: webhooks.change(name, Change(enabled=True), gateway, caller),
        "matikan": lambda: webhooks.change(name, Change(enabled=False), gateway, caller),
        "ulang": lambda: webhooks.replay(name, gateway, caller, again),
        "rahasia": lambda: webhooks.rotate(name, gateway, once, Rotation()),
        "hapus": lambda: webhooks.remove(name, gateway, caller),
    }
    if tindakan not in deeds:
        raise NotFound("not_found", "There is no such page.")
    done = await deeds[tindakan]()
    if tindakan == "rahasia":
        return await _one(request, gateway, caller, name, secret=done.secret)
    return RedirectResponse("/webhook" if tindakan == "hapus" else f"/webhook/{name}", status_code=303)


async def _listed(
    request: Request, gateway: Gateway, caller: Caller, *, typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    found = (await webhooks.list_webhooks(gateway, caller)).items
    told = {"webhooks": found, "typed": typed or {}, "wrong": wrong, "key": new_secret()}
    return site.render(request, "webhook.html", caller, status=422 if wrong else 200, **told)


async def _one(
    request: Request, gateway: Gateway, caller: Caller, name: str, *, secret: str | None = None, wrong: str = ""
) -> Response:
    """`secret` is shown this once."""
    hook = await webhooks.show(name, gateway, caller)
    told = {"hook": hook, "secret": secret, "wrong": wrong, "key": new_secret()}
    return site.render(request, "satu_webhook.html", caller, status=422 if wrong else 200, **told)
