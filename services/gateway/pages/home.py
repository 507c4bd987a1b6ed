"""Beranda: every programme with its funnel as a picture; and one programme's page, per class and per institute."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.api import programmes
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.funnel import ClassCounts, Funnel
from services.gateway.masking import without_health
from services.gateway.pages import site, words
from services.gateway.pages.pictures import pictures
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.portraits import together
from services.gateway.stages import Awaits
from shared.contracts.registration import ClassOffer, Programme

router = APIRouter(route_class=Page, include_in_schema=False)

WAY = ("registered", "passed", "accepted", "completed", "competent", "certified")


class Step(NamedTuple):
    """One bar of the picture: people at a step, and as a share of those who registered."""

    code: str
    people: int
    of: int


class Overview(NamedTuple):
    """A programme, its funnel, and the bars of its picture."""

    programme: Programme
    funnel: Funnel
    steps: list[Step]

    @property
    def working(self) -> int:
        """Who found work or started a business."""
        return sum(
            people for status, people in self.funnel.placed.items() if status.value in ("employed", "self_employed")
        )


class Waiting(NamedTuple):
    """What waits for somebody in a programme, for how many people."""

    programme: Programme
    what: Awaits
    people: int


class Row(NamedTuple):
    """A line of a table: a class, or all classes of an institute."""

    name: str
    seats: int
    counts: ClassCounts


@router.get("/beranda")
async def home(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Every programme, the newest first. A part of it is asked for again while events arrive."""
    found = await programmes.newest_first(gateway, caller)
    overviews = await asyncio.gather(*(_overview(gateway, one, caller) for one in found))
    portraits = await asyncio.gather(*(gateway.store.rollups.portrait(one.code) for one in found))
    part = "_program.html" if request.headers.get("HX-Request") else "beranda.html"
    told: dict[str, Any] = {
        "overviews": overviews,
        "waiting": _waiting(overviews),
        "pictures": pictures(together(portraits)),
    }
    return site.render(request, part, caller, **told)


@router.get("/beranda/tertahan")
async def held_up(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """How many messages wait for a person: a part of the page by itself, for every service has to say."""
    said = [await request.app.state.readiness(), *await gateway.services.health()]
    return site.render(request, "_tertahan.html", caller, parked=sum(one.get("parked") or 0 for one in said))


@router.get("/program/{code}")
async def programme(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """One programme: the way of its people, per class and per institute, and why people were refused."""
    shown, portrait, refusals = await asyncio.gather(
        programmes.show_programme(code, gateway, caller),
        gateway.store.rollups.portrait(code),
        gateway.store.refused_for(code, words.REASONS if caller.sees_health else without_health(list(words.REASONS))),
    )
    overview = await _overview(gateway, shown, caller)
    per_class = overview.funnel.per_class
    classes = [Row(offer.name, offer.seats, per_class[offer.code]) for offer in shown.classes]
    part = "_satu_program.html" if request.headers.get("HX-Request") else "program.html"
    told: dict[str, Any] = {
        "overview": overview,
        "classes": classes,
        "institutes": _per_institute(shown.classes, per_class),
        "refusals": refusals,
        "pictures": pictures(portrait),
        "waiting": _waiting([overview]),
    }
    return site.render(request, part, caller, **told)


async def _overview(gateway: Gateway, programme: Programme, caller: Caller) -> Overview:
    funnel = await programmes.funnel(programme.code, gateway, caller)
    steps = [Step(code, getattr(funnel, code), funnel.registered) for code in WAY]
    overview = Overview(programme, funnel, steps)
    return overview._replace(steps=[*steps, Step("placed", overview.working, funnel.registered)])


def _waiting(overviews: Iterable[Overview]) -> list[Waiting]:
    return [
        Waiting(one.programme, what, people)
        for one in overviews
        for what, people in one.funnel.awaits.items()
        if people
    ]


def _per_institute(offers: Iterable[ClassOffer], per_class: dict[str, ClassCounts]) -> list[Row]:
    rows: dict[str, Row] = {}
    for offer in offers:
        before = rows.get(offer.provider, Row(offer.provider, 0, ClassCounts()))
        mine, sofar = per_class[offer.code].model_dump(), before.counts.model_dump()
        counts = ClassCounts.model_validate({name: sofar[name] + number for name, number in mine.items()})
        rows[offer.provider] = Row(offer.provider, before.seats + offer.seats, counts)
    return list(rows.values())
