"""Status: how far one's own registration is, by its number and the birth date."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from services.gateway.api.gateway import TheGateway
from services.gateway.api.public import WhoAsks, status
from services.gateway.pages import site
from services.gateway.pages.visitor import Page
from shared.problems import NotFound, TooMany

public = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=100)]


@public.get("/status")
async def ask(request: Request, nomor: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The form; a receipt's code leads here with the number. The birth date never stands in an address."""
    return _form(request, nomor, [])


@public.post("/status")
async def show(request: Request, gateway: TheGateway, nomor: Text = "", tanggal_lahir: Text = "") -> Response:
    """Where the registration stands, and what comes next. One answer for an unknown number and another birth date."""
    missing = [name for name, said in (("nomor", nomor), ("tanggal_lahir", tanggal_lahir)) if not said.strip()]
    if missing:
        return _form(request, nomor, missing, status=422)
    try:
        found = await status(WhoAsks(registration_no=nomor, birth_date=tanggal_lahir), request, gateway)
    except (NotFound, TooMany) as problem:
        return _form(request, nomor, [problem.code], status=problem.status)
    return site.render(request, "status_saya.html", found=found)


def _form(request: Request, number: str, wrong: list[str], *, status: int = 200) -> Response:
    return site.render(request, "status.html", status=status, number=number, wrong=wrong)
