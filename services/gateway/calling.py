"""Who calls the gateway: the user of the token or of the session, checked against the one table of roles.

An `Authorization` header decides alone when there is one; the cookie beside it then counts for nothing.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Header, Request

from services.gateway import csrf, roles
from services.gateway.roles import PREFIX
from services.gateway.sessions import Session
from shared import context
from shared.context import Actor
from shared.problems import Away, Forbidden, Unauthenticated

if TYPE_CHECKING:
    from services.gateway.api.gateway import Gateway

_ASKED_AGAIN_EVERY_S = 3.0

Language = Literal["id", "en"]


@dataclass(frozen=True)
class Caller:
    """Who acts, in which language they read messages, and the key under which they may repeat a request
    (a digest of what the client sent, which may well be a NIK, and of who they are: services keep it).

    `session` and the secret of its cookie are None for whoever came with a token.
    """

    actor: Actor
    language: Language = "id"
    idempotency_key: str | None = None
    expires_at: datetime | None = None
    session: Session | None = None
    cookie: str | None = field(default=None, repr=False)

    @property
    def sees_personal_data(self) -> bool:
        return self.actor.role in roles.SEES_PERSONAL_DATA

    @property
    def sees_health(self) -> bool:
        return self.actor.role in roles.SEES_HEALTH


PUBLIC = Caller(Actor(name="public", role="public"))
EMPLOYER = Caller(Actor(name="employer", role="employer"))  # whoever has an employer's link


async def caller(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200,
            pattern="^[ -~]*$",  # it goes on to the services in a header, which takes ASCII
            description="Repeat a POST under the same key: it takes effect once.",
        ),
    ] = None,
    accept_language: Annotated[str, Header(description="`en` for English messages.")] = "",
) -> Caller:
    """The caller of a route that is not for everybody. Raises Unauthenticated or Forbidden."""
    gateway: Gateway = request.app.state.gateway
    language: Language = "en" if accept_language.lower().startswith("en") else "id"
    found = await known(request)
    if found.cookie is not None:
        csrf.check(request, found.cookie)
    path = request.scope["route"].path.removeprefix(PREFIX)
    if not roles.may(found.actor.role, request.method, path):
        raise Forbidden("role_not_allowed", f"The role {found.actor.role} may not do this.")
    context.actor.set(found.actor)
    return gateway.services.once(replace(found, language=language), idempotency_key)


Known = Annotated[Caller, Depends(caller)]


async def no_longer(request: Request, caller: Caller) -> None:
    """Returns, within seconds, when the caller of an answer that goes on and on is not, or may not do, what they were.

    Listening is no use of a session: one that nobody uses otherwise ends.
    """
    while True:
        await asyncio.sleep(_ASKED_AGAIN_EVERY_S)
        try:
            if (await known(request, used=False)).actor != caller.actor:
                return
        except Unauthenticated:
            return
        except Away:
            continue


async def known(request: Request, *, used: bool = True) -> Caller:
    """Whose token or session it is, in whatever role. Raises Unauthenticated."""
    gateway: Gateway = request.app.state.gateway
    authorization = request.headers.get("authorization")
    if authorization:
        return await _by_token(authorization, gateway)
    if cookie := gateway.cookies.session(request):
        return await _by_session(cookie, gateway, used=used)
    raise Unauthenticated("token_missing", "Sign in, or send `Authorization: Bearer TOKEN`.")


async def _by_token(authorization: str, gateway: "Gateway") -> Caller:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated("token_missing", "Send `Authorization: Bearer TOKEN`.")
    user, token = await gateway.store.users.of_token(secret.strip())
    return Caller(Actor(name=user.id, role=user.role), expires_at=token.expires_at)


async def _by_session(cookie: str, gateway: "Gateway", *, used: bool) -> Caller:
    session = await gateway.sessions.of(cookie, used=used)
    user = await gateway.store.users.named(session.user) if session else None
    if session is None or user is None or user.disabled or user.generation != session.generation:
        raise Unauthenticated("session_over", "The session is over; sign in again.")
    actor = Actor(name=user.id, role=user.role)
    return Caller(actor, expires_at=session.expires_at, session=session, cookie=cookie)
