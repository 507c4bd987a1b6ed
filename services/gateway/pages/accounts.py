"""Pengguna: who may use the system, in which role; and Sandi, where everybody changes their own password."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from services.gateway.api import session, users
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.session import NewPassword
from services.gateway.api.users import Change, NewUser, Reset, WantedToken
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.visitor import SIGN_IN, Page, Visitor
from services.gateway.roles import Role
from services.gateway.secret import new_secret
from shared.problems import Conflict, Invalid, NotFound, Problem, TooMany, Unauthenticated

router = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]


@router.get("/pengguna")
async def list_users(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Everybody who may use the system, and who no longer may."""
    return await _listed(request, gateway, caller)


@router.post("/pengguna")
async def add(
    request: Request, gateway: TheGateway, caller: Visitor, nama: Text = "", peran: Text = "", kunci: Text = ""
) -> Response:
    """Add somebody; the token of the new account is shown this once. Sent twice it is one account."""
    typed = {"nama": nama, "peran": peran}
    try:
        wanted = NewUser(name=nama.strip().lower(), role=Role(peran))
    except (ValidationError, ValueError):
        return await _listed(request, gateway, caller, typed=typed, wrong="bad_name")
    once = gateway.services.once(caller, kunci)
    try:
        made = await users.add(wanted, gateway, once)
    except (Invalid, Conflict) as problem:
        return await _listed(request, gateway, caller, typed=typed, wrong=problem.code)
    return await _account(request, gateway, caller, made.name, token=made.token)


@router.get("/pengguna/{name}")
async def show(name: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """One account: role, tokens, sessions, and what was done to it by whom."""
    return await _account(request, gateway, caller, name)


@router.post("/pengguna/{name}/{tindakan}")
async def change(
    name: str,
    tindakan: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    peran: Text = "",
    label: Text = "",
    sandi: Password = "",
) -> Response:
    """Another role, disabled or enabled, a password, a token more or less, no sessions."""
    deeds: dict[str, Callable[[], Awaitable[Any]]] = {
        "peran": lambda: users.change_user(name, Change(role=Role(peran)), gateway, caller),
        "matikan": lambda: users.change_user(name, Change(disabled=True), gateway, caller),
        "hidupkan": lambda: users.change_user(name, Change(disabled=False), gateway, caller),
        "sandi": lambda: users.set_password(name, Reset(password=SecretStr(sandi)), gateway, caller),
        "token": lambda: users.new_token(name, gateway, caller, WantedToken(label=label or "default")),
        "cabut": lambda: users.revoke_token(name, label, gateway, caller),
        "sesi": lambda: users.end_sessions(name, gateway, caller),
    }
    if tindakan not in deeds:
        raise NotFound("not_found", "There is no such page.")
    try:
        done = await deeds[tindakan]()
    except (ValidationError, ValueError):
        return await _account(request, gateway, caller, name, wrong="bad_choice", form=tindakan)
    except (Conflict, Invalid) as problem:
        return await _account(request, gateway, caller, name, wrong=problem.code, form=tindakan)
    if tindakan == "token":
        return await _account(request, gateway, caller, name, token=done.token)
    if name == caller.actor.name and tindakan in ("peran", "sandi", "sesi", "matikan"):
        return RedirectResponse(SIGN_IN, status_code=303)  # one's own session has ended with it
    return RedirectResponse(f"/pengguna/{name}", status_code=303)


@router.get("/sandi")
async def own_password(request: Request, caller: Visitor) -> Response:
    """The form."""
    return site.render(request, "sandi.html", caller, wrong="")


@router.post("/sandi")
async def change_own(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    sandi_sekarang: Password = "",
    sandi_baru: Password = "",
    sandi_ulang: Password = "",
) -> Response:
    """One's own password; all of one's sessions end, and one signs in anew."""
    if sandi_baru != sandi_ulang:
        return site.render(request, "sandi.html", caller, status=422, wrong="not_repeated")
    given = NewPassword(current=SecretStr(sandi_sekarang), new=SecretStr(sandi_baru))
    problem: Problem
    try:
        await session.change_password(given, request, gateway, caller)
    except (Unauthenticated, Invalid, TooMany) as problem:
        status = 422 if isinstance(problem, Unauthenticated) else problem.status
        return site.render(request, "sandi.html", caller, status=status, wrong=problem.code)
    response = RedirectResponse(SIGN_IN, status_code=303)
    gateway.cookies.forget_session(response)
    return response


async def _listed(
    request: Request, gateway: Gateway, caller: Caller, *, typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    told = {
        "users": (await users.list_users(gateway, caller)).items,
        "roles": list(Role),
        "typed": typed or {},
        "wrong": wrong,
        "key": new_secret(),
    }
    return site.render(request, "pengguna.html", caller, status=422 if wrong else 200, **told)


async def _account(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    name: str,
    *,
    token: str | None = None,
    wrong: str = "",
    form: str = "",
) -> Response:
    """`token` is shown this once; `wrong` is why the `form` was not accepted."""
    account = await users.show_user(name, gateway, caller)
    told: dict[str, Any] = {"account": account, "roles": list(Role), "token": token, "wrong": wrong, "form": form}
    return site.render(request, "satu_pengguna.html", caller, status=422 if wrong else 200, **told)
