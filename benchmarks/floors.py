"""Raw consumers, without any code of ours: what the stack itself can do, to be measured against."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pymongo import UpdateOne, WriteConcern

from shared import topology
from shared.storage import Storage

Json = dict[str, Any]

PREFETCH = 300
BATCH = 150


@dataclass(frozen=True)
class Work:
    """What is to be done for each event from `queue`, besides acknowledging it.

    `state` makes the fields of the document out of the event's, `finds` names the collections in which a document is
    looked up, in that order; `answers` are the routing keys and data of the events that are published, and `deeds` what
    is added to the audit.
    """

    queue: str
    state: Callable[[Json], Json]
    finds: Sequence[str] = ("effects",)
    answers: Sequence[tuple[str, Json]] = ()
    deeds: Sequence[Json] = field(default_factory=tuple)


async def plain(url: str, storage: Storage, work: Work) -> None:
    """Each message by itself, side by side up to the prefetch: one write, one confirmed publish. No outbox, no find."""
    collection = storage.collection("effects")
    async with _channels(url) as (consuming, publishing):
        exchange = await publishing.get_exchange(topology.EVENTS)

        async def step(message: AbstractIncomingMessage) -> None:
            set_state = {"$set": work.state(orjson.loads(message.body))}
            await collection.update_one({"_id": message.headers["ce-subject"]}, set_state, upsert=True)
            for entry in _entries(work, message):
                await exchange.publish(_message(entry), entry["key"])
            await message.ack()

        await (await consuming.get_queue(work.queue)).consume(step)
        await asyncio.Future()


async def bare(url: str, storage: Storage, work: Work) -> None:
    """In batches: one bulk write, pipelined confirms, one acknowledgement. No outbox, no find, no pull."""
    collection = storage.collection("effects")
    async with _channels(url) as (consuming, publishing):
        exchange = await publishing.get_exchange(topology.EVENTS)

        async def handle(batch: list[AbstractIncomingMessage]) -> None:
            writes = [
                UpdateOne({"_id": one.headers["ce-subject"]}, {"$set": work.state(orjson.loads(one.body))}, upsert=True)
                for one in batch
            ]
            await collection.bulk_write(writes, ordered=False)
            entries = [entry for one in batch for entry in _entries(work, one)]
            await asyncio.gather(*(exchange.publish(_message(entry), entry["key"]) for entry in entries))

        await _in_batches(consuming, work.queue, handle)


async def same_work(url: str, storage: Storage, work: Work) -> None:
    """In batches, what ours does: finds, bulk write with the outbox, pipelined confirms, deeds, pull, acknowledge."""
    collection = storage.collection("effects")
    unhurried = collection.with_options(write_concern=WriteConcern(w=1))
    audit = storage.audit
    # a sweeper needs it, and it costs something at every write
    await collection.create_index("pending", partialFilterExpression={"pending": True})
    async with _channels(url) as (consuming, publishing):
        exchange = await publishing.get_exchange(topology.outgoing(storage.service))

        async def handle(batch: list[AbstractIncomingMessage]) -> None:
            ids = [str(one.headers["ce-subject"]) for one in batch]
            for name in work.finds:
                await storage.collection(name).find({"_id": {"$in": ids}}).to_list(None)
            owed = [_entries(work, one) for one in batch]
            writes = [_write(id_, work, one, entries) for id_, one, entries in zip(ids, batch, owed, strict=True)]
            await collection.bulk_write(writes, ordered=False)
            outbox = [entry for entries in owed for entry in entries]
            sending = [exchange.publish(_message(one), one["key"], mandatory=True) for one in outbox if "key" in one]
            deeds = [entry for entry in outbox if "key" not in entry]
            await asyncio.gather(*sending, *([audit.insert_one({"entries": deeds})] if deeds else []))
            if outbox:
                taken = {"$pull": {"outbox": {}}, "$unset": {"pending": 1}}
                await unhurried.bulk_write([UpdateOne({"_id": id_}, taken) for id_ in ids], ordered=False)

        await _in_batches(consuming, work.queue, handle)


def _write(id_: str, work: Work, message: AbstractIncomingMessage, entries: list[Json]) -> UpdateOne:
    state = work.state(orjson.loads(message.body))
    update: Json = {"$set": state, "$inc": {"version": 1}}
    if entries:
        state["pending"] = True
        update |= {"$currentDate": {"touched": True}, "$push": {"outbox": {"$each": entries}}}
        if work.deeds:
            update["$push"]["ledger"] = {"$each": list(work.deeds)}
    return UpdateOne({"_id": id_, "version": 0}, update, upsert=True)


def _entries(work: Work, message: AbstractIncomingMessage) -> list[Json]:
    subject = str(message.headers["ce-subject"])
    common = {
        "subject": subject,
        "source": "/jalur/registration",
        "sequence": 1,
        "time": "2030-01-01T00:00:00.000000+00:00",
        "correlation": message.headers["ce-correlationid"],
        "causation": message.headers["ce-id"],
    }
    events = [
        {
            "id": f"bench.effect:{subject}:1:{n}",
            "type": message.headers["ce-type"],
            "key": key,
            "data": {**data, "applicant_id": subject},
            **common,
        }
        for n, (key, data) in enumerate(work.answers)
    ]
    deeds = [{"id": f"bench.effect:{subject}:1:a{n}", **deed, **common} for n, deed in enumerate(work.deeds)]
    return events + deeds


def _message(entry: Json) -> aio_pika.Message:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": entry["id"],
        "ce-source": entry["source"],
        "ce-type": entry["type"],
        "ce-subject": entry["subject"],
        "ce-time": entry["time"],
        "ce-dataschema": f"urn:jalur:schema:{entry['key']}",
        "ce-sequence": "000000000001",
        "ce-correlationid": entry["correlation"],
        "ce-causationid": entry["causation"],
    }
    return aio_pika.Message(
        orjson.dumps(entry["data"]),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=entry["id"],
        type=entry["type"],
        headers=headers,
    )


async def _in_batches(
    channel: AbstractChannel, queue: str, handle: Callable[[list[AbstractIncomingMessage]], Coroutine[Any, Any, None]]
) -> None:
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await (await channel.get_queue(queue)).consume(arrived.put)
    while True:
        batch = [await arrived.get()]
        while len(batch) < BATCH and not arrived.empty():
            batch.append(arrived.get_nowait())
        await handle(batch)
        await batch[-1].ack(multiple=True)


@contextlib.asynccontextmanager
async def _channels(url: str) -> AsyncIterator[tuple[AbstractChannel, AbstractChannel]]:
    """One to consume from, one to publish with confirms."""
    async with await aio_pika.connect(url) as connection:
        consuming = await connection.channel()
        await consuming.set_qos(prefetch_count=PREFETCH)
        yield consuming, await connection.channel(publisher_confirms=True)
