"""The read model built anew from the log, beside a floor that reads the log and writes in bulk without a thought."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import aio_pika
import orjson
from pymongo import UpdateOne

from benchmarks.lives import log_of
from deploy import topology as deployed
from services.gateway import rebuild
from services.gateway.events import on
from services.gateway.generations import Generations
from services.gateway.store import Store
from shared import log, topology
from shared.storage import Storage
from tests.conftest import Urls
from tests.events import message

_PUBLISHED_AT_ONCE = 500
_BATCH = 300
_LONGEST_S = 900.0


async def publish(urls: Urls, people: int) -> int:
    """An empty log, then filled with the lives of so many people; how many events those are."""
    await deployed.remove(urls.amqp)
    await deployed.declare(urls.amqp)
    sent = 0
    async with await aio_pika.connect(urls.amqp) as connection:
        channel = await connection.channel(publisher_confirms=True)
        for queue in [one.queue for one in on.subscriptions]:
            await channel.queue_delete(queue)  # nobody takes them from there
        exchange = await channel.get_exchange(topology.EVENTS)
        waiting = []
        for event, sequence in log_of(people):
            subject = getattr(event, "applicant_id", "-")
            waiting.append(exchange.publish(message(event, subject, sequence), event.routing_key()))
            if len(waiting) == _PUBLISHED_AT_ONCE:
                sent += len(await asyncio.gather(*waiting))
                waiting.clear()
        sent += len(await asyncio.gather(*waiting))
    return sent


async def ours(urls: Urls, events: int) -> float:
    """Events per second from the request until the new model is in service."""
    async with _storage(urls) as storage:
        store = Store(storage)
        generations = Generations(storage, store)
        await storage.prepare()
        await generations.serve_current()
        building = rebuild.Rebuild(urls.amqp, storage, store, on, generations)
        task = asyncio.create_task(building.run())
        await asyncio.sleep(1)
        began = time.perf_counter()
        await generations.ask("measured")
        try:
            async with asyncio.timeout(_LONGEST_S):
                while not (await generations.now()).generation:
                    await asyncio.sleep(0.02)
            took = time.perf_counter() - began
            if (built := (await generations.now()).offset) < events:
                raise RuntimeError(f"{built} of {events} events were built from")
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return events / took


async def floor(urls: Urls, events: int) -> float:
    """Events per second: every event read, parsed, and set in a document by one update of a bulk."""
    async with _storage(urls) as storage, await aio_pika.connect(urls.amqp) as connection:
        collection = storage.collection("applicants")
        began, seen = time.perf_counter(), 0
        async with aclosing(log.batches(connection, 0, _BATCH, idle_s=5)) as batches:
            async for batch in batches:
                told = [(one.headers["ce-type"], orjson.loads(one.body)) for one in batch]
                writes = [
                    UpdateOne({"_id": of["applicant_id"]}, {"$set": {kind: of}}, upsert=True) for kind, of in told
                ]
                await collection.bulk_write(writes, ordered=False)
                seen += len(batch)
                if seen >= events:
                    break
        return events / (time.perf_counter() - began)


async def only_read(urls: Urls, events: int) -> float:
    """Events per second that can be read at all."""
    async with await aio_pika.connect(urls.amqp) as connection:
        began, seen = time.perf_counter(), 0
        async with aclosing(log.batches(connection, 0, _BATCH, idle_s=5)) as batches:
            async for batch in batches:
                seen += len(batch)
                if seen >= events:
                    break
        return events / (time.perf_counter() - began)


@asynccontextmanager
async def _storage(urls: Urls) -> AsyncIterator[Storage]:
    database = f"bench_{uuid.uuid4().hex[:8]}"
    storage = Storage(urls.mongo, database, "gateway")
    try:
        yield storage
    finally:
        await storage._client.drop_database(database)
        storage.close()
