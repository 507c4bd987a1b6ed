"""The examples that other systems' developers begin with, run as they stand on a real broker."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractConnection

from deploy.management import Management
from deploy.subscribers import Subscribers
from deploy.urls import vhost_of
from shared import topology
from shared.contracts.certification import CertificateRevoked
from shared.contracts.placement import JobMatched
from shared.outsiders import NotGranted
from tests import queues
from tests.conftest import Urls
from tests.events import matched, message, until

EXAMPLES = Path(__file__).parents[2] / "examples"
Heard = list[dict[str, Any]]


async def tell(broker: AbstractConnection, *about: tuple[str, int]) -> None:
    """A match of each (subject, sequence), as placement publishes it."""
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.outgoing("placement"), ensure=False)
        for subject, sequence in about:
            told = message(matched(subject), subject, sequence)
            await exchange.publish(told, JobMatched.routing_key(), mandatory=True)


@pytest.fixture
async def subscribers(servers: Urls) -> Subscribers:
    if servers.management is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given: no accounts can be created")
    await queues.empty(servers.amqp)
    return Subscribers(Management(servers.management, vhost_of(servers.amqp)), servers.amqp)


@pytest.fixture
def name(subscribers: Subscribers) -> Iterator[str]:
    found = f"uji-{uuid.uuid4().hex[:6]}"
    yield found
    subscribers._clear_away(found)


@pytest.fixture(scope="session")
def amqplib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in JavaScript, with what it needs installed beside it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NOT TESTED: there is no node and npm here, so examples/subscriber.js was not run")
    folder = tmp_path_factory.mktemp("node")
    for file in ("subscriber.js", "package.json", "package-lock.json", ".npmrc"):
        shutil.copy(EXAMPLES / file, folder)
    installed = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode != 0 and ("ENOTFOUND" in installed.stderr or "ECONNREFUSED" in installed.stderr):
        pytest.skip("NOT TESTED: no package registry is reached, so examples/subscriber.js was not run")
    assert installed.returncode == 0, installed.stderr
    return folder


@pytest.fixture(params=["python", "node"])
def command(request: pytest.FixtureRequest) -> list[str]:
    """How one of the examples is started."""
    if request.param == "python":
        return [sys.executable, str(EXAMPLES / "subscriber.py")]
    return ["node", str(request.getfixturevalue("amqplib") / "subscriber.js")]


@contextlib.asynccontextmanager
async def running(command: list[str], url: str, folder: Path) -> AsyncIterator[Heard]:
    """What the example has told so far; it is killed on leaving."""
    environment = {"PATH": os.environ["PATH"], "JALUR_SUBSCRIBER_URL": url, "JALUR_SEEN": str(folder / "seen")}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=subprocess.PIPE)
    heard: Heard = []

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            with contextlib.suppress(ValueError):  # it says that it is not connected
                heard.append(json.loads(line))

    reading = asyncio.create_task(read())
    try:
        yield heard
    finally:
        process.kill()
        await process.wait()
        await reading


def told(heard: Heard) -> list[tuple[str, str, bool]]:
    """(subject, sequence, whether it was overtaken) of each."""
    return [(*one["id"].split(":")[1:3], one["overtaken"]) for one in heard]


async def is_listening(url: str, name: str) -> bool:
    try:
        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            queue = await channel.declare_queue(f"{name}.in", passive=True)
            return bool(queue.declaration_result.consumer_count)
    except aio_pika.exceptions.AMQPError:
        return False


async def test_an_example_hears_each_event_once_whatever_happens(
    command: list[str], subscribers: Subscribers, name: str, broker: AbstractConnection, servers: Urls, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    await tell(broker, ("history", 1))  # nobody has bound a queue yet

    async def in_the_outlet() -> bool:  # and nobody's history is lost in what is carried over later
        (one,) = [one for one in await asyncio.to_thread(subscribers.all) if one.name == name]
        return one.behind == 0

    async with running(command, url, tmp_path) as heard:
        await until(lambda: is_listening(url, name), 60)
        await until(in_the_outlet, 30)
        await tell(broker, ("a", 2), ("a", 2), ("a", 1), ("b", 1))
        await until(lambda: len(heard) == 3, 30)
        assert told(heard) == [("a", "2", False), ("a", "1", True), ("b", "1", False)]
        # the connection is lost: it comes back by itself
        await asyncio.to_thread(close_connections, servers, name)
        await tell(broker, ("b", 2))
        await until(lambda: len(heard) == 4, 60)
    # it is killed, and misses nothing
    await tell(broker, ("c", 1), ("b", 1))
    async with running(command, url, tmp_path) as heard:
        await until(lambda: len(heard) == 1, 60)
        # what it may hear is told again by the operator; it knows all but what came before its queue
        copied = await asyncio.to_thread(subscribers.replay, name, "first")
        assert copied == 8
        await tell(broker, ("d", 1))
        await until(lambda: len(heard) == 3, 30)
        await asyncio.sleep(1)
        assert told(heard) == [("c", "1", False), ("history", "1", False), ("d", "1", False)]


def close_connections(servers: Urls, name: str) -> None:
    with httpx.Client() as client:
        found: list[dict[str, Any]] = []
        while not found:  # the broker's list lags behind
            everyone = client.get(f"{servers.management}/api/connections").json()
            found = [one for one in everyone if one.get("user") == name]
        for one in found:
            client.delete(f"{servers.management}/api/connections/{one['name']}")


async def test_history_is_what_was_granted_in_order_and_fits_the_queue_however_long_it_is(
    subscribers: Subscribers, name: str, broker: AbstractConnection, servers: Urls
) -> None:
    await tell(broker, *(("a", n) for n in range(200)))
    async with broker.channel() as channel:
        exchange = await channel.get_exchange(topology.outgoing("certification"), ensure=False)
        revoked = CertificateRevoked(applicant_id="a", programme_code="UJI-1", certificate_id="c", reason="x")
        await exchange.publish(message(revoked, "not granted"), revoked.routing_key())
        # what another service sends is no match, by whatever key it is routed
        forged = message(matched("forged"), "forged", CC=["selection.anything.v1"])
        exchange = await channel.get_exchange(topology.outgoing("selection"), ensure=False)
        await exchange.publish(forged, JobMatched.routing_key())
    url = await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    with pytest.raises(NotGranted, match="no queue yet"):
        await asyncio.to_thread(subscribers.replay, name, "first")
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(f"{name}.small", durable=True, arguments={"x-max-length": 20})
        await queue.bind(topology.EVENTS, "placement.#")
        with pytest.raises(NotGranted, match="nobody takes anything"):
            await asyncio.to_thread(subscribers.replay, name, "first", 1.0)
        await queue.purge()
        heard: list[int] = []

        async def take(one: aio_pika.abc.AbstractIncomingMessage) -> None:
            assert one.headers["ce-subject"] == "a" and one.message_id == one.headers["ce-id"]
            assert not [header for header in one.headers if header.startswith("x-stream")]
            await asyncio.sleep(0.01)
            heard.append(int(str(one.headers["ce-sequence"])))
            await one.ack()

        await channel.set_qos(prefetch_count=1)
        await queue.consume(take)
        assert await asyncio.to_thread(subscribers.replay, name, "first") == 200
        await until(lambda: len(heard) == 200)
        assert heard == list(range(200))


async def test_history_since_a_time_is_what_has_arrived_since(
    subscribers: Subscribers, name: str, broker: AbstractConnection, run_cli: Callable[..., str]
) -> None:
    await tell(broker, ("a", 1), ("a", 2))
    await asyncio.sleep(2.1)  # the broker knows whole seconds
    since = await asyncio.to_thread(subprocess.check_output, ["date", "-Iseconds"], text=True)
    await tell(broker, ("a", 3))
    url = await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(f"{name}.in", durable=True)
        await queue.bind(topology.EVENTS, "placement.#")
        said = await asyncio.to_thread(run_cli, "subscribers", "replay", name, "--since", since.strip())
        assert "told 1 events again" in said
        one = await queue.get()
        assert one.headers["ce-sequence"] == "000000000003"


@pytest.fixture
def run_cli(servers: Urls) -> Callable[..., str]:
    """The command, as the operator types it."""
    environment = {
        **os.environ,
        "JALUR_AMQP_URL": servers.amqp,
        "JALUR_AMQP_MANAGEMENT_URL": str(servers.management),
    }

    def run(*words: str) -> str:
        code = "from services.gateway.cli import app; app()"
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    return run
