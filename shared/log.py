"""Reads `jalur.log`, the stream of all events, from any place in it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Literal

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from shared import arriving, topology

_OFFSET = "x-stream-offset"
_SILENCE_S = 0.5
_TOGETHER_S = 0.01  # what comes in a stream is dealt with together, not by the dozen
_END_S = 3.0
_ANSWER_S = 10.0

# a time is that of arrival by the broker's clock, in whole seconds; reading begins there or a little earlier
Offset = int | datetime | Literal["first", "last", "next"]


def offset_of(message: AbstractIncomingMessage) -> int:
    """The place of a message in the log; counted from 0, never given twice."""
    return int(str(message.headers[_OFFSET]))


async def batches(
    connection: AbstractConnection, start: Offset, most: int, idle_s: float
) -> AsyncGenerator[list[AbstractIncomingMessage], None]:
    """The messages from `start` on, in order, up to `most` at a time; an empty list whenever none came for `idle_s`.

    No more than two batches are in memory: the next ones are sent when a batch has been dealt with. Raises
    ConnectionError when the broker ends it.
    """
    async with connection.channel() as channel:
        await channel.set_qos(prefetch_count=2 * most)
        arrivals = await arriving.listen(channel, topology.LOG, arguments={_OFFSET: start})
        while True:
            await arrivals.some(idle_s)
            if 0 < len(arrivals) < most:
                await asyncio.sleep(_TOGETHER_S)
            batch = arrivals.take(most)
            # the broker may begin a little earlier than asked
            wanted = [one for one in batch if not isinstance(start, int) or offset_of(one) >= start]
            if wanted or not batch:
                yield wanted
            if batch:
                await batch[-1].ack(multiple=True)


async def end(connection: AbstractConnection) -> int:
    """The offset behind the last event, or a little farther; 0 in an empty log.

    Raises ConnectionError when the broker says that the log holds events, and sends none.
    """
    behind = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_S), aclosing(batches(connection, "last", 1000, _SILENCE_S)) as found:
            async for batch in found:
                if batch:
                    behind = offset_of(batch[-1]) + 1
                elif behind:  # before the first answer silence says nothing: the broker may be slow
                    break
    if not behind and await _holds_some(connection):
        raise ConnectionError("the broker does not send the log")
    return behind


async def _holds_some(connection: AbstractConnection) -> bool:
    async with connection.channel() as channel:
        found = await channel.declare_queue(topology.LOG, passive=True)
        return bool(found.declaration_result.message_count)


async def at(connection: AbstractConnection, offset: int) -> AbstractIncomingMessage:
    """The first message from this offset on. Raises TimeoutError when there is none."""
    async with asyncio.timeout(_ANSWER_S), aclosing(batches(connection, offset, 1, _ANSWER_S)) as found:
        async for batch in found:
            if batch:
                return batch[0]
    raise TimeoutError
