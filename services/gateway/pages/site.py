"""Renders templates for whoever looks, and gives out the files that pages load."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.gateway import csrf, messages
from services.gateway.calling import Caller, Language
from services.gateway.pages import language as languages
from services.gateway.pages import words
from services.gateway.roles import may

_STATIC = Path(__file__).parent / "static"
_LANGUAGE_COOKIE = "jalur_bahasa"
LANGUAGES: tuple[Language, ...] = ("id", "en")


def render(
    request: Request, template: str, caller: Caller | None = None, *, status: int = 200, **told: Any
) -> Response:
    """The page. `told` is what the template names; every template also has those of `_always`."""
    page = _environment(language(request)).get_template(template)
    return HTMLResponse(page.render(**_always(request, caller), **told), status_code=status)


def language(request: Request) -> Language:
    """Indonesian, unless this browser has asked for English."""
    return "en" if request.cookies.get(_LANGUAGE_COOKIE) == "en" else "id"


def keep_language(response: Response, chosen: Language, *, tls: bool) -> None:
    response.set_cookie(_LANGUAGE_COOKIE, chosen, max_age=365 * 24 * 3600, httponly=True, samesite="lax", secure=tls)


def _always(request: Request, caller: Caller | None) -> dict[str, Any]:
    def allowed(method: str, path: str) -> bool:
        return caller is not None and may(caller.actor.role, method, path)

    here = request.url.path
    if request.method == "GET":
        address = here + (f"?{request.url.query}" if request.url.query else "")
    else:  # what a form is sent to stands below the page that it is on
        address = here.rpartition("/")[0] or here
    return {
        "caller": caller,
        "csrf_token": csrf.token(caller.cookie) if caller and caller.cookie else "",
        "allowed": allowed,
        "here": here,
        "address": address,
        "language": language(request),
        "asset": asset,
    }


@cache
def _environment(chosen: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.gateway.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    _ = gettext = languages.gettext(chosen)
    environment.globals |= {
        "_": gettext,
        "say": lambda kind, code: _(words.say(kind, code)),
        "message": lambda reason: messages.message(reason, chosen),
    }
    environment.filters |= languages.filters(chosen)
    return environment


@cache
def asset(name: str) -> str:
    """The address of a file that pages load; another content has another address."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


class Assets(StaticFiles):
    """They may be kept for a year: their addresses change with their content."""

    def __init__(self) -> None:
        super().__init__(directory=_STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
