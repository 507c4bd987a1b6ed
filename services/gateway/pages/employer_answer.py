"""What an employer's own link leads to: its people, and three buttons for each, on any phone and without signing in."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import csrf
from services.gateway.api import confirmations
from services.gateway.api.confirmations import Answer, Says
from services.gateway.api.gateway import TheGateway
from services.gateway.pages import site
from services.gateway.pages.visitor import Page
from services.gateway.services import Refused
from shared.problems import NotFound

public = APIRouter(route_class=Page, include_in_schema=False)

_OVER = {"unknown_link", "link_expired"}


@public.get("/konfirmasi/{token}")
async def ask(token: str, request: Request, gateway: TheGateway) -> Response:
    """Everybody who is reported to work there, with what was said so far."""
    return await _shown(token, request, gateway)


@public.post("/konfirmasi/{token}")
async def answer(
    token: str,
    request: Request,
    gateway: TheGateway,
    orang: Annotated[str, Form(max_length=100)],
    kata: Annotated[Says, Form()],
    sejak: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Keep what is said of one person, and go back to them."""
    csrf.check_origin(request)
    try:
        left_on = date.fromisoformat(sejak) if kata == "left" and sejak.strip() else None
        await confirmations.answer(token, Answer(reference=orang, says=kata, left_on=left_on), request, gateway)
    except ValueError:
        return await _shown(token, request, gateway, fault=(f"sejak-{orang}", "not_a_date"), status=422)
    except (Refused, NotFound) as refused:
        if refused.code in _OVER:
            return _no_longer(request, refused)
        if refused.status not in (409, 422):
            raise
        field = f"sejak-{orang}" if refused.status == 422 else ""
        return await _shown(token, request, gateway, fault=(field, refused.code), status=refused.status)
    return RedirectResponse(f"/konfirmasi/{quote(token, safe='')}#orang-{quote(orang, safe='')}", status_code=303)


async def _shown(
    token: str, request: Request, gateway: TheGateway, *, fault: tuple[str, str] | None = None, status: int = 200
) -> Response:
    try:
        found = await confirmations.look(token, request, gateway)
    except (Refused, NotFound) as refused:
        if refused.code not in _OVER:
            raise
        return _no_longer(request, refused)
    told: dict[str, Any] = {"token": token, "found": found, "fault": fault, "over": None}
    return site.render(request, "jawaban_perusahaan.html", status=status, **told)


def _no_longer(request: Request, refused: Refused | NotFound) -> Response:
    told: dict[str, Any] = {"token": "", "found": None, "fault": None, "over": refused.code}
    return site.render(request, "jawaban_perusahaan.html", status=refused.status, **told)
