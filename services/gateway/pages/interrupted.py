"""A form that was sent when its session was over is kept until its user has signed in again: nothing typed is lost.

It is sealed for the browser that sent it, and shown to the same user alone. Passwords and files are never kept.
"""

import logging

from fastapi import Request
from starlette.responses import Response

from services.gateway import csrf
from services.gateway.api.gateway import Gateway
from services.gateway.secret import new_secret
from services.gateway.uploads import form_of
from shared.problems import Problem

log = logging.getLogger(__name__)

KEPT_S = 3600
WHERE = "/isian"  # where it is shown again
_ABOUT = "interrupted"
_SECRET = ("csrf_token", "password", "sandi", "current", "new")  # names of fields begin so
_MOST_CHARACTERS = 100_000


async def keep(request: Request, csrf_field: str) -> str | None:
    """The secret under which the form of this request is kept; None when it is none of ours, or of nobody known."""
    gateway: Gateway = request.app.state.gateway
    cookie = gateway.cookies.session(request)
    user = await gateway.sessions.whose(cookie) if cookie else None
    if cookie is None or user is None or request.method != "POST":
        return None
    try:
        form = await form_of(request)
        csrf.check(request, cookie, str(form.get(csrf_field, "")))
    except Problem:
        return None
    fields = [
        (name, value) for name, value in form.multi_items() if isinstance(value, str) and not name.startswith(_SECRET)
    ]
    if not fields or sum(len(name) + len(value) for name, value in fields) > _MOST_CHARACTERS:
        return None
    secret = new_secret()
    await gateway.interrupted.keep(secret, _ABOUT, {"user": user, "action": request.url.path, "fields": fields})
    log.info("a form was kept whose session was over")
    return secret


async def kept(request: Request, user: str) -> tuple[str, list[tuple[str, str]]] | None:
    """Where this user's form was sent to, and what was in it."""
    gateway: Gateway = request.app.state.gateway
    secret = gateway.cookies.interrupted(request)
    found = await gateway.interrupted.kept(secret, _ABOUT) if secret else None
    if found is None or found["user"] != user:
        return None
    return found["action"], [(name, value) for name, value in found["fields"]]


async def settle(request: Request, response: Response, action: str | None = None) -> None:
    """Forget what was kept: it has been sent to where it belongs (or to `action`), or given up."""
    gateway: Gateway = request.app.state.gateway
    secret = gateway.cookies.interrupted(request)
    found = await gateway.interrupted.kept(secret, _ABOUT) if secret else None
    if secret is not None and found is not None and found["action"] == (action or request.url.path):
        await gateway.interrupted.forget(secret, _ABOUT)
        gateway.cookies.forget_interrupted(response)
