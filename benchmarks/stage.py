"""Where a run takes place: a queue is filled, somebody empties it, and it is timed how fast effects appear."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, NamedTuple

import aio_pika
from aio_pika.abc import AbstractChannel

from shared import topology
from shared.contracts import Event
from shared.storage import Storage
from tests.conftest import Urls
from tests.events import message

_LOOK_EVERY_S = 0.02
_FILLED_AT_ONCE = 500
_LONGEST_S = 300
_ANSWERS = "bench.answers"


class Run(NamedTuple):
    """How many steps a second, and how much of a processor each took of this process, in milliseconds."""

    rate: float
    cpu_ms: float


class Stage:
    """The broker's part of a run. `answer` is the event, if any, that each step publishes."""

    def __init__(self, channel: AbstractChannel, urls: Urls, answer: type[Event] | None) -> None:
        self.urls = urls
        self._channel = channel
        self._answer = answer

    async def fill(self, events: Sequence[Event]) -> None:
        """Publish events of one service as it would, each about its applicant."""
        exchange = await self._channel.get_exchange(topology.outgoing(events[0].service), ensure=False)
        for start in range(0, len(events), _FILLED_AT_ONCE):
            batch = events[start : start + _FILLED_AT_ONCE]
            subjects = [getattr(one, "applicant_id", "") or getattr(one, "programme_code", "") for one in batch]
            messages = [message(one, subject) for one, subject in zip(batch, subjects, strict=True)]
            for one in messages:
                one.delivery_mode = aio_pika.DeliveryMode.PERSISTENT
            await asyncio.gather(
                *(exchange.publish(one, of.routing_key()) for one, of in zip(messages, batch, strict=True))
            )

    async def timed(self, work: Awaitable[None], effects: Any, count: int) -> Run:
        """Run `work` until `count` more documents are in `effects`, all answers are out, and no outbox holds anything.

        From the moment when the first effects are seen: whoever starts slowly is not slower.
        """
        await (await self._channel.get_queue(_ANSWERS)).purge()
        before = await effects.estimated_document_count()
        working = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(_LONGEST_S):
                while (first := await effects.estimated_document_count() - before) == 0:
                    await _pause(working, _LOOK_EVERY_S / 4)
                since, used = time.perf_counter(), time.process_time()
                while not await self._is_done(effects, before + count, count):
                    await _pause(working, _LOOK_EVERY_S)
            took, cpu = time.perf_counter() - since, time.process_time() - used
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
        return Run((count - first) / took, cpu / (count - first) * 1000)

    async def _is_done(self, effects: Any, documents: int, answers: int) -> bool:
        if await effects.estimated_document_count() < documents:
            return False
        if self._answer and await self._answered() < answers:
            return False
        return bool(await effects.count_documents({"pending": True}, limit=1) == 0)

    async def _answered(self) -> int:
        found = await self._channel.declare_queue(_ANSWERS, passive=True)
        return found.declaration_result.message_count or 0


async def _pause(working: "asyncio.Future[None]", seconds: float) -> None:
    await asyncio.sleep(seconds)
    if working.done():
        working.result()


@contextlib.asynccontextmanager
async def stage(
    urls: Urls, service: str, contracts: Sequence[type[Event]], answer: type[Event] | None
) -> AsyncIterator[Stage]:
    """Empty queues of one service, and what it publishes through."""
    async with await aio_pika.connect(urls.amqp) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.queue_delete(topology.LOG)
        for queue in topology.of_service(service, contracts).queues:
            await channel.queue_delete(queue.name)
        publishers = {service, *(contract.service for contract in contracts)}
        for part in (topology.common(), *map(topology.publishing, publishers)):
            await topology.declare(channel, part)
        await topology.declare(channel, topology.of_service(service, contracts))
        answers = await channel.declare_queue(_ANSWERS, exclusive=True)
        if answer:
            await answers.bind(topology.EVENTS, answer.routing_key())
            await (await channel.get_exchange(topology.EVENTS)).bind(topology.outgoing(service), answer.routing_key())
        yield Stage(channel, urls, answer)
        await channel.queue_delete(_ANSWERS)


@contextlib.asynccontextmanager
async def fresh_storage(urls: Urls, service: str, name: str | None = None) -> AsyncIterator[Storage]:
    """A database of its own, dropped afterwards."""
    storage = Storage(urls.mongo, name or f"bench_{uuid.uuid4().hex[:8]}", service)
    try:
        yield storage
    finally:
        for database in (storage._database, storage.audit.database):
            await storage._client.drop_database(database)
        storage.close()
