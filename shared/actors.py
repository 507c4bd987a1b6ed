"""Calls between our services carry a short-lived signed token that names who acts; nobody trusts a header alone."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

import jwt
from fastapi import Request

from shared import actor_keys, context
from shared.context import Actor
from shared.problems import Unauthenticated

LIFETIME_S = 60
_CLOCK_SKEW_S = 30


def sign(private_key: str, actor: Actor, audience: str) -> str:
    """A token with which `actor` may call the service named `audience` for a minute."""
    key = actor_keys.signing(private_key)
    claims = {"sub": actor.name, "role": actor.role, "aud": audience, "exp": int(time.time()) + LIFETIME_S}
    return jwt.encode(claims, key, algorithm=actor_keys.ALGORITHM, headers={"kid": key.key_id})


def verify(public_keys: str, token: str, audience: str) -> Actor:
    """The actor a token names. Raises Unauthenticated when it is forged, stale or meant for another service."""
    try:
        claims = jwt.decode(
            token,
            _key_of(token, public_keys),
            algorithms=[actor_keys.ALGORITHM],
            audience=audience,
            leeway=_CLOCK_SKEW_S,
            options={"require": ["sub", "exp", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise Unauthenticated("invalid_token", "The call carries no valid actor token.") from error
    return Actor(name=str(claims["sub"]), role=str(claims.get("role", "")))


def required(public_keys: str, audience: str) -> Callable[[Request], Coroutine[Any, Any, Actor]]:
    """A FastAPI dependency: the call's actor, also set in the context for ledgers and events.

    Raises ValueError at once when these are no usable keys.
    """
    actor_keys.verifying(public_keys)

    async def actor_of(request: Request) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("invalid_token", "The call carries no actor token.")
        actor = verify(public_keys, token, audience)
        context.actor.set(actor)
        return actor

    return actor_of


def _key_of(token: str, public_keys: str) -> jwt.PyJWK:
    kid = jwt.get_unverified_header(token).get("kid")
    key = actor_keys.verifying(public_keys).get(str(kid))
    if key is None:
        raise jwt.InvalidTokenError("signed with a key that is not known here")
    return key
