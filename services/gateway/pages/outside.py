"""Pelanggan AMQP: other systems that fetch events from the broker, and how each fares."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.api import outside
from services.gateway.api.gateway import TheGateway
from services.gateway.outside import OutsideSubscriber
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from shared.problems import Away, Conflict

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/pelanggan")
async def list_subscribers(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """All of them; that the broker cannot be asked is told in the page."""
    found: list[OutsideSubscriber] = []
    wrong = ""
    try:
        found = (await outside.list_subscribers(gateway, caller)).items
    except (Away, Conflict) as problem:
        wrong = problem.code
    return site.render(request, "pelanggan.html", caller, subscribers=found, wrong=wrong)
