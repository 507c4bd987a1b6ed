"""Wires a service: HTTP, database, relay and subscriptions, started and stopped together."""

import asyncio
import contextlib
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE

from shared import VERSION, actors, context, logs, metering, openapi, parking_api, problems, serving, tracing
from shared.audit import api as audit_api
from shared.ending import end
from shared.free_text import holds_nik
from shared.hearing import Hearing
from shared.messaging import Subscriptions
from shared.outbox import Relay
from shared.parking import Parking
from shared.progress import Progress, progress
from shared.settings import ServiceSettings
from shared.storage import Storage, StorageAway
from shared.unwatched import settle
from shared.upkeep import Upkeep
from shared.vitals import Vitals

log = logging.getLogger(__name__)

_PREPARE_PAUSE_S = 0.5
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")

Background = Callable[[], Coroutine[Any, Any, None]]


def storage_of(settings: ServiceSettings, service: str) -> Storage:
    """The service's own database."""
    return Storage(settings.mongo_url.get_secret_value(), f"{settings.db_prefix}_{service}", service)


def create(
    settings: ServiceSettings,
    storage: Storage,
    store: Any,
    on: Subscriptions,
    routers: Sequence[APIRouter],
    *,
    prepare_first: Sequence[Background] = (),
    background: Sequence[Background] = (),
    closing: Sequence[Background] = (),
    public: bool = False,
    **fastapi: Any,
) -> FastAPI:
    """The application of one service. `store` is what its handlers and routes work with (`request.app.state.store`).

    Routers are reachable with an actor token only, unless `public`, where the service authenticates by itself (the
    gateway). Nothing is heard or published before `prepare_first` is done; `background`
    coroutines run while the service does, after the database is prepared, and `closing` when all of them have ended.
    """
    amqp_url = settings.amqp_url.get_secret_value()
    upkeep = Upkeep(amqp_url, on)
    parking = Parking(amqp_url, storage, [one.queue for one in on.subscriptions], upkeep.count_parked)
    relay = Relay(amqp_url, storage)
    hearing = Hearing(amqp_url, storage, on, relay)
    vitals = Vitals(storage, relay, upkeep, hearing)
    prepared = asyncio.Event()

    async def prepare() -> None:
        while not prepared.is_set():
            try:
                await storage.prepare()
                for first in prepare_first:
                    await first()
                prepared.set()
            except StorageAway:
                await asyncio.sleep(_PREPARE_PAUSE_S)

    async def run(start: Background) -> None:
        await prepared.wait()
        await start()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        listening = [relay.run, lambda: on.run(amqp_url, store), hearing.run, upkeep.run, *background]
        tasks = [asyncio.create_task(prepare()), *(asyncio.create_task(run(start)) for start in listening)]
        for task in tasks:
            task.add_done_callback(_report)
        try:
            yield
        finally:
            for task in tasks:
                task.remove_done_callback(_report)
            await end(*tasks)
            storage.close()
            for close in closing:
                await close()
            await asyncio.to_thread(tracing.end)

    closed = {"openapi_url": None, "docs_url": None, "redoc_url": None, "redirect_slashes": False}
    app = FastAPI(lifespan=lifespan, **{**closed, **fastapi})
    app.state.store = store
    app.state.settings = settings
    app.state.parking = parking
    problems.install(app)
    openapi.describe(app)
    app.add_middleware(Correlation)
    app.add_middleware(Stopping)
    app.add_middleware(metering.Metering, public=public)
    guard = [] if public else [Depends(actors.required(settings.actor_public_keys, storage.service))]
    for router in routers:
        if public:  # as it is: to include it would make each of its routes, with all its models, a second time
            app.router.routes.extend(router.routes)
        else:
            app.include_router(router, dependencies=guard)

    async def check() -> dict[str, bool]:
        database = await _answers(storage) and prepared.is_set()
        return {"relay": relay.connected, "consumers": on.ready, "database": database}

    async def measure() -> None:
        await vitals.measure(all((await check()).values()))

    app.include_router(metering.router(settings.metrics_token, measure))

    @app.get("/health/live", include_in_schema=public)
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    async def readiness() -> dict[str, Any]:
        checks, shown = await asyncio.gather(check(), vitals.now())  # each may wait for the database
        status = "ready" if all(checks.values()) else "not ready"
        version = {} if public else {"version": VERSION}
        return {"status": status, "service": storage.service, **version, "checks": checks, **shown}

    app.state.readiness = readiness

    @app.get("/health/ready", include_in_schema=public)
    async def ready() -> JSONResponse:
        """The database answers, the relay is connected, and every queue has a consumer.

        Beside that: the age of the oldest outbox entry, how many documents are stuck with an event that cannot be
        published, how many messages are parked, and whether the service is making good what a lost queue did not bring.
        """
        body = await readiness()
        return JSONResponse(body, status_code=200 if body["status"] == "ready" else 503)

    if not public:
        app.include_router(audit_api.router_of(storage), dependencies=guard)
        app.include_router(parking_api.router(parking), dependencies=guard)

        @app.get("/openapi.json", dependencies=guard, include_in_schema=False)
        async def description() -> dict[str, Any]:
            return app.openapi()

        @app.get("/internal/progress/{programme_code}", dependencies=guard)
        async def how_far(programme_code: str) -> Progress:
            return await progress(storage, programme_code)

    return app


class Stopping:
    """A request that is cut off because its process ends is answered 503: elsewhere it can be repeated."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def note(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, note)
        except asyncio.CancelledError:
            # by uvicorn, which has waited for a while and would answer 500
            if scope["type"] != "http" or answered:
                raise
            problem = problems.document(503, "stopping", "This process is stopping; repeat the request.")
            await problem(scope, receive, send)


class Correlation:
    """Each request carries on the correlation id it came with, or starts one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Request(scope).headers.get("x-correlation-id", "")
            # it travels in events, and a client may put in whatever it has at hand
            usable = _CORRELATION.fullmatch(given) and not holds_nik(given)
            context.correlation_id.set(given if usable else None)
            context.correlation()
        await self._app(scope, receive, send)


def run(service: str, build: Callable[[], FastAPI], settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings.log_level, service, settings.log_format)
    tracing.configure(service, settings.otlp_url, settings.traced_share)
    log.info("starting, pid %s", os.getpid())

    def built() -> FastAPI:
        app = build()
        settle()
        return app

    listening = uvicorn.Config(built, factory=True, host=settings.http_host, port=settings.http_port, **serving.OPTIONS)
    server = serving.CalmServer(listening)
    with contextlib.suppress(KeyboardInterrupt):  # which has ended it in good order
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


async def _answers(storage: Storage) -> bool:
    try:
        await storage.ping()
    except StorageAway:
        return False
    return True


def _report(task: asyncio.Task[None]) -> None:
    # cancelled by nobody here: aio-pika cancels what waits on a dead connection
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is not None:
        log.critical("a background task of the service has ended", exc_info=error)
        os._exit(1)  # a service that listens no more must not look alive: let the supervisor start it again
