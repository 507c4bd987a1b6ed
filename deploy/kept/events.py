"""The events of `jalur.log` in a file and back into the log of another broker, in their order."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import IO, Any, NamedTuple

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from deploy import topology as deployed
from deploy.kept.files import Unusable
from shared import log, meta, topology

_AT_ONCE = 1000
_IDLE_S = 2.0
_STALLED_S = 60.0
_CONFIRM_S = 120.0
_BACK_S, _LOOK_EVERY_S = 60.0, 0.5
_ABSENT = "no queue"  # as RabbitMQ says; of one that it knows of and that is not back yet it says something else

# of a service, an event and its subjects: the versions of those documents that had published such an event, by id
Versions = Callable[[str, str, Sequence[str]], Mapping[str, int]]


class Log(NamedTuple):
    """What was kept of the log: `first` is the offset at which it began, 0 unless a retention limit has cut it.

    `forged` counts what no service had sent, `later` what was published after the moment of the databases.
    """

    events: int
    first: int
    forged: int
    later: int


async def end(amqp_url: str) -> int:
    """The offset behind the last event."""
    async with await aio_pika.connect(amqp_url) as connection:
        return await log.end(connection)


async def later_than(versions: Versions, amqp_url: str, start: int, stop: int) -> set[int]:
    """Offsets from `start` on of events whose publisher has not yet published them in the databases as they are kept.

    They must not be in the restored log: others would hear of what never happened there.
    """
    later: set[int] = set()
    async with await aio_pika.connect(amqp_url) as connection:
        async for batch in _read(connection, start, stop):
            by_event: dict[tuple[str, str], list[tuple[meta.Meta, int]]] = defaultdict(list)
            for message in batch:
                if (about := _about(message)) is not None:
                    by_event[about.publisher, about.event_name].append((about, log.offset_of(message)))
            for (service, event_name), events in by_event.items():
                subjects = list({about.subject for about, _ in events})
                held = await asyncio.to_thread(versions, service, event_name, subjects)
                later |= {offset for about, offset in events if held.get(about.subject, 0) < about.sequence}
    return later


async def write(file: IO[bytes], amqp_url: str, stop: int, left_out: Container[int]) -> Log:
    """The events below `stop`, but for those that were left out on purpose and those that no service has sent."""
    events = forged = later = 0
    first: int | None = None
    async with await aio_pika.connect(amqp_url) as connection:
        async for batch in _read(connection, 0, stop):
            first = log.offset_of(batch[0]) if first is None else first
            for message in batch:
                if _about(message) is None:
                    forged += 1
                elif log.offset_of(message) in left_out:
                    later += 1
                else:
                    file.write(json.dumps(_line(message)).encode() + b"\n")
                    events += 1
    return Log(events, first or 0, forged, later)


async def publish(lines: Iterable[bytes], amqp_url: str) -> int:
    """Into the log of a broker on which nothing else hears them; how many. Raises Unusable.

    Through `jalur.events`, for only the operator can write there, and whoever reads the log asks who sent an event.
    """
    count = 0
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.get_queue(topology.LOG)  # else they would be confirmed all the same
        exchange = await channel.get_exchange(topology.EVENTS)
        for portion in _portions(lines):
            try:
                async with asyncio.timeout(_CONFIRM_S), asyncio.TaskGroup() as group:
                    for one in portion:
                        group.create_task(exchange.publish(_message(one), one["key"], mandatory=True))
            except TimeoutError:
                raise Unusable("RabbitMQ does not confirm the events of the log") from None
            count += len(portion)
    return count


async def is_empty(amqp_url: str) -> bool:
    """Whether no event is in the log and nothing in a queue of ours, as far as they exist.

    Right after its start the broker knows of some that it does not have back yet: waits for them. Raises Unusable when
    it takes longer than a minute.
    """
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        # all of them, whatever the first holds: what is not back yet cannot be deleted either
        held = {queue.name: await _held(channel, queue.name) for part in deployed.everything() for queue in part.queues}
        if any(held.values()):
            return False
        # of a stream the broker does not always say how much is in it
        return held[topology.LOG] is None or not await log.end(connection)


async def _held(channel: AbstractChannel, queue: str) -> int | None:
    """How many messages; None when there is no such queue."""
    deadline = time.monotonic() + _BACK_S
    while True:
        try:
            found = await channel.declare_queue(queue, passive=True)
            return found.declaration_result.message_count or 0
        except aio_pika.exceptions.ChannelNotFoundEntity as error:
            await channel.reopen()
            if _ABSENT in str(error):
                return None
        if time.monotonic() > deadline:
            raise Unusable(f"RabbitMQ has not brought back {queue} since its start")
        await asyncio.sleep(_LOOK_EVERY_S)


async def make_room(amqp_url: str) -> None:
    """Delete every queue and exchange of ours with what is in them, and make the log anew, which alone is bound."""
    await deployed.remove(amqp_url)
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(topology.EVENTS)  # and with it what outside subscribers have bound
        await topology.declare(channel, topology.common())


def _about(message: AbstractIncomingMessage) -> meta.Meta | None:
    """What its headers say; None when it is no event, or not sent by the service that they name."""
    try:
        about = meta.read(message.headers)
    except meta.BadHeaders:
        return None
    return about if message.exchange in (topology.outgoing(about.publisher), topology.EVENTS) else None


async def _read(
    connection: AbstractConnection, start: int, stop: int
) -> AsyncIterator[Sequence[AbstractIncomingMessage]]:
    """The messages from `start` on and below `stop`. Raises Unusable when they do not come."""
    reached, quiet = start, 0.0
    if start >= stop:
        return
    async with aclosing(log.batches(connection, start, _AT_ONCE, _IDLE_S)) as batches:
        async for batch in batches:
            wanted = [message for message in batch if log.offset_of(message) < stop]
            if wanted:
                yield wanted
            reached = log.offset_of(batch[-1]) + 1 if batch else reached
            quiet = 0.0 if batch else quiet + _IDLE_S
            if reached >= stop:
                return
            if quiet > _STALLED_S:
                raise Unusable(f"RabbitMQ does not send the log: {reached} of {stop} events")


def _line(message: AbstractIncomingMessage) -> dict[str, Any]:
    return {
        "key": message.routing_key,
        "id": message.message_id,
        "type": message.type,
        "headers": {name: value for name, value in message.headers.items() if name.startswith("ce-")},
        "body": message.body.decode(),
    }


def _message(line: Mapping[str, Any]) -> aio_pika.Message:
    return aio_pika.Message(
        line["body"].encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=line["id"],
        type=line["type"],
        headers=line["headers"],
    )


def _portions(lines: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    for line in lines:
        portion.append(json.loads(line))
        if len(portion) == _AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion
