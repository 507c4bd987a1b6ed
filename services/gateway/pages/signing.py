"""Signing in and out, the language, and where to begin."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import csrf
from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Language, known
from services.gateway.pages import interrupted, site
from services.gateway.pages.visitor import SIGN_IN, Page, Visitor
from services.gateway.rates import network
from shared.problems import TooMany, Unauthenticated

router = APIRouter(route_class=Page, include_in_schema=False)
public = APIRouter(route_class=Page, include_in_schema=False)

START = "/beranda"
_LONGEST = 1000


@public.get("/")
async def begin(request: Request) -> Response:
    """For everybody; staff who have signed in have their own."""
    try:
        await known(request)
    except Unauthenticated:
        return site.render(request, "awal.html")
    return RedirectResponse(START, status_code=303)


@public.get(SIGN_IN)
async def sign_in_form(request: Request, lanjut: str = "") -> Response:
    """The form; `lanjut` is where to go afterwards."""
    return site.render(request, "masuk.html", lanjut=_inside(lanjut), name="", problem=None)


@public.post(SIGN_IN)
async def sign_in(
    request: Request,
    gateway: TheGateway,
    name: Annotated[str, Form(max_length=_LONGEST)] = "",
    password: Annotated[str, Form(max_length=_LONGEST)] = "",
    lanjut: Annotated[str, Form()] = "",
) -> Response:
    csrf.check_origin(request)
    where = network(request)
    back = _inside(lanjut)
    try:
        gateway.rates.sign_ins.take(where)
        signed_in = await gateway.signing_in.sign_in(name, password, where, gateway.cookies.browser(request))
    except (Unauthenticated, TooMany) as problem:
        status = problem.status
        return site.render(request, "masuk.html", status=status, lanjut=back, name=name, problem=problem)
    response = RedirectResponse(back, status_code=303)
    gateway.cookies.keep(response, signed_in.cookie, signed_in.browser)
    return response


@router.get(interrupted.WHERE)
async def interrupted_form(request: Request, caller: Visitor) -> Response:
    """The form that one has sent when the session was over: to be sent now, or given up."""
    found = await interrupted.kept(request, caller.actor.name)
    action, fields = found or ("", [])
    return site.render(request, "isian.html", caller, action=action, fields=fields)


@router.post(f"{interrupted.WHERE}/buang")
async def drop_interrupted(request: Request, caller: Visitor) -> Response:
    """Give it up."""
    response = RedirectResponse(START, status_code=303)
    if found := await interrupted.kept(request, caller.actor.name):
        await interrupted.settle(request, response, found[0])
    return response


@router.post("/keluar")
async def sign_out(gateway: TheGateway, caller: Visitor) -> Response:
    if caller.session is not None:
        await gateway.sessions.end(caller.actor.name, caller.session.id)
    response = RedirectResponse(SIGN_IN, status_code=303)
    gateway.cookies.forget_session(response)
    return response


@public.post("/bahasa")
async def choose_language(
    request: Request,
    gateway: TheGateway,
    language: Annotated[Language, Form()],
    lanjut: Annotated[str, Form()] = "",
) -> Response:
    csrf.check_origin(request)
    response = RedirectResponse(_inside(lanjut), status_code=303)
    site.keep_language(response, language, tls=gateway.cookies.tls)
    return response


def _inside(path: str) -> str:
    """Where to go on: a path of ours, never another site's address."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if ours else START
