"""Messages as the broker sends them, of a queue or of the log."""

import asyncio
import contextlib
from collections import deque
from typing import Any

from aio_pika import IncomingMessage
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.abc import DeliveredMessage


class Arriving:
    """What a queue sends on one channel, in its order, until the channel ends or the queue is gone."""

    def __init__(self) -> None:
        self._arrived: deque[AbstractIncomingMessage] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def __len__(self) -> int:
        return len(self._arrived)

    def put(self, message: AbstractIncomingMessage) -> None:
        self._arrived.append(message)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def some(self, within_s: float | None = None) -> None:
        """Until there is a message, or will never be one again, or so long has passed."""
        # not `wait_for`: in Python 3.11 it forgets that it was cancelled when a message arrives at that moment
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._news.wait()

    def take(self, most: int) -> list[AbstractIncomingMessage]:
        """What has arrived, up to so many. Raises ConnectionError when no more will."""
        if self._ended:
            raise ConnectionError("the broker sends no more of this queue")
        taken = [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]
        if not self._arrived:
            self._news.clear()
        return taken


class _Arrived(IncomingMessage):
    """Without a check of each of the thirty attributes that are set when it is made."""

    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment]


async def listen(
    channel: AbstractChannel, queue: str, *, arguments: dict[str, Any] | None = None, no_ack: bool = False
) -> Arriving:
    """Have the broker send a queue's messages on this channel.

    Past `Queue.consume`, which makes a task of its own for each: with the checks that is a sixth of what it takes to
    receive one.
    """
    arriving = Arriving()

    async def put(delivered: DeliveredMessage) -> None:
        arriving.put(_Arrived(delivered, no_ack=no_ack))

    underlay = await channel.get_underlay_channel()
    channel.close_callbacks.add(lambda *_: arriving.end())
    underlay.on_consumer_cancel_callbacks.add(lambda *_: arriving.end())
    await underlay.basic_consume(queue, put, arguments=arguments, no_ack=no_ack)
    return arriving
