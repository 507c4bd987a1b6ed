"""What a queue has lost, the log makes good: deleted or unbound, with the service up or down; on a real broker."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError

from shared import hearing as hearing_module
from shared import log, messaging, topology, upkeep
from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn, ProgrammeOpened
from shared.documents import Document
from shared.hearing import Hearing
from shared.lease import Lease
from shared.messaging import Subscriptions
from shared.meta import Meta
from shared.outbox import Relay
from shared.parking import Choice, Parking
from shared.retries import Permanent
from shared.storage import Storage
from shared.upkeep import Upkeep
from tests.conftest import Urls
from tests.events import message, until

QUEUE = "uji.applicant_withdrawn.v1"
KEY = ApplicantWithdrawn.routing_key()


class Leaver(Document):
    reason: str = ""


class Service:
    """A service with its own database; each of its runs is a process of its own, as far as it can tell."""

    def __init__(self, urls: Urls) -> None:
        self.urls = urls
        self.storage = Storage(urls.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
        self.leavers = self.storage.documents("leavers", Leaver, aggregate="leaver")
        self.times: dict[str, int] = {}
        self.poison: set[str] = set()
        self.pause_s = 0.0
        self.parking = Parking(urls.amqp, self.storage, [QUEUE], _not_counted)

    async def take(self, event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        self.times[event.applicant_id] = self.times.get(event.applicant_id, 0) + 1
        await asyncio.sleep(self.pause_s)
        if event.applicant_id in self.poison:
            raise Permanent("no")

        def decide(leaver: Leaver) -> list[Event]:
            leaver.reason = event.reason
            return []

        await self.leavers.change(event.applicant_id, decide, meta=meta)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Subscriptions, Hearing]]:
        on = Subscriptions("uji")
        on(ApplicantWithdrawn)(self.take)
        on(ProgrammeOpened)(_idle)
        hearing = Hearing(self.urls.amqp, self.storage, on, Relay(self.urls.amqp, self.storage))
        keeping = Upkeep(self.urls.amqp, on)
        tasks = [asyncio.create_task(one) for one in (on.run(self.urls.amqp, None), hearing.run(), keeping.run())]
        await until(lambda: on.ready)
        try:
            yield on, hearing
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def has(self, who: Iterable[str], seconds: float = 60) -> None:
        """Wait until these are in the database, once each."""
        names = set(who)

        async def all_there() -> bool:
            return {one.id for one in await self.leavers.find({})} >= names

        await until(all_there, seconds)
        assert {one.version for one in await self.leavers.find({})} == {1}

    async def heard(self, who: str, seconds: float = 30) -> None:
        """Wait until the log is kept as heard up to this one."""

        async def kept() -> bool:
            found = await self.storage.collection("heard").find_one({"_id": topology.LOG})
            return bool(found and found["event_id"] == f"registration.test:{who}:1:0")

        await until(kept, seconds)


async def _not_counted() -> None:
    """Whoever wants to know has to look."""


async def _idle(event: ProgrammeOpened, meta: Meta, store: object) -> None:
    """A second queue, as every service has several."""


@pytest.fixture
async def service(servers: Urls, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr(upkeep, "EVERY_S", 0.5)
    monkeypatch.setattr(hearing_module, "_SAVE_EVERY_S", 0.3)
    async with broker.channel() as channel:
        await channel.queue_delete(topology.LOG)
        await topology.declare(channel, topology.common())
        for queue in topology.of_service("uji", [ApplicantWithdrawn, ProgrammeOpened]).queues:
            await channel.queue_delete(queue.name)
    service = Service(servers)
    await service.storage.prepare()
    yield service
    service.storage.close()


async def send(broker: AbstractConnection, *who: str) -> None:
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.EVENTS)
        for first in range(0, len(who), 500):
            await asyncio.gather(
                *(exchange.publish(_left(one), KEY, mandatory=False) for one in who[first : first + 500])
            )


def _left(who: str) -> aio_pika.Message:
    event = ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))
    now: dict[str, Any] = {"ce-time": datetime.now(UTC).isoformat()}
    return message(event, who, **now)


async def test_a_service_nobody_has_seen_before_hears_the_log_from_its_start(
    service: Service, broker: AbstractConnection
) -> None:
    await send(broker, "a", "b", "c")
    async with service.running() as (_, hearing):
        await service.has("abc")
        await until(lambda: not hearing.catching_up)


async def test_a_queue_deleted_while_its_service_is_down_and_made_anew_by_an_operator(
    service: Service, broker: AbstractConnection
) -> None:
    async with service.running():
        await send(broker, "a")
        await service.has("a")
        await service.heard("a")
    await send(broker, "b")
    async with broker.channel() as channel:
        await channel.queue_delete(QUEUE)
        await send(broker, "c")
        await topology.declare(channel, topology.of_service("uji", [ApplicantWithdrawn, ProgrammeOpened]))
    await send(broker, "d")
    async with service.running():
        await service.has("abcd")
    assert service.times["a"] == 1  # it was not read from the start


async def test_a_queue_deleted_while_events_flow(service: Service, broker: AbstractConnection) -> None:
    async with service.running() as (on, _):
        flowing = asyncio.create_task(_flow(service.urls, "w", 300))
        await asyncio.sleep(0.5)
        async with broker.channel() as channel:
            await channel.queue_delete(QUEUE)
        await flowing
        await until(lambda: on.ready)
        await service.has(f"w{number}" for number in range(300))


async def test_a_queue_unbound_while_events_flow(service: Service, broker: AbstractConnection) -> None:
    async with service.running():
        flowing = asyncio.create_task(_flow(service.urls, "u", 300))
        await asyncio.sleep(0.5)
        async with broker.channel() as channel:
            await (await channel.get_queue(QUEUE)).unbind(topology.EVENTS, KEY)
        await flowing
        await service.has(f"u{number}" for number in range(300))


async def _flow(urls: Urls, name: str, count: int) -> None:
    """Publish as a relay does: RabbitMQ may close the connection of whoever publishes while a queue is deleted."""
    left = [f"{name}{number}" for number in range(count)]
    while left:
        with contextlib.suppress(AMQPError, asyncio.CancelledError):
            async with await aio_pika.connect(urls.amqp) as connection:
                while left:
                    await send(connection, *left[:10])
                    del left[:10]
                    await asyncio.sleep(0.05)


async def test_a_broker_that_answers_late_has_no_empty_log(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(broker, "a")
    monkeypatch.setattr(log, "_SILENCE_S", 0.0001)
    assert await log.end(broker) == 1
    channel = await broker.channel()

    async def counted() -> bool:  # how much a stream holds the broker says some seconds late
        return bool((await channel.declare_queue(topology.LOG, passive=True)).declaration_result.message_count)

    await until(counted)
    monkeypatch.setattr(log, "_END_S", 0.0001)
    with pytest.raises(ConnectionError, match="does not send"):  # a backup would keep nothing of it
        await log.end(broker)


async def test_who_follows_the_log_gives_the_queues_their_turn_on_a_fresh_lease(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the lease could run out in it, and another replica would begin to follow."""
    renewed_at, ages_s = 0.0, []
    hold, give = Lease.hold, Hearing._give_the_queues_their_turn

    async def holding(self: Lease) -> bool:
        nonlocal renewed_at
        held = await hold(self)
        renewed_at = time.monotonic()
        return held

    async def giving(self: Hearing, queues: Iterable[str]) -> None:
        ages_s.append(time.monotonic() - renewed_at)
        await give(self, queues)

    async with service.running() as (_, hearing):
        await send(broker, "a")
        await service.heard("a")
        await until(lambda: not hearing.catching_up)
        service.pause_s = 3.0  # so that the log is read before the queue is done with it
        monkeypatch.setattr(hearing_module, "_SAVE_EVERY_S", 60)  # the lease is renewed at least so often
        monkeypatch.setattr(Lease, "hold", holding)
        monkeypatch.setattr(Hearing, "_give_the_queues_their_turn", giving)
        renewed_at = time.monotonic()
        await asyncio.sleep(0.5)
        await send(broker, "b")
        await until(lambda: bool(ages_s))
    assert max(ages_s) < 0.4


@pytest.mark.parametrize("later", ["defgh", "d"])
async def test_another_log_is_noticed(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    monkeypatch.setattr(log, "_ANSWER_S", 3.0)
    async with service.running():
        await send(broker, "a", "b", "c")
        await service.has("abc")
        await service.heard("c")
    async with broker.channel() as channel:
        await channel.queue_delete(topology.LOG)
        await channel.queue_delete(QUEUE)
        await topology.declare(channel, topology.common())
        await send(broker, *later)
    async with service.running():
        await service.has("abc" + later)


async def test_whoever_has_waited_long_does_not_rest_long(service: Service, broker: AbstractConnection) -> None:
    async with service.running() as (_, hearing):
        in_hand = hearing._hear

        waited = asyncio.Event()

        async def waits(batch: list[object], *more: object) -> None:
            if batch:
                hearing._hear = in_hand  # type: ignore[method-assign]
                await asyncio.sleep(8)  # the database was away
                waited.set()
            await in_hand(batch, *more)  # type: ignore[arg-type]

        await send(broker, "before")
        await service.heard("before")
        hearing._hear = waits  # type: ignore[assignment,method-assign]
        await send(broker, "while")
        await waited.wait()
        await send(broker, "after")
        await service.heard("after", 14)  # resting three times as long, it would take 24 more


async def test_work_that_never_ceases_does_not_put_off_what_was_lost(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing_module, "_MAY_LAG_S", 3.0)

    async def work(seconds: float) -> None:
        """Far more than a follower reads that rests after every batch."""
        for _ in range(round(seconds / 0.25)):
            await send(broker, *(uuid.uuid4().hex for _ in range(75)))
            await asyncio.sleep(0.25)

    async with service.running(), service.running():
        await work(10)  # the follower has fallen behind
        working = asyncio.create_task(work(60))
        async with broker.channel() as channel:
            await (await channel.get_queue(QUEUE)).unbind(topology.EVENTS, KEY)
        await send(broker, "lost")
        try:
            await until(lambda: "lost" in service.times, 20)
        finally:
            working.cancel()


async def test_nothing_is_forgotten_before_it_is_heard_as_long_as_work_comes_fast(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messaging, "_REMEMBERED", 1000)
    monkeypatch.setattr(hearing_module, "_TURN_S", 1.0)
    async with service.running() as (_, hearing):
        await send(broker, "first")
        await service.heard("first")
        await until(lambda: not hearing.catching_up)
        for _ in range(30):  # a follower that rests after every batch hears a quarter of that
            await send(broker, *(uuid.uuid4().hex for _ in range(90)))
            await asyncio.sleep(0.3)
        await send(broker, "last")
        await service.heard("last", 120)
    assert len(service.times) == 30 * 90 + 2
    assert set(service.times.values()) == {1}


async def test_a_queue_is_busy_as_long_as_what_it_brought_is_being_handled(
    service: Service, broker: AbstractConnection
) -> None:
    async with service.running() as (on, _):
        service.pause_s = 3
        await send(broker, "a")
        await until(lambda: on.busy)
        await asyncio.sleep(1)  # longer than a queue that brings nothing more counts as busy
        assert on.busy
        await service.has(["a"])
        await until(lambda: not on.busy)


async def test_what_fails_is_parked_once_by_two_replicas(service: Service, broker: AbstractConnection) -> None:
    service.poison = {f"bad{number}" for number in range(10)}
    async with service.running(), service.running():
        await send(broker, *service.poison, "good")
        await service.has(["good"])
        await service.heard("good")
        await until(lambda: service.times.keys() >= service.poison)
        parked = [one.about.subject for one in await service.parking.look() if one.about]
    assert sorted(parked) == sorted(service.poison)


async def test_what_was_discarded_on_purpose_does_not_come_back_from_the_log(
    service: Service, broker: AbstractConnection
) -> None:
    service.poison = {"bad", "worse"}
    async with service.running():
        await send(broker, "bad", "worse", "good")
        await service.has(["good"])
        await service.heard("good")
        bad, _ = await service.parking.look()
    assert service.times == {"bad": 1, "worse": 1, "good": 1}
    await service.parking.do("discard", Choice(frozenset({bad.id})), "rubbish")
    # everything is heard again, as by a service that has lost what it knew of the log
    await service.storage.collection("heard").delete_many({})
    async with service.running() as (_, hearing):
        await service.heard("good")
        await until(lambda: not hearing.catching_up)
    assert [one.about.subject for one in await service.parking.look() if one.about].count("bad") == 0
    assert service.times["bad"] == 1


async def test_a_long_log_is_read_in_batches_beside_what_arrives(service: Service, broker: AbstractConnection) -> None:
    count = 2000
    async with service.running():
        await send(broker, *(f"l{number}" for number in range(count)))
        await service.has((f"l{number}" for number in range(count)), 120)
    await service.storage.collection("heard").delete_many({})
    largest = 0
    async with service.running() as (_, hearing):
        await until(lambda: hearing.catching_up)
        in_hand = hearing._hear

        async def watched(batch: list[object], *more: object) -> None:
            nonlocal largest
            largest = max(largest, len(batch))
            await in_hand(batch, *more)  # type: ignore[arg-type]

        hearing._hear = watched  # type: ignore[assignment,method-assign]
        await send(broker, "live")
        await until(lambda: "live" in service.times)
        assert hearing.catching_up  # it did not wait for the log
        await until(lambda: not hearing.catching_up, 120)
    assert 0 < largest <= 150
    await service.has(["live"])
