"""Calls between our services carry a short-lived signed token that names who acts; nobody trusts a header alone."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

import jwt
from fastapi import Request

from shared import context
from shared.context import Actor
from shared.problems import Unauthenticated

LIFETIME_S = 60
_CLOCK_SKEW_S = 30
_ALGORITHM = "HS256"


def sign(key: str, actor: Actor, audience: str) -> str:
    """A token with which `actor` may call the service named `audience` for a minute."""
    claims = {"sub": actor.name, "role": actor.role, "aud": audience, "exp": int(time.time()) + LIFETIME_S}
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def verify(key: str, token: str, audience: str) -> Actor:
    """The actor a token names. Raises Unauthenticated when it is forged, stale or meant for another service."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            leeway=_CLOCK_SKEW_S,
            options={"require": ["sub", "exp", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise Unauthenticated("invalid_token", "The call carries no valid actor token.") from error
    return Actor(name=str(claims["sub"]), role=str(claims.get("role", "")))


def required(key: str, audience: str) -> Callable[[Request], Coroutine[Any, Any, Actor]]:
    """A FastAPI dependency: the call's actor, also set in the context for ledgers and events."""

    async def actor_of(request: Request) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("invalid_token", "The call carries no actor token.")
        actor = verify(key, token, audience)
        context.actor.set(actor)
        return actor

    return actor_of
