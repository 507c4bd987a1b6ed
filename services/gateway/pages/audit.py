"""Jejak audit: who did what, when and why, service by service; and whether that record is intact."""

import json
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from services.gateway.api import audit
from services.gateway.api.audit import AskedOf
from services.gateway.api.gateway import TheGateway
from services.gateway.audits import SERVICES
from services.gateway.pages import site
from services.gateway.pages.forms import day_of
from services.gateway.pages.visitor import Page, Visitor
from shared.cells import JAKARTA
from shared.problems import TooMany

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
Text = Annotated[str, Query(max_length=200)]


@router.get("/audit")
async def entries(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    layanan: Text = "registration",
    tentang: Text = "",
    oleh: Text = "",
    sejak: Text = "",
    mulai: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Fifty entries of one service, in the order of its chain: about something, by somebody, since a day."""
    service = layanan if layanan in SERVICES else SERVICES[0]
    day = day_of(sejak)
    asked = AskedOf(
        service=service,
        about=tentang.strip() or None,
        by=oleh.strip() or None,
        since=datetime.combine(day, time.min, JAKARTA) if day else None,
        cursor=mulai,
        limit=_PAGE,
    )
    page = await audit.entries(asked, gateway, caller)
    filters = {"layanan": service, "tentang": tentang, "oleh": oleh, "sejak": sejak if day else ""}
    rows = [one | {"told": _told(one.get("detail") or {})} for one in page.items]
    told: dict[str, Any] = {"rows": rows, "next_cursor": page.next_cursor, "filters": filters, "services": SERVICES}
    return site.render(request, "audit.html", caller, bad_day=bool(sejak) and day is None, **told)


@router.post("/audit/periksa")
async def verify(
    request: Request, gateway: TheGateway, caller: Visitor, kepala: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Verify all services' audits, against heads that were written down if some are given; takes a while."""
    try:
        answer = await audit.verify(gateway, caller, expect=kepala.split() or None)
    except TooMany as busy:
        return site.render(
            request, "audit_periksa.html", caller, status=busy.status, verdicts=[], problems=[], busy=True
        )
    verdicts, problems = [], []
    async for line in answer.body_iterator:
        told: dict[str, Any] = json.loads(bytes(line) if isinstance(line, memoryview) else line)
        if "verdict" in told:
            verdicts.append(told["verdict"])
        elif "problem" in told:
            problems.append(told["problem"])
    verdicts.sort(key=lambda one: SERVICES.index(one["service"]))
    return site.render(request, "audit_periksa.html", caller, verdicts=verdicts, problems=problems, busy=False)


def _told(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts of an entry, each on a line; what is long is cut."""
    lines = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in detail.items()
    ]
    return [(name, line if len(line) <= 300 else line[:300] + " …") for name, line in lines]
