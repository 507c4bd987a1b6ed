"""Relay and subscriptions on a real RabbitMQ: confirms, order, crashes, retries, parking."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection
from aiormq import spec

from shared import log, outbox, suspects, topology
from shared.broker import keep_connected
from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn, ProgrammeOpened
from shared.documents import Document
from shared.messaging import Subscriptions
from shared.meta import Meta
from shared.outbox import Relay
from shared.retries import NotYet
from shared.storage import Documents, Storage, StorageAway
from tests.conftest import Urls
from tests.events import Outsider, message, publish, until

QUEUE = "uji.applicant_withdrawn.v1"


def withdrawn(who: str, reason: str = "x") -> ApplicantWithdrawn:
    return ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason=reason, withdrawn_on=date(2030, 1, 1))


class Leaver(Document):
    times: int = 0

    def leave(self) -> list[Event]:
        self.times += 1
        return [withdrawn(self.id, str(self.times))]


async def let_uji_publish(broker: AbstractConnection) -> None:
    """A service of the tests, which publishes what otherwise registration does."""
    async with broker.channel() as channel:
        for part in (topology.common(), topology.publishing("uji")):
            await topology.declare(channel, part)
        await (await channel.get_exchange(topology.EVENTS)).bind(topology.outgoing("uji"), "registration.#")


@pytest.fixture
async def leavers(servers: Urls, broker: AbstractConnection) -> AsyncIterator[Documents[Leaver]]:
    await let_uji_publish(broker)
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    leavers = storage.documents("leavers", Leaver, aggregate="leaver")
    await storage.prepare()
    leavers.storage = storage  # type: ignore[attr-defined]
    yield leavers
    storage.close()


@contextlib.asynccontextmanager
async def relaying(servers: Urls, leavers: Documents[Leaver]) -> AsyncIterator[Relay]:
    relay = Relay(servers.amqp, leavers.storage)  # type: ignore[attr-defined]
    task = asyncio.create_task(relay.run())
    await until(lambda: relay.connected)
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def left_in_outboxes(leavers: Documents[Leaver]) -> int:
    return int(await leavers.raw.count_documents({"pending": True}))


async def test_what_is_committed_is_published_in_order_with_its_headers_and_pulled(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    async with relaying(servers, leavers):
        for _ in range(5):
            await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(40)))
        await until(lambda: len(outsider.seen) == 200)
        for n in range(40):
            mine = [one for one in outsider.seen if one.headers["ce-subject"] == f"a{n}"]
            assert [json.loads(one.body)["reason"] for one in mine] == ["1", "2", "3", "4", "5"]
        await until(lambda: _is_zero(leavers))
    one = outsider.seen[0]
    assert one.message_id == one.headers["ce-id"] == "uji.leaver:a0:1:0"
    assert one.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert one.headers["ce-type"] == "jalur.registration.ApplicantWithdrawn.v1"
    assert one.headers["ce-source"] == "/jalur/uji"
    assert (one.headers["ce-specversion"], one.headers["ce-sequence"]) == ("1.0", "000000000001")


async def _is_zero(leavers: Documents[Leaver]) -> bool:
    return await left_in_outboxes(leavers) == 0


async def test_what_a_crash_left_in_the_outbox_is_swept_up_under_the_same_id(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 100)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(30)))  # no relay: as after a crash
    async with relaying(servers, leavers):
        await until(lambda: _is_zero(leavers))
    assert {one.message_id for one in outsider.seen} == {f"uji.leaver:a{n}:1:0" for n in range(30)}


async def test_the_relay_does_not_remember_for_ever_what_has_gone_out(
    servers: Urls, leavers: Documents[Leaver]
) -> None:
    """It grew by a quarter of a kilobyte for each document, until something was left behind."""
    async with relaying(servers, leavers) as relay:
        await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(300)))
        await until(lambda: _is_zero(leavers))
        await until(lambda: not relay._flown, 10)


async def test_nothing_is_published_past_a_log_that_is_not_there_yet(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection
) -> None:
    """A broker that starts has its stream last; until then it would confirm what the log never gets."""
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    channel = await broker.channel()
    await channel.queue_delete(topology.LOG)
    await leavers.change("a1", Leaver.leave)
    relay = Relay(servers.amqp, leavers.storage)  # type: ignore[attr-defined]
    task = asyncio.create_task(relay.run())
    try:
        await asyncio.sleep(1.5)
        assert not relay.connected
        assert not outsider.seen
        assert await left_in_outboxes(leavers) == 1
        await topology.declare(channel, topology.common())
        await until(lambda: _is_zero(leavers))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    logged = [one async for batch in _logged(broker) for one in batch]
    assert [one.message_id for one in outsider.seen] == [one.message_id for one in logged] == ["uji.leaver:a1:1:0"]


async def _logged(broker: AbstractConnection) -> AsyncIterator[list[aio_pika.abc.AbstractIncomingMessage]]:
    async with contextlib.aclosing(log.batches(broker, "first", 100, 1.0)) as batches:
        async for batch in batches:
            if not batch:
                break
            yield batch


async def test_what_is_left_in_an_outbox_goes_out_before_what_is_committed_now(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    await leavers.change("a", Leaver.leave)
    async with relaying(servers, leavers):
        await leavers.change("a", Leaver.leave)
        await leavers.change("a", Leaver.leave)
        await until(lambda: len(outsider.seen) >= 3)
        assert [one["reason"] for one in outsider.data(ApplicantWithdrawn)][:3] == ["1", "2", "3"]


async def test_what_another_replica_commits_in_between_is_not_taken_out_unpublished(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    other = Storage(servers.mongo, leavers.raw.database.name, "uji")
    elsewhere = other.documents("leavers", Leaver, aggregate="leaver")  # its relay has just died
    async with relaying(servers, leavers) as relay:
        let_go, publish = asyncio.Event(), relay._publish

        async def held(*flight: Any) -> None:
            await let_go.wait()
            await publish(*flight)

        monkeypatch.setattr(relay, "_publish", held)
        await leavers.change("first", Leaver.leave)
        await until(lambda: relay._flying)
        for replica in (leavers, elsewhere, leavers):
            await replica.change("a", Leaver.leave)
        let_go.set()
        await until(lambda: _is_zero(leavers))
    told = [json.loads(one.body)["reason"] for one in outsider.seen if one.headers["ce-subject"] == "a"]
    assert told == ["1", "2", "3"]
    other.close()


async def test_what_is_slow_on_its_way_is_not_swept_up_beside_it(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 500)
    monkeypatch.setattr(outbox, "_SWEEP_EVERY_S", 0.02)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    pull = leavers.pull

    async def slowly(*published: Any) -> None:
        await asyncio.sleep(1.5)  # dozens of sweeps
        await pull(*published)

    monkeypatch.setattr(leavers, "pull", slowly)
    async with relaying(servers, leavers):
        for times in (1, 2):
            await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(20)))
            await until(lambda: _is_zero(leavers))
            assert len(outsider.seen) == 20 * times


async def test_a_crash_between_confirm_and_pull_publishes_the_same_event_again(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 100)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    pull = leavers.pull

    async def away(*published: Any) -> None:
        raise StorageAway

    monkeypatch.setattr(leavers, "pull", away)
    async with relaying(servers, leavers):
        await leavers.change("a", Leaver.leave)
        await until(lambda: len(outsider.seen) >= 2)
        monkeypatch.setattr(leavers, "pull", pull)
        await until(lambda: _is_zero(leavers))
    assert {one.message_id for one in outsider.seen} == {"uji.leaver:a:1:0"}


async def test_commands_are_taken_while_the_broker_is_away_and_their_events_wait(
    servers: Urls, leavers: Documents[Leaver]
) -> None:
    relay = Relay("amqp://guest:guest@127.0.0.1:9/", leavers.storage)  # type: ignore[attr-defined]
    task = asyncio.create_task(relay.run())
    await leavers.change("a", Leaver.leave)
    await asyncio.sleep(0.3)
    assert (relay.connected, await left_in_outboxes(leavers)) == (False, 1)
    assert relay._waiting == {}  # a long absence fills the database, not the memory
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    "poisoned",
    [
        "x" * 140_000,  # headers that do not fit into a frame: the broker ends the connection
        "x" * 300,  # a message id that AMQP has no room for: it cannot be written
    ],
    ids=["refused by the broker", "refused by the encoder"],
)
async def test_an_event_that_nobody_can_publish_holds_up_its_own_document_alone(
    servers: Urls,
    leavers: Documents[Leaver],
    broker: AbstractConnection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    poisoned: str,
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 500)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    connected: list[str] = []
    monkeypatch.setattr(outbox, "keep_connected", _noting(connected))
    async with relaying(servers, leavers) as relay:
        who = [f"a{n}" for n in range(60)]
        await asyncio.gather(*(leavers.change(one, Leaver.leave) for one in [*who[:30], poisoned, *who[30:]]))
        await until(lambda: relay.stuck == 1)
        await until(lambda: _are(leavers, 1))
        for _ in range(2):  # theirs go out at once, and what the other one commits stays behind
            await asyncio.gather(*(leavers.change(one, Leaver.leave) for one in [*who, poisoned]))
        await until(lambda: _are(leavers, 1))
        await until(lambda: len(outsider.seen) >= 3 * 60)
        quiet = len(outsider.seen), len(connected)
        await asyncio.sleep(3)  # several sweeps
        assert (len(outsider.seen), len(connected)) == quiet
    assert quiet[1] <= 2
    for one in who:
        mine = [json.loads(seen.body)["reason"] for seen in outsider.seen if seen.headers["ce-subject"] == one]
        assert sorted(set(mine)) == ["1", "2", "3"]
        assert mine == sorted(mine)
    assert len(outsider.seen) <= 2 * 60 + 60 * 2
    (left,) = (await leavers.outboxes([poisoned])).values()
    assert [entry["data"]["reason"] for entry in left] == ["1", "2", "3"]
    assert [record.levelname for record in caplog.records if "cannot be published" in record.message] == ["ERROR"]


def _noting(connected: list[str]) -> Any:
    async def keep(url: str, name: str, use: Any) -> None:
        async def noted(connection: AbstractConnection) -> None:
            connected.append(name)
            await use(connection)

        await keep_connected(url, name, noted)

    return keep


async def _are(leavers: Documents[Leaver], pending: int) -> bool:
    return await left_in_outboxes(leavers) == pending


async def test_what_is_stuck_goes_out_in_order_once_the_broker_takes_it(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspects, "_AGAIN_S", 1.0)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    as_it_is = outbox._properties

    def too_large(entry: dict[str, Any]) -> spec.Basic.Properties:
        made = as_it_is(entry)
        if entry["subject"] == "poisoned" and refusing:
            made.headers = {
                **(made.headers or {}),
                "CC": "no list",
            }  # as a body above the broker's limit: it ends the channel
        return made

    refusing = True
    monkeypatch.setattr(outbox, "_properties", too_large)
    async with relaying(servers, leavers) as relay:
        await leavers.change("poisoned", Leaver.leave)
        await until(lambda: relay.stuck == 1)
        await leavers.change("poisoned", Leaver.leave)
        await asyncio.sleep(2.5)  # tried again in vain
        assert relay.stuck == 1
        refusing = False
        await until(lambda: len(outsider.seen) >= 2)
        await until(lambda: _is_zero(leavers))
        await until(lambda: relay.stuck == 0)
    assert [one["reason"] for one in outsider.data(ApplicantWithdrawn)] == ["1", "2"]


async def test_what_the_broker_gives_back_is_tried_again_until_it_is_taken(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 100)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    async with relaying(servers, leavers):
        async with broker.channel() as channel:
            events = await channel.get_exchange(topology.EVENTS)
            await events.unbind(topology.outgoing("uji"), "registration.#")
            await events.unbind(topology.outgoing("uji"), "uji.#")
        await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(5)))
        await asyncio.sleep(1.5)
        assert outsider.seen == []
        await let_uji_publish(broker)
        await until(lambda: _is_zero(leavers))
    assert {one.message_id for one in outsider.seen} == {f"uji.leaver:a{n}:1:0" for n in range(5)}


Listening = Callable[[Any], contextlib.AbstractAsyncContextManager[Subscriptions]]


@pytest.fixture
async def listening(servers: Urls, broker: AbstractConnection) -> Listening:
    """Runs one handler of ApplicantWithdrawn on a fresh queue, whose ladder's first rungs are short."""
    async with broker.channel() as channel:
        await topology.declare(channel, topology.common())
        for queue in topology.of_service("uji", [ApplicantWithdrawn]).queues:
            await channel.queue_delete(queue.name)

    @contextlib.asynccontextmanager
    async def listen(handle: Any) -> AsyncIterator[Subscriptions]:
        on = Subscriptions("uji")
        on(ApplicantWithdrawn)(handle)
        on(ProgrammeOpened)(_idle)
        task = asyncio.create_task(on.run(servers.amqp, None))
        await until(lambda: on.ready)
        try:
            yield on
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return listen


async def _idle(event: ProgrammeOpened, meta: Meta, store: object) -> None:
    """A second queue, as every service has several: what ends one consumer alone must not go unnoticed."""


async def count(broker: AbstractConnection, queue: str) -> int:
    async with broker.channel() as channel:
        return int((await channel.get_queue(queue, ensure=True)).declaration_result.message_count or 0)


async def parked(broker: AbstractConnection) -> list[aio_pika.abc.AbstractIncomingMessage]:
    found = []
    async with broker.channel() as channel:
        queue = await channel.get_queue(topology.parked(QUEUE))
        while (one := await queue.get(fail=False)) is not None:
            found.append(one)
    return found


async def test_what_another_service_sends_in_registrations_name_is_parked_and_not_handled(
    listening: Listening, broker: AbstractConnection
) -> None:
    """The broker also routes by the keys in a CC header, and up to 3.x does not check whose they are."""
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        handled.append(event.applicant_id)

    async with listening(handle):
        async with broker.channel(publisher_confirms=True) as channel:
            for service, key in (("selection", "selection.x.v1"), ("registration", "registration.x.v1")):
                await topology.declare(channel, topology.publishing(service))
                sent = message(withdrawn(service), service, CC=[ApplicantWithdrawn.routing_key()])
                await (await channel.get_exchange(topology.outgoing(service))).publish(sent, key)
        await until(lambda: _has(broker, topology.parked(QUEUE), 1))
        await until(lambda: handled == ["registration"])
    (one,) = await parked(broker)
    assert one.headers["ce-subject"] == "selection"
    assert str(one.headers["ce-reason"]).startswith("Forged: sent through selection.out, not by registration")


async def test_handlers_get_typed_events_side_by_side(listening: Listening, broker: AbstractConnection) -> None:
    seen: list[tuple[str, int]] = []
    running = most = 0

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        seen.append((event.applicant_id, meta.sequence))

    async with listening(handle):
        async with broker.channel(publisher_confirms=True) as channel:
            exchange = await channel.get_exchange(topology.EVENTS)
            key = ApplicantWithdrawn.routing_key()
            await asyncio.gather(
                *(exchange.publish(message(withdrawn(f"a{n}"), f"a{n}", n + 1), key) for n in range(400))
            )
        await until(lambda: len(seen) == 400)
        await until(lambda: _is_empty(broker))
    assert sorted(seen) == sorted((f"a{n}", n + 1) for n in range(400))
    assert most > 20


async def _is_empty(broker: AbstractConnection) -> bool:
    return await count(broker, QUEUE) == 0


async def test_a_fact_that_has_not_arrived_yet_is_waited_for_on_the_ladder(
    listening: Listening, broker: AbstractConnection
) -> None:
    attempts: list[int] = []
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        if event.applicant_id == "late":
            attempts.append(meta.attempt)
            if len(attempts) < 2:
                raise NotYet("the applicant has not arrived")
        handled.append(event.applicant_id)

    async with listening(handle):
        await publish(broker, withdrawn("late"), "late")
        await publish(broker, withdrawn("good"), "good")
        await until(lambda: sorted(handled) == ["good", "late"])
    assert handled == ["good", "late"]  # the good one did not wait for the late one
    assert attempts == [0, 1]
    assert await parked(broker) == []


_NIK = "3375011234560001"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"ce-id": f"registration.test:{_NIK}x"}, "ce-id has no number in its place"),
        ({"ce-id": None}, "ce-id is missing"),
        ({"ce-type": _NIK}, "ce-type is not one of ours"),
        ({"ce-type": f"jalur.registration.{_NIK}.v1"}, "ce-type is not one of ours"),
        ({"ce-sequence": _NIK + "x"}, "ce-sequence has no number in its place"),
        ({"ce-sequence": "9" * 30}, "ce-sequence has no number in its place"),
        ({"ce-sequence": "-1"}, "ce-sequence has no number in its place"),
        # with the reason added they would not fit into a frame, and the broker would hang up on whoever tries
        ({"ce-type": "jalur.registration.ApplicantWithdrawn.v9", "big": "x" * 129_500}, "expected jalur.registration."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_whatever_stands_in_the_headers_is_parked_once_and_not_quoted(
    listening: Listening, broker: AbstractConnection, headers: dict[str, Any], reason: str
) -> None:
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        handled.append(event.applicant_id)

    async with listening(handle):
        async with broker.channel(publisher_confirms=True) as channel:
            exchange = await channel.get_exchange(topology.EVENTS)
            good = message(withdrawn("good"), "good")
            bad = aio_pika.Message(good.body, headers={**good.headers, **headers}, message_id="bad")
            for one in (bad, good):
                await exchange.publish(one, ApplicantWithdrawn.routing_key())
        await until(lambda: handled == ["good"])
        await until(lambda: _has(broker, topology.parked(QUEUE), 1))
    (found,) = await parked(broker)
    assert str(found.headers["ce-reason"]).startswith(f"Permanent: {reason}")
    assert _NIK not in str(found.headers["ce-reason"])


async def test_an_error_that_quotes_what_it_stumbled_over_is_told_by_its_place_alone(
    listening: Listening, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "LADDER_S", ())

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        int(event.reason)

    async with listening(handle):
        await publish(broker, withdrawn("bad", _NIK + "x"), "bad")
        await until(lambda: _has(broker, topology.parked(QUEUE), 1))
    (found,) = await parked(broker)
    assert str(found.headers["ce-reason"]).startswith("ValueError in handle, test_messaging.py:")


async def test_poison_is_parked_at_once_with_its_reason_and_stops_nobody(
    listening: Listening, broker: AbstractConnection
) -> None:
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        handled.append(event.applicant_id)

    async with listening(handle):
        async with broker.channel(publisher_confirms=True) as channel:
            exchange = await channel.get_exchange(topology.EVENTS)
            good = message(withdrawn("good"), "good")
            bodies = {"not json": b"{", "not the contract": b'{"applicant_id": "x", "nik": "3375011234560001"}'}
            poison = [aio_pika.Message(body, headers=good.headers, message_id=why) for why, body in bodies.items()]
            poison.append(aio_pika.Message(good.body, message_id="no headers"))
            version = {**good.headers, "ce-type": "jalur.registration.ApplicantWithdrawn.v9"}
            poison.append(aio_pika.Message(good.body, headers=version, message_id="unknown version"))
            for one in [*poison, good]:
                await exchange.publish(one, ApplicantWithdrawn.routing_key())
        await until(lambda: handled == ["good"])
        await until(lambda: _has(broker, topology.parked(QUEUE), 4))
    found = {one.message_id: one for one in await parked(broker)}
    assert set(found) == {"not json", "not the contract", "no headers", "unknown version"}
    assert found["not json"].headers["ce-reason"] == "Permanent: the body is not JSON"
    reason = str(found["not the contract"].headers["ce-reason"])
    assert "programme_code (missing)" in reason
    assert "3375011234560001" not in reason
    assert found["not json"].headers["ce-routingkey"] == ApplicantWithdrawn.routing_key()
    assert found["not json"].body == b"{"


async def _has(broker: AbstractConnection, queue: str, messages: int) -> bool:
    return await count(broker, queue) == messages


async def test_a_database_that_is_away_is_no_attempt(listening: Listening, broker: AbstractConnection) -> None:
    attempts: list[int] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        attempts.append(meta.attempt)
        if len(attempts) < 3:
            raise StorageAway

    async with listening(handle):
        await publish(broker, withdrawn("a"), "a")
        await until(lambda: len(attempts) == 3)
        await until(lambda: _is_empty(broker))
    assert attempts == [0, 0, 0]


async def test_a_message_is_acknowledged_only_after_its_effect(
    listening: Listening, broker: AbstractConnection
) -> None:
    started = asyncio.Event()
    handled: list[str] = []

    async def dies(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        started.set()
        await asyncio.sleep(60)

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        handled.append(event.applicant_id)

    async with listening(dies):
        await publish(broker, withdrawn("a"), "a")
        await started.wait()
    async with listening(handle):
        await until(lambda: handled == ["a"])


async def test_a_service_whose_queue_is_deleted_makes_it_again_and_listens_on(
    listening: Listening, broker: AbstractConnection
) -> None:
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        handled.append(event.applicant_id)

    async with listening(handle) as on:
        async with broker.channel() as channel:
            await channel.queue_delete(QUEUE)
        await until(lambda: not on.ready)
        await until(lambda: on.ready)
        await publish(broker, withdrawn("a"), "a")
        await until(lambda: handled == ["a"])


async def test_a_handler_that_is_cancelled_by_nobody_gets_its_message_again(
    listening: Listening, broker: AbstractConnection
) -> None:
    tries: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        tries.append(event.applicant_id)
        if len(tries) == 1:
            raise asyncio.CancelledError  # as aio-pika does to what waits on a dead connection

    async with listening(handle):
        await publish(broker, withdrawn("a"), "a")
        await until(lambda: tries == ["a", "a"])
        await until(lambda: _is_empty(broker))


async def test_what_the_headers_say_of_earlier_failures_cannot_lose_a_message_or_stop_a_queue(
    listening: Listening, broker: AbstractConnection
) -> None:
    handled: list[str] = []

    async def handle(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        if meta.attempt <= 0:
            raise NotYet("the applicant has not arrived")
        handled.append(event.applicant_id)

    # as in a message that reached the delivery limit of the queue, was parked, and is replayed
    death = {"queue": QUEUE, "reason": "delivery_limit", "exchange": topology.EVENTS, "count": 1, "routing-keys": [""]}
    parked_before: dict[str, Any] = {"x-death": [death]}
    async with listening(handle):
        await publish(broker, withdrawn("limit"), "limit", **parked_before)
        await publish(broker, withdrawn("odd"), "odd", **{"ce-attempt": -7})
        many: dict[str, Any] = {"ce-attempt": "9" * 30}
        await publish(broker, withdrawn("many"), "many", **many)
        await until(lambda: sorted(handled) == ["limit", "many", "odd"])


async def test_what_fails_as_soon_as_it_is_connected_is_tried_ever_more_slowly(servers: Urls) -> None:
    tries = 0

    async def fail(connection: AbstractConnection) -> None:
        nonlocal tries
        tries += 1
        raise ConnectionError

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2.0):
            await keep_connected(servers.amqp, "uji", fail)
    assert 2 <= tries <= 4


async def test_a_subscriber_that_reads_the_log_from_the_start_gets_everything_again(
    servers: Urls, leavers: Documents[Leaver], broker: AbstractConnection
) -> None:
    tag = uuid.uuid4().hex
    async with relaying(servers, leavers):
        await asyncio.gather(*(leavers.change(f"{tag}-{n}", Leaver.leave) for n in range(25)))
        await until(lambda: _is_zero(leavers))
    channel = await broker.channel()
    await channel.set_qos(prefetch_count=100)
    log = await channel.get_queue(topology.LOG)
    seen: list[str] = []

    async def read(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        await message.ack()
        if tag in str(message.message_id):
            seen.append(str(message.message_id))

    await log.consume(read, arguments={"x-stream-offset": "first"})
    await until(lambda: len(seen) == 25)
    assert len(set(seen)) == 25
    await channel.close()


async def test_whoever_commits_thousands_keeps_pace_with_what_is_published(
    servers: Urls, leavers: Documents[Leaver], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage: Storage = leavers.storage  # type: ignore[attr-defined]
    monkeypatch.setattr(outbox, "_PLENTY", 20)
    await storage.keep_pace()  # where nothing publishes, nobody waits
    async with relaying(servers, leavers) as relay:
        let_go, publish = asyncio.Event(), relay._publish

        async def held(*given: Any) -> None:
            await let_go.wait()
            await publish(*given)

        monkeypatch.setattr(relay, "_publish", held)
        monkeypatch.setattr(outbox, "_BATCH", 5)
        await asyncio.gather(*(leavers.change(f"a{n}", Leaver.leave) for n in range(60)))
        keeping_pace = asyncio.create_task(storage.keep_pace())
        await asyncio.sleep(0.2)
        assert not keeping_pace.done()
        let_go.set()
        await keeping_pace
        assert len(relay._waiting) <= 20
        await until(lambda: not relay.busy)
    await storage.keep_pace()  # and nobody waits for a broker that is away
