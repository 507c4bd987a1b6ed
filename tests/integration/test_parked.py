"""Parked messages of one service on real servers: looked at, replayed, discarded, and never lost or doubled by it."""

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

from shared import context, parking, topology
from shared.contracts.registration import ApplicantWithdrawn
from shared.documents import Document
from shared.messaging import Subscriptions
from shared.meta import Meta
from shared.parking import Choice, Group, Parking
from shared.parking_api import Wanted
from shared.parking_record import discarded_in
from shared.problems import Conflict, NotFound
from shared.progress import Reach, progress
from shared.retries import NotYet, Permanent
from shared.storage import Storage
from shared.upkeep import Upkeep
from tests.conftest import Urls
from tests.events import message, until

QUEUE = "uji.applicant_withdrawn.v1"
POISON = Group(QUEUE, "Permanent")


class Leaver(Document):
    reason: str = ""


class Service:
    """A service with one queue; `refuse` decides what its handler cannot take."""

    def __init__(self, urls: Urls) -> None:
        self.urls = urls
        self.storage = Storage(urls.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
        self.leavers = self.storage.documents("leavers", Leaver, aggregate="leaver")
        self.refuse: Callable[[str], Exception | None] = lambda who: None
        self.handled: list[tuple[str, Meta]] = []
        self.upkeep = Upkeep(urls.amqp, self.subscriptions())
        self.parking = self.replica()

    def subscriptions(self) -> Subscriptions:
        on = Subscriptions("uji")
        on(ApplicantWithdrawn)(self.take)
        return on

    def replica(self) -> Parking:
        return Parking(self.urls.amqp, self.storage, [QUEUE], self.upkeep.count_parked)

    async def take(self, event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        if error := self.refuse(event.applicant_id):
            raise error
        self.handled.append((event.applicant_id, meta))

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Subscriptions]:
        on = self.subscriptions()
        task = asyncio.create_task(on.run(self.urls.amqp, None))
        await until(lambda: on.ready)
        try:
            yield on
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def parked(self, count: int) -> None:
        async def there() -> bool:
            return len(await self.parking.look()) == count

        await until(there)

    @property
    def names(self) -> list[str]:
        return sorted(who for who, _ in self.handled)


@pytest.fixture
async def service(servers: Urls, broker: AbstractConnection) -> AsyncIterator[Service]:
    async with broker.channel() as channel:
        await topology.declare(channel, topology.common())
        await channel.queue_delete(QUEUE)
        await channel.queue_delete(topology.parked(QUEUE))
        await topology.declare(channel, topology.of_service("uji", [ApplicantWithdrawn]))
    service = Service(servers)
    await service.storage.prepare()
    context.actor.set(context.Actor("operator-1", "operator"))
    keeping = asyncio.create_task(service.upkeep.run())
    yield service
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    service.storage.close()


def withdrawn(who: str) -> aio_pika.Message:
    event = ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))
    return message(event, who, 3)


async def send(broker: AbstractConnection, *messages: aio_pika.Message) -> None:
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.EVENTS)
        key = ApplicantWithdrawn.routing_key()
        await asyncio.gather(*(exchange.publish(one, key) for one in messages))


async def park(broker: AbstractConnection, service: Service, *who: str) -> None:
    """Have the service park these in this order."""
    service.refuse = lambda one: Permanent("not today") if one in who else None
    async with service.listening():
        for number, one in enumerate(who, start=1):
            await send(broker, withdrawn(one))
            await service.parked(number)
    service.refuse = lambda one: None


async def test_they_are_told_with_reason_attempts_time_headers_and_body(
    service: Service, broker: AbstractConnection
) -> None:
    await park(broker, service, "a")
    await send(broker)
    [one] = await service.parking.look()
    line = one.line()
    assert (line["queue"], line["cause"], line["reason"]) == (QUEUE, "Permanent", "Permanent: not today")
    assert (line["attempts"], line["message_id"], line["subject"]) == (1, "registration.test:a:3:0", "a")
    assert line["parked_at"].startswith("20")
    whole = (await service.parking.show(one.id)).whole()
    assert whole["headers"]["ce-routingkey"] == ApplicantWithdrawn.routing_key()
    assert whole["headers"]["ce-id"] == "registration.test:a:3:0"
    assert whole["body"]["applicant_id"] == "a"
    with pytest.raises(NotFound):
        await service.parking.show(f"{QUEUE}:0000")
    with pytest.raises(NotFound):
        await service.parking.show("nonsense")


async def test_looking_time_and_again_loses_nothing_and_keeps_order_and_ids(
    service: Service, broker: AbstractConnection
) -> None:
    await park(broker, service, *"dacb")
    first = [one.id for one in await service.parking.look()]
    for _ in range(30):
        assert [one.id for one in await service.parking.look()] == first
    assert [one.about.subject for one in await service.parking.look() if one.about] == list("dacb")
    # RabbitMQ 4 drops after 20 deliveries where nothing else is said
    [queue] = [one for one in topology.of_service("uji", [ApplicantWithdrawn]).queues if one.name.endswith(".parked")]
    assert queue.arguments["x-delivery-limit"] > 1_000_000


async def test_a_message_that_is_none_of_ours_is_told_too(service: Service, broker: AbstractConnection) -> None:
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.parking("uji"))
        await exchange.publish(aio_pika.Message(b"\xff\xfe"), QUEUE)
        await exchange.publish(
            aio_pika.Message(b"NaN", headers={"ce-attempt": "many", "odd": [{"a": bytearray(b"\xff")}]}), QUEUE
        )
    found = await service.parking.look()
    assert [one.cause for one in found] == ["unknown", "unknown"]
    assert all(json.dumps(one.whole(), allow_nan=False) for one in found)
    assert await service.parking.do("discard", Choice(frozenset({found[0].id})), "rubbish") == 1
    assert [one.id for one in await service.parking.look()] == [found[1].id]


async def test_a_group_is_replayed_to_its_queue_under_the_same_ids_and_recorded(
    service: Service, broker: AbstractConnection
) -> None:
    await park(broker, service, "a", "b", "c")
    assert await service.parking.do("replay", Choice(group=POISON), "the rule was wrong", "key-1") == 3
    async with service.listening():
        await until(lambda: service.names == ["a", "b", "c"])
    assert {meta.id for _, meta in service.handled} == {f"registration.test:{who}:3:0" for who in "abc"}
    assert await service.parking.look() == []
    records = await service.parking.records._records.find({})
    entries = [entry for record in records for entry in record.ledger]
    assert {(entry.by, entry.what, entry.reason) for entry in entries} == {
        ("operator-1", "replayed", "the rule was wrong")
    }
    assert len(entries) == 3
    # the same request again, as a client repeats it that has heard no answer
    assert await service.parking.do("replay", Choice(group=POISON), "the rule was wrong", "key-1") == 3
    assert len(service.handled) == 3
    with pytest.raises(NotFound):
        await service.parking.do("replay", Choice(group=POISON), "again")


async def test_one_that_fails_again_is_parked_again_with_its_attempts_and_its_history(
    service: Service, broker: AbstractConnection
) -> None:
    await park(broker, service, "a")
    [before] = await service.parking.look()
    await service.parking.do("replay", Choice(frozenset({before.id})), "try")
    service.refuse = lambda who: Permanent("still not")
    async with service.listening():
        await service.parked(1)
    [after] = await service.parking.look()
    assert (after.attempts, after.reason) == (2, "Permanent: still not")
    assert after.id != before.id
    assert [entry.what for entry in await service.parking.records.history(after)] == ["replayed"]
    assert after.headers["ce-routingkey"] == ApplicantWithdrawn.routing_key()


async def test_what_is_replayed_has_the_whole_ladder_before_it(service: Service, broker: AbstractConnection) -> None:
    await park(broker, service, "a")
    [one] = await service.parking.look()
    await service.parking.do("replay", Choice(frozenset({one.id})), "try")
    tries: list[str] = []

    def not_yet(who: str) -> Exception | None:
        tries.append(who)
        return NotYet("too early") if len(tries) == 1 else None

    service.refuse = not_yet
    async with service.listening():
        await until(lambda: service.names == ["a"])
    assert len(tries) == 2


async def test_an_interrupted_replay_loses_nothing_and_the_same_key_finishes_it(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await park(broker, service, *"abcd")
    acknowledge = aio_pika.message.IncomingMessage.ack
    done: list[str] = []

    async def dies(self: Any, *args: Any, **more: Any) -> None:
        if len(done) == 2:
            raise ConnectionError
        done.append(str(self.message_id))
        await acknowledge(self, *args, **more)

    monkeypatch.setattr(aio_pika.message.IncomingMessage, "ack", dies)
    with pytest.raises(parking.Conflict if False else Exception):
        await service.parking.do("replay", Choice(group=POISON), "go", "key-2")
    monkeypatch.undo()
    await service.parked(2)
    assert await service.parking.do("replay", Choice(group=POISON), "go", "key-2") == 4
    assert await service.parking.look() == []
    async with service.listening():
        await until(lambda: set(service.names) == set("abcd"))
    records = await service.parking.records._records.find({})
    assert sorted(len(record.ledger) for record in records) == [1, 1, 1, 1]


async def test_two_who_look_or_act_at_once_never_see_or_do_half(service: Service, broker: AbstractConnection) -> None:
    await park(broker, service, *"abc")
    other = service.replica()  # another replica
    looks = await asyncio.gather(*(one.look() for one in (service.parking, other) * 4))
    assert {len(found) for found in looks} == {3}
    deeds = await asyncio.gather(
        service.parking.do("replay", Choice(group=POISON), "first"),
        other.do("discard", Choice(group=POISON), "second"),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in deeds) == ["NotFound", "int"]


async def test_who_waits_too_long_is_told(
    service: Service, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking, "_WAIT_S", 0.3)
    other = service.replica()
    for busy in (other, service.parking):
        async with asyncio.timeout(30), busy._alone():
            with pytest.raises(Conflict):
                await service.parking.look()
    assert await service.parking.look() == []


async def test_where_nothing_is_parked_nothing_is_taken_and_nobody_waits_for_another(service: Service) -> None:
    async def counted() -> bool:
        return await service.upkeep.count_parked() == {QUEUE: 0}

    await until(counted)
    before = await service.parking._lease.turn()
    assert await asyncio.gather(*(service.parking.look() for _ in range(5))) == [[]] * 5
    assert await service.parking._lease.turn() == before is not None


async def test_what_another_has_taken_to_look_at_is_not_missed(service: Service, broker: AbstractConnection) -> None:
    await park(broker, service, "a", "b")
    other = service.replica()
    async with other._alone(), parking._taken(broker, QUEUE) as (messages, _):
        assert len(messages) == 2 and await service.upkeep.count_parked() == {QUEUE: 0}
        looking = asyncio.create_task(service.parking.look())
        await asyncio.sleep(0.5)
        assert not looking.done()
    assert len(await looking) == 2


async def test_thousands_are_looked_at_and_discarded_as_a_group(service: Service, broker: AbstractConnection) -> None:
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.parking("uji"))
        headers = {"ce-reason": "Permanent: many", "ce-parkedat": "2030-01-01T00:00:00.000000+00:00"}
        many = [withdrawn(f"a{number:04}") for number in range(1000)]
        for one in many:
            one.headers |= headers
        await asyncio.gather(*(exchange.publish(one, QUEUE) for one in many))
    found = await service.parking.look()
    assert [one.about.subject for one in found if one.about] == [f"a{number:04}" for number in range(1000)]
    assert await service.parking.do("discard", Choice(group=POISON), "a flood") == 1000
    assert await service.parking.look() == []


async def test_a_discarded_event_counts_as_heard(service: Service, broker: AbstractConnection) -> None:
    await park(broker, service, "a", "b")
    assert (await progress(service.storage, "UJI-1")).absorbed == {}
    found = await service.parking.look()
    await service.parking.do("discard", Choice(frozenset({found[0].id})), "no such person")
    assert (await progress(service.storage, "UJI-1")).absorbed == {"ApplicantWithdrawn": Reach(subjects=1, sequence=3)}

    # what was absorbed before or after it counts once
    def absorb(sequence: int) -> Callable[[Leaver], list[Any]]:
        def decide(leaver: Leaver) -> list[Any]:
            leaver.programme_code, leaver.marks["ApplicantWithdrawn"] = "UJI-1", (sequence, 0)
            return []

        return decide

    for sequence, expected in ((2, 3), (5, 5)):
        await service.leavers.change("a", absorb(sequence))
        heard = (await progress(service.storage, "UJI-1")).absorbed["ApplicantWithdrawn"]
        assert heard == Reach(subjects=1, sequence=expected)
    # replayed after all, it counts by its effect alone
    await service.parking.do("replay", Choice(frozenset({found[1].id})), "go")
    assert (await progress(service.storage, "UJI-1")).absorbed["ApplicantWithdrawn"].subjects == 1


async def test_a_parking_place_of_an_earlier_version_is_made_anew_only_when_it_is_empty(
    broker: AbstractConnection, service: Service
) -> None:
    wanted = topology.of_service("uji", [ApplicantWithdrawn])
    name = topology.parked(QUEUE)

    async def with_old_arguments() -> None:
        async with broker.channel() as channel:
            await channel.queue_delete(name)
            old = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
            await old.bind(topology.parking("uji"), QUEUE)

    async def limit() -> bool:
        [queue] = [one for one in wanted.queues if one.name == name]
        async with broker.channel() as channel:
            try:
                await channel.declare_queue(name, durable=True, arguments=queue.arguments)
            except aio_pika.exceptions.ChannelPreconditionFailed:
                return False
        return True

    await with_old_arguments()
    async with broker.channel() as channel:
        await topology.declare(channel, wanted)
    assert await limit()
    await with_old_arguments()
    async with broker.channel(publisher_confirms=True) as channel:
        await (await channel.get_exchange(topology.parking("uji"))).publish(withdrawn("a"), QUEUE)
        waiting = await topology.declare(channel, wanted)
    assert (waiting[name], await limit()) == (1, False)
    # and it still takes what is parked
    await send(broker, withdrawn("b"))
    service.refuse = lambda who: Permanent("no")
    async with service.listening():
        await service.parked(2)


async def test_what_is_forged_is_not_made_true_by_a_replay_nor_by_a_discard(
    service: Service, broker: AbstractConnection
) -> None:
    """Another service routes it to the queue by a CC header, under the id of an event that is still to come."""
    async with service.listening():
        async with broker.channel(publisher_confirms=True) as channel:
            await topology.declare(channel, topology.publishing("selection"))
            event = ApplicantWithdrawn(
                applicant_id="a", programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1)
            )
            sent = message(event, "a", 10**9, CC=[ApplicantWithdrawn.routing_key()])
            await (await channel.get_exchange(topology.outgoing("selection"))).publish(sent, "selection.x.v1")
        await service.parked(1)
        [one] = await service.parking.look()
        assert one.cause == "Forged"
        with pytest.raises(Conflict, match="publisher"):
            await service.parking.do("replay", Choice(group=Group(QUEUE, "Forged")), "a try")
        with pytest.raises(Conflict):
            await service.parking.do("replay", Choice(ids=frozenset({one.id})), "a try")
        assert [still.id for still in await service.parking.look()] == [one.id]
        assert await service.parking.do("discard", Choice(ids=frozenset({one.id})), "forged") == 1
    assert service.handled == []
    assert (await progress(service.storage, "UJI-1")).absorbed == {}
    assert await discarded_in(service.storage, QUEUE) == set()


def test_a_reason_holds_nobodys_number() -> None:
    """It goes into the audit, out of which nothing is ever taken."""
    assert Wanted(ids=["x"], reason="about 3375014101000001").reason == "about …"
