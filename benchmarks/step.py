"""One step, consume an event, write a document, publish an event with confirm, acknowledge: ours against raw floors."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import aio_pika
import uvloop
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic import Field
from pymongo import UpdateOne

from benchmarks import servers
from benchmarks.figures import Figure, Section
from shared import topology
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered, ApplicantWithdrawn
from shared.documents import Document
from shared.ledger import Entry, entry, signature
from shared.messaging import PREFETCH, Subscriptions
from shared.meta import Meta
from shared.outbox import Relay
from shared.storage import Documents, Storage
from tests.conftest import Urls
from tests.events import applicant, message

SERVICE = "bench"
QUEUE = topology.queue_of(SERVICE, ApplicantRegistered)
OUT = ApplicantWithdrawn.routing_key()
_BATCH = 100


class Effect(Document):
    """What a step writes."""

    registered: dict[str, Any] | None = None

    def take(self, event: ApplicantRegistered) -> list[Event]:
        self.programme_code = event.programme_code
        self.registered = event.model_dump(mode="json")
        return [_answer(self.id)]


class RecordedEffect(Effect):
    """What a step writes when it must be known who did it."""

    ledger: list[Entry] = Field(default_factory=list)

    def take(self, event: ApplicantRegistered) -> list[Event]:
        self.ledger.append(entry(signature(), "registered", number=event.registration_no))
        return super().take(event)


def _answer(who: str) -> ApplicantWithdrawn:
    return ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))


async def ours(urls: Urls, storage: Storage, done: Callable[[], Awaitable[None]], kind: type[Effect] = Effect) -> None:
    """Subscriptions, versioned documents with outbox and group commit, relay: find, write, publish, pull."""
    effects: Documents[Effect] = storage.documents("effects", kind, aggregate="effect")
    await storage.prepare()
    on = Subscriptions(SERVICE)

    @on(ApplicantRegistered)
    async def take(event: ApplicantRegistered, meta: Meta, store: Documents[Effect]) -> None:
        await store.change(event.applicant_id, lambda effect: effect.take(event), meta=meta)

    relay = Relay(urls.amqp, storage)
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(on.run(urls.amqp, effects))]
    await done()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def audited(urls: Urls, storage: Storage, done: Callable[[], Awaitable[None]]) -> None:
    """Ours, with an entry in a ledger for every step, which the relay adds to the audit."""
    await ours(urls, storage, done, RecordedEffect)


async def plain(urls: Urls, storage: Storage, done: Callable[[], Awaitable[None]]) -> None:
    """The floor: each message by itself, side by side up to the prefetch; no outbox."""
    collection = storage.collection("effects")
    async with _channels(urls) as (consuming, publishing):
        exchange = await publishing.get_exchange(topology.EVENTS)

        async def step(received: AbstractIncomingMessage) -> None:
            await collection.update_one(*_write(received), upsert=True)
            await exchange.publish(_published(received), OUT)
            await received.ack()

        await (await consuming.get_queue(QUEUE)).consume(step)
        await done()


async def batched(urls: Urls, storage: Storage, done: Callable[[], Awaitable[None]]) -> None:
    """The bare batched floor: one bulk write, pipelined confirms, one acknowledgement a batch; no outbox, no find."""
    collection = storage.collection("effects")
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def work() -> None:
        while True:
            batch = [await arrived.get()]
            while len(batch) < _BATCH and not arrived.empty():
                batch.append(arrived.get_nowait())
            await collection.bulk_write([UpdateOne(*_write(one), upsert=True) for one in batch], ordered=False)
            await asyncio.gather(*(exchange.publish(_published(one), OUT) for one in batch))
            await batch[-1].ack(multiple=True)

    async with _channels(urls) as (consuming, publishing):
        exchange = await publishing.get_exchange(topology.EVENTS)
        working = asyncio.create_task(work())
        await (await consuming.get_queue(QUEUE)).consume(arrived.put)
        await done()
        working.cancel()


def _write(received: AbstractIncomingMessage) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"_id": received.headers["ce-subject"]}, {"$set": {"registered": json.loads(received.body)}}


def _published(received: AbstractIncomingMessage) -> aio_pika.Message:
    sent = message(_answer(str(received.headers["ce-subject"])), str(received.headers["ce-subject"]))
    sent.delivery_mode = aio_pika.DeliveryMode.PERSISTENT
    return sent


@contextlib.asynccontextmanager
async def _channels(urls: Urls) -> AsyncIterator[tuple[AbstractChannel, AbstractChannel]]:
    async with await aio_pika.connect(urls.amqp) as connection:
        consuming = await connection.channel()
        await consuming.set_qos(prefetch_count=PREFETCH)
        yield consuming, await connection.channel(publisher_confirms=True)


async def rate_of(urls: Urls, how: Callable[..., Awaitable[None]], events: int) -> float:
    """Steps per second: from the consumer's start until the last answer was published."""
    connection = await aio_pika.connect(urls.amqp)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.queue_delete(QUEUE)
        for part in (
            topology.common(),
            topology.publishing(SERVICE),
            topology.of_service(SERVICE, [ApplicantRegistered]),
        ):
            await topology.declare(channel, part)
        # the step answers in registration's name
        await (await channel.get_exchange(topology.EVENTS)).bind(topology.outgoing(SERVICE), OUT)
        await _fill(channel, events)
        answers = await channel.declare_queue(exclusive=True)
        await answers.bind(topology.EVENTS, OUT)
        seen: set[str] = set()
        all_seen = asyncio.Event()

        async def count(answer: AbstractIncomingMessage) -> None:
            seen.add(str(answer.headers["ce-subject"]))
            if len(seen) == events:
                all_seen.set()

        await answers.consume(count, no_ack=True)
        storage = Storage(urls.mongo, f"bench_{uuid.uuid4().hex[:8]}", SERVICE)
        started = time.perf_counter()
        async with asyncio.timeout(600):
            await how(urls, storage, all_seen.wait)
        rate = events / (time.perf_counter() - started)
        await channel.queue_delete(QUEUE)
        storage.close()
    return rate


async def _fill(channel: AbstractChannel, events: int) -> None:
    exchange = await channel.get_exchange(topology.EVENTS)
    for start_at in range(0, events, 500):
        batch = [ApplicantRegistered.model_validate(applicant(n)) for n in range(start_at, min(start_at + 500, events))]
        await asyncio.gather(
            *(exchange.publish(message(one, one.applicant_id), ApplicantRegistered.routing_key()) for one in batch)
        )


async def compare(urls: Urls, events: int, runs: int) -> dict[str, list[float]]:
    """Every way, `runs` times, taking turns."""
    rates: dict[str, list[float]] = {}
    for _ in range(runs):
        for how in (plain, batched, ours, audited):
            rates.setdefault(how.__name__, []).append(await rate_of(urls, how, events))
    return rates


def measure(quick: bool) -> Section:
    with servers.running() as urls:
        rates = uvloop.run(compare(urls, 2000 if quick else 4000, 3 if quick else 5))
    floor = Figure("plain", tuple(rates["plain"]), "steps/s")
    others = [Figure(way, tuple(found), "steps/s", floor) for way, found in rates.items() if way != "plain"]
    return Section("A step", __doc__, [floor, *others])
