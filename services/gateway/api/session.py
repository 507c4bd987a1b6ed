"""Signing in and out, who one is, one's own sessions and password."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, SecretStr, StringConstraints

from services.gateway import csrf
from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.rates import network
from services.gateway.roles import PREFIX, Role
from services.gateway.sessions import Session
from shared.problems import Conflict, NotFound

router = APIRouter(prefix=PREFIX, tags=["session"])
public = APIRouter(prefix=PREFIX, tags=["session"])

_LONGEST = 1000
Password = Annotated[SecretStr, StringConstraints(max_length=_LONGEST)]


class Credentials(BaseModel):
    name: Annotated[str, StringConstraints(max_length=_LONGEST)]
    password: Password


class WhoAmI(BaseModel):
    """`by` what one is known; with a session the token that changing requests show in `X-CSRF-Token`."""

    name: str
    role: Role
    by: str
    expires_at: datetime | None
    csrf_token: str | None


class ShownSession(BaseModel):
    id: str
    started_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class SessionList(BaseModel):
    items: list[ShownSession]
    next_cursor: None = None


class NewPassword(BaseModel):
    current: Password
    new: Password


@public.post("/session", status_code=201)
async def sign_in(given: Credentials, request: Request, response: Response, gateway: TheGateway) -> WhoAmI:
    """Sign in with name and password: a cookie is set. 401 `sign_in_failed`, 429 after too many attempts."""
    csrf.check_origin(request)
    where = network(request)
    gateway.rates.sign_ins.take(where)
    cookies = gateway.cookies
    password = given.password.get_secret_value()
    signed_in = await gateway.signing_in.sign_in(given.name, password, where, cookies.browser(request))
    cookies.keep(response, signed_in.cookie, signed_in.browser)
    return WhoAmI(
        name=signed_in.user.id,
        role=signed_in.user.role,
        by="session",
        expires_at=signed_in.session.expires_at,
        csrf_token=csrf.token(signed_in.cookie),
    )


@router.get("/session")
async def who_am_i(caller: Known) -> WhoAmI:
    """Who one is, in which role, and until when."""
    cookie = caller.cookie
    return WhoAmI(
        name=caller.actor.name,
        role=Role(caller.actor.role),
        by="session" if cookie else "token",
        expires_at=caller.expires_at,
        csrf_token=csrf.token(cookie) if cookie else None,
    )


@router.delete("/session", status_code=204)
async def sign_out(response: Response, gateway: TheGateway, caller: Known) -> None:
    """End this session."""
    if caller.session is None:
        raise Conflict("no_session", "A token is no session; an administrator can revoke it.")
    await gateway.sessions.end(caller.actor.name, caller.session.id)
    gateway.cookies.forget_session(response)


@router.put("/session/password", status_code=204)
async def change_password(given: NewPassword, request: Request, gateway: TheGateway, caller: Known) -> None:
    """Change one's own password. All of one's sessions end, this one too; tokens stay."""
    current, new = given.current.get_secret_value(), given.new.get_secret_value()
    where = network(request)
    gateway.rates.sign_ins.take(where)
    await gateway.signing_in.change_password(caller.actor.name, current, new, where, gateway.cookies.browser(request))


@router.get("/sessions")
async def list_sessions(gateway: TheGateway, caller: Known) -> SessionList:
    """One's own sessions."""
    user = await gateway.store.users.known(caller.actor.name)
    found = await gateway.sessions.of_user(user.id, user.generation)
    return SessionList(items=[shown(one, current=caller.session) for one in found])


@router.delete("/sessions", status_code=204)
async def end_sessions(gateway: TheGateway, caller: Known) -> None:
    """End all of one's own sessions."""
    await gateway.store.users.end_sessions(caller.actor.name)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(
    session_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], gateway: TheGateway, caller: Known
) -> None:
    """End one of one's own sessions."""
    if not await gateway.sessions.end(caller.actor.name, session_id):
        raise NotFound("unknown_session", "You have no such session.")


def shown(session: Session, *, current: Session | None = None) -> ShownSession:
    """A session as its user, or an administrator, gets to see it."""
    return ShownSession(
        id=session.id,
        started_at=session.started_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        current=current is not None and session.id == current.id,
    )
