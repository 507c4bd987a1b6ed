"""Real servers for the tests: named by the environment, else the local runner's or testcontainers'."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import pytest
from fastapi import FastAPI

from shared import actor_keys, actors
from shared.context import Actor
from shared.settings import ServiceSettings
from tests import queries, queues
from tests.in_memory import pytest_configure, pytest_unconfigure
from tests.side_by_side import pytest_xdist_make_scheduler

S = TypeVar("S", bound=ServiceSettings)

# pytest looks for its hooks here
__all__ = ["pytest_configure", "pytest_unconfigure", "pytest_xdist_make_scheduler"]

ACTOR_KEY = actor_keys.new_key()
ACTOR_PUBLIC_KEYS = actor_keys.public_keys(ACTOR_KEY)
STAFF = Actor(name="petugas", role="admin")


@dataclass(frozen=True)
class Urls:
    """As the operator. Without `management` services cannot have accounts of their own on RabbitMQ."""

    amqp: str
    mongo: str
    management: str | None = None


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    """One RabbitMQ and one MongoDB replica set for the whole run."""
    amqp, mongo = os.environ.get("JALUR_AMQP_URL"), os.environ.get("JALUR_MONGO_URL")
    if amqp and mongo:
        yield Urls(amqp, mongo, os.environ.get("JALUR_AMQP_MANAGEMENT_URL"))
        return
    from tests.servers import start

    with start(tmp_path_factory.mktemp("servers")) as urls:
        yield urls


@pytest.fixture
async def settings_for(servers: Urls) -> AsyncIterator[Callable[..., Any]]:
    """Settings with databases of their own and empty queues; all settings of one test share them.

    Whatever the test lets services ask their databases must be answered from indexes.
    """
    await queues.empty(servers.amqp)
    prefix = f"test_{uuid.uuid4().hex[:10]}"

    def make(kind: type[S], **more: Any) -> S:
        keys = {"actor_public_keys": ACTOR_PUBLIC_KEYS, "actor_private_key": ACTOR_KEY}
        return kind.load(amqp_url=servers.amqp, mongo_url=servers.mongo, db_prefix=prefix, **keys, **more)

    with queries.explained(servers.mongo, prefix):
        yield make


Running = Callable[..., contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def running() -> Running:
    """Runs an app in this process, with its lifespan, until ready; yields a client that carries an actor token."""

    @contextlib.asynccontextmanager
    async def run(
        build: Callable[[S], FastAPI], settings: S, audience: str, *, actor: Actor = STAFF
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = build(settings)
        headers = {"Authorization": f"Bearer {actors.sign(ACTOR_KEY, actor, audience)}"}
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url=f"http://{audience}", headers=headers, timeout=30
            ) as client,
        ):
            async with asyncio.timeout(30):
                while (await client.get("/health/ready")).status_code != httpx.codes.OK:
                    await asyncio.sleep(0.05)
            yield client

    return run


@pytest.fixture
async def broker(servers: Urls) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    """A connection with full rights, to publish as another service would and to look into queues."""
    connection = await aio_pika.connect(servers.amqp)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder of the two sample programmes."""
    return Path(__file__).parent.parent / "sample"
