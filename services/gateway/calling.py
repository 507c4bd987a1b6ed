"""Who calls the gateway: the token's user, checked against the one table of roles, and what they asked for."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Request

from services.gateway import roles
from services.gateway.roles import PREFIX
from shared import context
from shared.context import Actor
from shared.problems import Forbidden, Unauthenticated

Language = Literal["id", "en"]


@dataclass(frozen=True)
class Caller:
    """Who acts, in which language they read messages, and the key under which they may repeat a request."""

    actor: Actor
    language: Language = "id"
    idempotency_key: str | None = None

    @property
    def sees_personal_data(self) -> bool:
        return self.actor.role in roles.SEES_PERSONAL_DATA

    @property
    def sees_health(self) -> bool:
        return self.actor.role in roles.SEES_HEALTH


PUBLIC = Caller(Actor(name="public", role="public"))


async def caller(
    request: Request,
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="Repeat a POST under the same key: it takes effect once.")
    ] = None,
    accept_language: Annotated[str, Header(description="`en` for English messages.")] = "",
) -> Caller:
    """The caller of a route that needs a token. Raises Unauthenticated or Forbidden."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("token_missing", "Send `Authorization: Bearer TOKEN`.")
    user = await request.app.state.store.users.of_token(token.strip())
    path = request.scope["route"].path.removeprefix(PREFIX)
    if not roles.may(user.role, request.method, path):
        raise Forbidden("role_not_allowed", f"The role {user.role} may not do this.")
    actor = Actor(name=user.id, role=user.role)
    context.actor.set(actor)
    language: Language = "en" if accept_language.lower().startswith("en") else "id"
    return Caller(actor, language, idempotency_key)


Known = Annotated[Caller, Depends(caller)]
