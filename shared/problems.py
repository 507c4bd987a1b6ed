"""What can go wrong, as RFC 9457 problem documents: one table from exceptions to answers."""

import json
import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2


class Problem(Exception):
    """An error a client can act on. `code` is stable and machine-readable, `detail` one plain sentence."""

    status = 400

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.extra = extra


class Unauthenticated(Problem):
    status = 401


class Forbidden(Problem):
    status = 403


class NotFound(Problem):
    status = 404


class Conflict(Problem):
    status = 409


class TooLarge(Problem):
    status = 413


class Invalid(Problem):
    """The request is understood but cannot be used; `errors` lists column or field, value and reason."""

    status = 422


class TooMany(Problem):
    """Too often; `retry_after_s` says when it may be tried again."""

    status = 429

    def __init__(self, code: str, detail: str, retry_after_s: float) -> None:
        super().__init__(code, detail, retry_after_s=max(1, math.ceil(retry_after_s)))


class Away(Problem):
    """A server we need is away and the outcome may be unknown: repeat with the same Idempotency-Key."""

    status = 503


METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    422: "Cannot be used",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not available at the moment",
}


class ProblemDocument(JSONResponse):
    """In ASCII: a problem may name what was sent, lone surrogates included, and still be told."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode("ascii")


def document(
    status: int,
    code: str,
    detail: str,
    extra: Mapping[str, Any] | None = None,
    more_headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """One problem document; members of `extra` stand beside the standard ones."""
    headers = {**(more_headers or {}), **retry_after(status, extra)}
    if status == Unauthenticated.status:
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "type": f"urn:jalur:problem:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        **(extra or {}),
    }
    return ProblemDocument(body, status_code=status, headers=headers)


def retry_after(status: int, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The header that says when to ask again, where that is known."""
    if status == TooMany.status and extra:
        return {"Retry-After": str(extra["retry_after_s"])}
    return {"Retry-After": str(RETRY_AFTER_S)} if status == Away.status else {}


def install(app: FastAPI) -> None:
    """Let every error of `app` leave it as a problem document, without a stack trace or the offending values."""

    @app.exception_handler(Problem)
    async def _(request: Request, error: Problem) -> JSONResponse:
        return document(error.status, error.code, error.detail, error.extra)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in item["loc"][1:]), "reason": item["type"], "detail": item["msg"]}
            for item in error.errors()
        ]
        return document(422, "invalid", "The request does not have the expected form.", {"errors": errors})

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(app, request))
        return document(error.status_code, code, str(error.detail), more_headers=headers)

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error on %s %s", request.method, request.scope.get("route"), exc_info=error)
        return document(500, "unexpected", "An unexpected error; it has been logged.")


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods of all routes of a path; the router itself names only those of the first."""
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
