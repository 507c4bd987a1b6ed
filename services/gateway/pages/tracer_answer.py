"""What a graduate's own link leads to: four large buttons, on any phone, without a script and without signing in."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import csrf
from services.gateway.api import tracer
from services.gateway.api.gateway import TheGateway
from services.gateway.api.tracer import Answer
from services.gateway.pages import site
from services.gateway.pages.visitor import Page
from services.gateway.services import Refused

public = APIRouter(route_class=Page, include_in_schema=False)

_STATUSES = ("employed", "self_employed", "unemployed", "studying")


@public.get("/lulusan/{token}")
async def ask(token: str, request: Request, gateway: TheGateway, ubah: str = "") -> Response:
    """The question; thanks, once it is answered, with a way to change the answer while the wave is open."""
    try:
        found = await tracer.look(token, request, gateway)
    except Refused as refused:
        if refused.code != "unknown_link":
            raise
        return _shown(request, token, None, status=404)
    return _shown(request, token, found, asked=not found["answer"] or bool(ubah))


@public.post("/lulusan/{token}")
async def answer(
    token: str,
    request: Request,
    gateway: TheGateway,
    status: Annotated[Literal["employed", "self_employed", "unemployed", "studying"], Form()],
    tempat: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Keep the answer, and say thanks."""
    csrf.check_origin(request)
    try:
        said = Answer(status=status, employer=tempat.strip() or None)
        await tracer.answer(token, said, request, gateway)
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        if refused.code == "changed_too_often":
            found = await tracer.look(token, request, gateway)
            return _shown(request, token, found, too_often=True, status=refused.status)
    return RedirectResponse(f"/lulusan/{token}", status_code=303)


def _shown(
    request: Request,
    token: str,
    found: dict[str, Any] | None,
    *,
    asked: bool = False,
    too_often: bool = False,
    status: int = 200,
) -> Response:
    """`too_often` says that the answer that stands is not changed by link any more."""
    told: dict[str, Any] = {"token": token, "found": found, "asked": asked, "statuses": _STATUSES}
    told["too_often"] = too_often
    return site.render(request, "jawaban_lulusan.html", status=status, **told)
