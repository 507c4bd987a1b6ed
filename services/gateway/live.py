"""The live feed: every event in the log, from any place in it, for a bounded number of clients."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from services.gateway.masking import without_free_text, without_health
from shared import arriving, meta, topology
from shared.broker import Unreachable, keep_connected
from shared.meta import BadHeaders
from shared.problems import Away

_PREFETCH = 100
_OFFSET = "x-stream-offset"

Offset = int | str  # a place in the log, or "first", or "next"


class LiveFeed:
    """One connection to the broker, one channel per client."""

    def __init__(self, url: str, most_listeners: int) -> None:
        self._url = url
        self._most_listeners = most_listeners
        self._listeners = 0
        self._connection: AbstractConnection | None = None

    async def run(self) -> None:
        """Hold the connection until cancelled."""
        await keep_connected(self._url, "jalur-gateway-feed", self._hold)

    async def _hold(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.get_queue(topology.LOG)
        await channel.close()
        self._connection = connection
        try:
            await asyncio.Event().wait()
        finally:
            self._connection = None

    def check(self) -> AbstractConnection:
        """The connection for one more client. Raises Away when the broker is away or too many listen already."""
        if self._listeners >= self._most_listeners:
            raise Away("too_many_listeners", "Too many clients listen to the live feed at the moment.")
        if self._connection is None:
            raise Away("broker_away", "The message broker does not answer at the moment.")
        return self._connection

    async def events(
        self, start: Offset, over: Callable[[], Coroutine[Any, Any, None]], *, health: bool
    ) -> AsyncIterator[dict[str, str]]:
        """The events from `start` on, as server-sent events; they end with `over`, or when the broker goes away."""
        connection = self.check()
        ending = asyncio.create_task(over())
        self._listeners += 1
        try:
            async with connection.channel() as channel:
                async for told in _events(channel, start, ending, health=health):
                    yield told
        except Unreachable:
            return
        finally:
            self._listeners -= 1
            ending.cancel()


async def _events(
    channel: AbstractChannel, start: Offset, ending: asyncio.Task[None], *, health: bool
) -> AsyncIterator[dict[str, str]]:
    await channel.set_qos(prefetch_count=_PREFETCH)
    arrivals = await arriving.listen(channel, topology.LOG, arguments={_OFFSET: start})
    ending.add_done_callback(lambda _: arrivals.end())
    while True:
        await arrivals.some()
        batch = arrivals.take(_PREFETCH)
        for message in batch:
            offset = int(str(message.headers[_OFFSET]))
            # the broker may begin a little earlier than asked
            if not isinstance(start, int) or offset >= start:
                with contextlib.suppress(BadHeaders, ValueError):  # not one of ours: whoever wrote it is not shown
                    yield {"id": str(offset), "data": json.dumps(_told(message, health=health))}
        await batch[-1].ack(multiple=True)


def _told(message: AbstractIncomingMessage, *, health: bool) -> dict[str, Any]:
    data = json.loads(message.body)
    about = meta.read(message.headers)
    if not topology.is_vouched_for(message.exchange, about.publisher, "gateway"):
        raise BadHeaders(f"sent through {message.exchange}, not by {about.publisher}")
    return {
        "id": about.id,
        "type": about.type,
        "subject": about.subject,
        "time": about.time,
        "sequence": about.sequence,
        "data": data if health else without_free_text(without_health(data)),
    }
