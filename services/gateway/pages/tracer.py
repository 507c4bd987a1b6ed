"""Penelusuran lulusan: what became of graduates, and the waves in which they are asked."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import programmes, tracer
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.tracer import Plan
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.forms import day_of
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused

router = APIRouter(route_class=Page, include_in_schema=False)

_WAVES = (3, 6, 12)
STATUSES = ("employed", "self_employed", "unemployed", "studying", "unreachable")
Text = Annotated[str, Form(max_length=300)]
Faults = Sequence[tuple[str, str]]


@router.get("/penempatan/penelusuran")
async def overview(
    request: Request, gateway: TheGateway, caller: Visitor, program: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What became of the graduates of one programme, in all and per class, and its waves."""
    return await _overview(request, gateway, caller, program)


@router.post("/penempatan/penelusuran/gelombang")
async def plan(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text,
    bulan: Annotated[Literal["3", "6", "12"], Form()],
    nama: Text = "",
    mulai: Text = "",
    sampai: Text = "",
    versi: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Name a wave and set its days."""
    typed = {"bulan": bulan, "nama": nama, "mulai": mulai, "sampai": sampai}
    first, last = day_of(mulai), day_of(sampai)
    faults = [(f"nama-{bulan}", "name_missing")] if not nama.strip() else []
    faults += [(f"{field}-{bulan}", "not_a_date") for field, on in (("mulai", first), ("sampai", last)) if on is None]
    if first and last and last < first:
        faults.append((f"sampai-{bulan}", "closes_before_it_opens"))
    if faults or first is None or last is None:
        return await _overview(request, gateway, caller, program, faults=faults, typed=typed)
    try:
        wanted = Plan(name=nama, opens_on=first, closes_on=last, version=versi)
        await tracer.plan_wave(program, int(bulan), wanted, gateway, caller)
    except Refused as refused:
        if refused.code != "changed_meanwhile":
            raise
        faults = [(f"nama-{bulan}", "wave_changed_meanwhile")]
        return await _overview(request, gateway, caller, program, faults=faults, typed=typed)
    return RedirectResponse(f"/penempatan/penelusuran?{urlencode({'program': program})}", status_code=303)


async def _overview(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    program: str,
    *,
    faults: Faults = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    known = await programmes.newest_first(gateway, caller)
    chosen = next((one for one in known if one.code == program), known[0] if known else None)
    found = await tracer.list_waves(chosen.code, gateway, caller) if chosen else None
    told = {
        "programmes": known,
        "programme": chosen,
        "found": found,
        "planned": {one["wave"]: one for one in found["waves"]} if found else {},
        "classes": {offer.code: offer.name for offer in chosen.classes} if chosen else {},
        "months": _WAVES,
        "statuses": STATUSES,
        "faults": faults,
        "typed": typed or {},
    }
    return site.render(request, "penelusuran.html", caller, status=422 if faults else 200, **told)
