"""Counts, times and traces what is answered over HTTP, and shows metrics to whoever has the token for them."""

import hmac
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from opentelemetry.trace import Span
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import metrics, tracing
from shared.problems import METHODS, Unauthenticated

# asked every few seconds, or open for hours
_UNTRACED = ("/health/", "/metrics", "/api/v1/events")
_OTHER = "other"  # what a client makes up must not become a series of its own


class Metering:
    """Each request under the template of its route: what a client writes in a path is in no label."""

    def __init__(self, app: ASGIApp, *, public: bool) -> None:
        self._app = app
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(_UNTRACED):
            await self._answer(scope, receive, send, None)
        else:
            # what strangers send us is no trace of ours
            given = None if self._public else Headers(scope=scope).get(tracing.HEADER)
            with tracing.answering(given) as span:
                await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span | None) -> None:
        began = time.perf_counter()
        status = "none"

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                metrics.answering.labels(*labels()).observe(time.perf_counter() - began)
            await send(message)

        def labels() -> tuple[str, str]:
            method = scope["method"]
            return (method if method in METHODS else _OTHER), route_of(scope)

        try:
            await self._app(scope, receive, note)
        except Exception:
            status = "500" if status == "none" else status
            raise
        finally:
            metrics.answers.labels(*labels(), status).inc()
            tracing.answered(span, *labels(), status)


def route_of(scope: Scope) -> str:
    """The template of the route that a request was given to."""
    return str(getattr(scope.get("route"), "path", _OTHER))


def router(token: SecretStr | None, measure: Callable[[], Awaitable[None]]) -> APIRouter:
    """`/metrics`; `measure` brings up to date what is looked up when somebody asks."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def show(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode())
        if scheme.lower() != "bearer" or not known:
            raise Unauthenticated("invalid_token", "The call carries no token for metrics.")
        await measure()
        return Response(metrics.exposed(), media_type=metrics.CONTENT_TYPE)

    return router
