"""An outside subscriber hears what it was granted, and can harm nothing: tried on a real broker."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import AMQPError, ChannelAccessRefused
from typer.testing import CliRunner

from deploy import accounts, definitions
from deploy import topology as deployed
from deploy.management import Management, ManagementFailed
from deploy.subscribers import Subscribers, let_gateways_look
from deploy.urls import as_account, in_vhost, vhost_of
from services.gateway.cli import app
from services.gateway.outside import Outside, OutsideSubscriber
from shared import topology
from shared.contracts import ALL, Event
from shared.contracts.certification import CertificateRevoked
from shared.contracts.placement import JobMatched
from shared.outsiders import NotGranted, grantable, granted_by
from shared.problems import Away, Conflict
from tests.conftest import Urls
from tests.events import matched, message, until

PLACEMENT = ["placement.job_matched.v1", "placement.match_answered.v1", "placement.placement_recorded.v1"]
# who applied, and what became of them: facts, reason codes, and reasons in somebody's own words
ABOUT_HEALTH = {
    "registration.applicant_registered.v1",
    "registration.applicant_corrected.v1",
    "registration.applicant_withdrawn.v1",
    "selection.applicant_screened.v1",
    "selection.selection_decided.v1",
}


@pytest.fixture
async def subscribers(servers: Urls) -> Subscribers:
    if servers.management is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given: no accounts can be created")
    await deployed.declare(servers.amqp)
    return Subscribers(Management(servers.management, vhost_of(servers.amqp)), servers.amqp)


@pytest.fixture
def name(servers: Urls) -> Iterator[str]:
    found = f"uji-{uuid.uuid4().hex[:6]}"
    yield found
    if servers.management:
        Subscribers(Management(servers.management, vhost_of(servers.amqp)), servers.amqp)._clear_away(found)


@pytest.fixture
async def outside(subscribers: Subscribers, name: str) -> AsyncIterator[AbstractConnection]:
    """A connection of somebody who was granted the events of placement."""
    url = await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    async with await aio_pika.connect(url) as connection:
        yield connection


async def told(broker: AbstractConnection, *events: Event) -> None:
    """What the services publish; returns when the broker has confirmed it."""
    async with broker.channel(publisher_confirms=True) as channel:
        async with asyncio.timeout(20):
            for event in events:
                exchange = await channel.get_exchange(topology.outgoing(event.service), ensure=False)
                subject = str(getattr(event, "applicant_id", "x"))
                await exchange.publish(message(event, subject), event.routing_key(), mandatory=True)


async def refused(connection: AbstractConnection, attempt: Callable[[AbstractChannel], Awaitable[object]]) -> None:
    async with connection.channel(publisher_confirms=True) as channel:
        with pytest.raises(ChannelAccessRefused):
            await attempt(channel)


async def test_it_hears_what_it_was_granted_and_nothing_else(
    subscribers: Subscribers, name: str, outside: AbstractConnection, broker: AbstractConnection
) -> None:
    heard: list[aio_pika.abc.AbstractIncomingMessage] = []
    async with outside.channel() as channel:
        queue = await channel.declare_queue(f"{name}.in", durable=True)
        await queue.bind(topology.EVENTS, "placement.#")

        async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            heard.append(message)

        await queue.consume(hear, no_ack=True)
        revoked = CertificateRevoked(applicant_id="b", programme_code="UJI-1", certificate_id="c", reason="x")
        await told(broker, revoked, matched("a"))
        await until(lambda: len(heard) == 1)
    (one,) = heard
    assert (one.routing_key, json.loads(one.body)["applicant_id"]) == (PLACEMENT[0], "a")
    assert one.headers["ce-type"] == JobMatched.ce_type() and one.message_id == one.headers["ce-id"]
    for key in ("#", "*.*.*", "selection.#", "registration.applicant_registered.v1", "certification.#"):

        async def bind(channel: AbstractChannel, key: str = key) -> None:
            await (await channel.get_queue(f"{name}.in")).bind(topology.EVENTS, key)

        await refused(outside, bind)


async def test_it_can_reach_nothing_of_ours(
    servers: Urls, name: str, subscribers: Subscribers, outside: AbstractConnection
) -> None:
    account = httpx.URL(str(outside.url))  # type: ignore[attr-defined]
    with pytest.raises(AMQPError):  # our virtual host is closed to it, and with it every queue, exchange and log there
        await aio_pika.connect(in_vhost(str(account), vhost_of(servers.amqp)))
    signed = (account.username, account.password)
    async with httpx.AsyncClient(base_url=str(subscribers._api._where), auth=signed) as client:
        assert (await client.get("/api/overview")).status_code == httpx.codes.UNAUTHORIZED

    async def publish(channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange(topology.EVENTS, ensure=False)
        await exchange.publish(aio_pika.Message(b"{}"), PLACEMENT[0])

    async def by_default_exchange(channel: AbstractChannel) -> None:
        await channel.default_exchange.publish(aio_pika.Message(b"{}"), f"{name}.in")

    async def feed(channel: AbstractChannel) -> None:
        own = await channel.declare_exchange(f"{name}.own", "topic")
        await (await channel.get_exchange(topology.EVENTS, ensure=False)).bind(own, "#")

    async def overhear(channel: AbstractChannel) -> None:
        own = await channel.declare_exchange(f"{name}.own", "topic")
        await own.bind(topology.EVENTS, "#")

    for attempt in (publish, by_default_exchange, feed, overhear):
        await refused(outside, attempt)
    await refused(outside, lambda channel: channel.declare_exchange("jalur.mine"))
    await refused(outside, lambda channel: channel.declare_queue("jalur.log"))
    await refused(outside, lambda channel: channel.declare_queue(exclusive=True))
    await refused(outside, lambda channel: channel.exchange_delete(topology.EVENTS))


@pytest.mark.parametrize("overflow", ["drop-head", "reject-publish"])
async def test_one_who_does_not_listen_stops_nobody(
    name: str, outside: AbstractConnection, broker: AbstractConnection, subscribers: Subscribers, overflow: str
) -> None:
    """`reject-publish` on a queue in our virtual host would keep our own publishes from being confirmed, for ever."""
    async with outside.channel() as channel:
        full: dict[str, Any] = {"x-max-length": 5, "x-overflow": overflow}
        queue = await channel.declare_queue(f"{name}.full", durable=True, arguments=full)
        await queue.bind(topology.EVENTS, "placement.#")
        fine = await channel.declare_queue(f"{name}.fine", durable=True)
        await fine.bind(topology.EVENTS, "placement.#")
        await told(broker, *(matched(f"a{n}") for n in range(40)))
        subjects = await kept(channel, f"{name}.full", 5)
        # those that were rejected are offered again a few times, and find room once the first have been taken
        assert subjects[:5] == [f"a{n}" for n in (range(35, 40) if overflow == "drop-head" else range(5))]
        await until(lambda: all_carried_over(subscribers, name), seconds=60)
        await told(broker, matched("still heard"))


async def kept(channel: AbstractChannel, queue: str, count: int) -> list[str]:
    """The subjects of a queue that holds `count` messages, once all that is to come has come."""
    found: list[str] = []

    async def settled() -> bool:
        fine = await channel.declare_queue(queue.replace(".full", ".fine"), passive=True)
        full = await channel.declare_queue(queue, passive=True)
        ready = int(fine.declaration_result.message_count or 0), int(full.declaration_result.message_count or 0)
        return ready[0] >= 40 and ready[1] == count

    await until(settled)
    source = await channel.get_queue(queue, ensure=False)
    while (one := await source.get(fail=False, no_ack=True)) is not None:
        found.append(str(one.headers["ce-subject"]))
    return found


async def all_carried_over(subscribers: Subscribers, name: str) -> bool:
    (found,) = [one for one in await asyncio.to_thread(subscribers.all) if one.name == name]
    return found.behind == 0


async def test_its_queues_are_bounded_whatever_it_asks_for(
    name: str, outside: AbstractConnection, subscribers: Subscribers
) -> None:
    async with outside.channel() as channel:
        for n in range(10):
            await channel.declare_queue(f"{name}.{n}", durable=True, arguments={"x-max-length": 1_000_000_000})
    limits: dict[str, int] = {}

    async def known() -> bool:
        queue = await asyncio.to_thread(subscribers._api.get, "queues", name, f"{name}.0")
        limits.update(queue.get("effective_policy_definition") or {})
        return bool(limits)

    await until(known)
    assert set(limits) == {"max-length", "max-length-bytes", "expires"}
    assert limits["max-length"] * 10 < 1_000_000
    assert limits["max-length-bytes"] * 10 < 1 << 30
    async with outside.channel() as channel:
        with pytest.raises(AMQPError, match="queue limit"):
            await channel.declare_queue(f"{name}.one-too-many", durable=True)


async def test_its_connections_and_channels_are_bounded(
    subscribers: Subscribers, name: str, broker: AbstractConnection
) -> None:
    url = await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    held: list[AbstractConnection] = []
    try:
        assert 0 < await until_refused(lambda: connect(url, held), 20) < 20
        assert 0 < await until_refused(lambda: held[0].channel(), 200) < 200
        await told(broker, matched("a"))
    finally:
        await asyncio.gather(*(one.close() for one in held), return_exceptions=True)


async def connect(url: str, held: list[AbstractConnection]) -> None:
    held.append(await aio_pika.connect(url))


async def until_refused(attempt: Callable[[], Awaitable[object]], times: int) -> int:
    """How often it went well, `times` at most."""
    for done in range(times):
        try:
            await attempt()
        except (AMQPError, RuntimeError):  # the broker closes the connection on which one too many is opened
            return done
    return times


async def test_it_keeps_its_place_while_it_is_away_and_can_be_granted_otherwise(
    subscribers: Subscribers, name: str, broker: AbstractConnection
) -> None:
    first = await asyncio.to_thread(subscribers.add, name, ["placement.job_matched.v1"])
    async with await aio_pika.connect(first) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(f"{name}.in", durable=True)
        await queue.bind(topology.EVENTS, "placement.job_matched.v1")
    await told(broker, matched("a"), matched("b"))
    await asyncio.to_thread(subscribers.grant, name, ["certification.#"])
    second = await asyncio.to_thread(subscribers.new_password, name)
    with pytest.raises(AMQPError):
        await aio_pika.connect(first)
    async with await aio_pika.connect(second) as connection, connection.channel() as channel:
        queue = await channel.get_queue(f"{name}.in")
        await until(lambda: has(channel, queue.name, 2))
        await queue.bind(topology.EVENTS, "certification.#")
        revoked = CertificateRevoked(applicant_id="c", programme_code="UJI-1", certificate_id="c", reason="x")
        await told(broker, matched("no longer granted"), revoked)
        await until(lambda: has(channel, queue.name, 3))
        subjects = []
        while (one := await queue.get(fail=False, no_ack=True)) is not None:
            subjects.append(one.headers["ce-subject"])
        assert subjects == ["a", "b", "c"]
    (found,) = [one for one in await asyncio.to_thread(subscribers.all) if one.name == name]
    assert found.keys == sorted(event.routing_key() for event in ALL if event.service == "certification")
    await asyncio.to_thread(subscribers.remove, name)
    with pytest.raises(AMQPError):
        await aio_pika.connect(second)
    with pytest.raises(NotGranted, match="there is no subscriber"):
        await asyncio.to_thread(subscribers.remove, name)


async def has(channel: AbstractChannel, queue: str, count: int) -> bool:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count == count


async def test_a_name_of_ours_or_of_somebody_is_not_given_away(
    subscribers: Subscribers, name: str, servers: Urls
) -> None:
    operator = str(httpx.URL(servers.amqp).username)
    for taken in ("selection", "jalur-x", "guest/", "A", "x", operator):
        with pytest.raises(NotGranted):
            await asyncio.to_thread(subscribers.add, taken, ["placement.#"])
    await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    with pytest.raises(NotGranted, match="already"):
        await asyncio.to_thread(subscribers.add, name, ["placement.#"])
    with pytest.raises(NotGranted, match="no subscriber"):  # not one of ours, so not ours to take away
        await asyncio.to_thread(subscribers.remove, operator)


def test_the_command_adds_lists_and_removes(
    servers: Urls, subscribers: Subscribers, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JALUR_AMQP_URL", servers.amqp)
    monkeypatch.setenv("JALUR_AMQP_MANAGEMENT_URL", str(servers.management))
    run = CliRunner()
    health = run.invoke(app, ["subscribers", "add", name, "--events", "selection.#"])
    assert health.exit_code == 1
    assert "selection.applicant_screened.v1" in health.output and "selection.scores_recorded.v1" in health.output
    added = run.invoke(app, ["subscribers", "add", name, "--events", "placement.#"])
    assert added.exit_code == 0, added.output
    assert f"amqp://{name}:" in added.stdout
    listed = run.invoke(app, ["subscribers", "list"])
    assert name in listed.stdout and PLACEMENT[0] in listed.stdout
    assert run.invoke(app, ["subscribers", "remove", name]).exit_code == 0
    assert name not in run.invoke(app, ["subscribers", "list"]).stdout
    monkeypatch.delenv("JALUR_AMQP_URL")
    monkeypatch.setenv("JALUR_HOME", str(tmp_path))
    unknown = run.invoke(app, ["subscribers", "list"])
    assert unknown.exit_code == 1 and "JALUR_AMQP_MANAGEMENT_URL" in unknown.output
    monkeypatch.delenv("JALUR_AMQP_MANAGEMENT_URL")
    composed = {"amqp_url": servers.amqp, "amqp_management_url": servers.management}
    (tmp_path / "credentials.json").write_text(json.dumps(composed))
    assert run.invoke(app, ["subscribers", "list"]).exit_code == 0


@pytest.mark.parametrize("event", ALL, ids=Event.routing_key.__func__)  # type: ignore[attr-defined]
def test_every_event_says_itself_whether_it_touches_health(event: type[Event]) -> None:
    assert "touches_health" in vars(event)
    assert event.touches_health == (event.routing_key() in ABOUT_HEALTH)
    told_about_health = {"health_certificate", "reasons"} & set(event.model_fields)
    assert event.touches_health or not told_about_health or event is JobMatched


def test_events_that_touch_health_are_never_granted() -> None:
    assert set(grantable()) == {event.routing_key() for event in ALL} - ABOUT_HEALTH
    assert granted_by(["placement.#"]) == PLACEMENT
    assert granted_by(["*.job_matched.*", "placement.job_matched.v1"]) == PLACEMENT[:1]
    assert granted_by(["registration.programme_opened.#"]) == ["registration.programme_opened.v1"]
    for pattern in ("#", "selection.#", "*.*.v1", "#.v1", *ABOUT_HEALTH):
        with pytest.raises(NotGranted, match="touch health") as refusal:
            granted_by(["placement.#", pattern])
        assert all(key in str(refusal.value) for key in grantable())
    for pattern in ("placement", "placement.*", "plasement.#", "", "jalur.log"):
        with pytest.raises(NotGranted, match="no event matches"):
            granted_by([pattern])


async def test_the_gateway_shows_who_listens_and_can_do_nothing_to_them(
    servers: Urls, subscribers: Subscribers, name: str, outside: AbstractConnection
) -> None:
    """With its own account, which may look and no more."""
    assert servers.management is not None
    prefix = f"test_{uuid.uuid4().hex[:8]}"
    passwords = {account.service: uuid.uuid4().hex for account in accounts.every()}
    operator = Management(servers.management)
    operator.post("definitions", body=definitions.of_accounts(prefix, passwords, vhost_of(servers.amqp)))
    let_gateways_look(operator)  # as every start does; who is added later is seen at once
    parts = urlsplit(servers.management)
    where = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    seen = Outside(where, as_account(servers.amqp, f"{prefix}_gateway", passwords["gateway"]))
    try:
        channel = await outside.channel()
        queue = await channel.declare_queue(f"{name}.semua", durable=True)
        await queue.bind("jalur.events", "placement.job_matched.v1")
        async with await aio_pika.connect(servers.amqp) as ours:
            await told(ours, matched("a1"), matched("a2"))

        later = f"{name}-2"
        await asyncio.to_thread(subscribers.add, later, ["placement.#"])

        async def all_seen() -> list[OutsideSubscriber]:
            with contextlib.suppress(Away):  # under load the broker has at times nothing to tell of a new virtual host
                return await seen.all()
            return []

        async def both() -> bool:
            return {name, later} <= {one.name for one in await all_seen()}

        await until(both)
        await asyncio.to_thread(subscribers.remove, later)

        async def shown(messages: int, consumers: int, connections: int) -> bool:
            found = [one for one in await all_seen() if one.name == name]
            if not found:
                return False
            [one] = found
            queues = [(held.name, held.messages, held.consumers) for held in one.queues]
            return (queues, one.connections, one.behind) == ([(f"{name}.semua", messages, consumers)], connections, 0)

        await until(lambda: shown(2, 0, 1), 20)
        [one] = [one for one in await seen.all() if one.name == name]
        assert one.events == PLACEMENT and "password" not in one.model_dump_json()

        async def take(one: aio_pika.abc.AbstractIncomingMessage) -> None:
            await one.ack()

        await queue.consume(take)
        await until(lambda: shown(0, 1, 1), 20)
        await outside.close()
        await until(lambda: shown(0, 0, 0), 20)

        looking = Management(as_account(where, f"{prefix}_gateway", passwords["gateway"]))
        taken = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
        for forbidden in (
            lambda: looking.get("users"),
            lambda: looking.put("vhosts", name, body={"tags": ""}),
            lambda: looking.delete("queues", name, f"{name}.semua"),
            lambda: looking.post("queues", name, f"{name}.semua", "get", body=taken),
            lambda: looking.delete("vhosts", name),
        ):
            with pytest.raises(ManagementFailed):
                await asyncio.to_thread(forbidden)
    finally:
        await seen.close()
        for service in passwords:
            operator.delete("users", f"{prefix}_{service}")


async def test_a_broker_that_cannot_be_asked_is_told_as_such() -> None:
    unset, refused = Outside("", "amqp://a:b@127.0.0.1/"), Outside("http://127.0.0.1:9", "amqp://a:b@127.0.0.1/")
    with pytest.raises(Conflict):
        await unset.all()
    with pytest.raises(Away):
        await refused.all()
    for one in (unset, refused):
        await one.close()
