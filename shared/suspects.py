"""Documents one of which made the broker hang up: they are published over connections of their own until it is found.

A message that the broker cannot take, larger than it allows or with headers larger than a frame, is answered with the
end of the channel or of the connection, and all that was on its way fails alike.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aio_pika.abc import AbstractConnection, AbstractExchange
from aiormq.exceptions import ChannelPreconditionFailed, ConnectionFrameError, ConnectionSyntaxError

from shared import topology
from shared.broker import BrokerAway, connected_once
from shared.problems import Away

log = logging.getLogger(__name__)

Key = tuple[str, str]  # a document: its collection and its id
Publish = Callable[[AbstractExchange, Sequence[Key]], Awaitable[None]]

_LOOK_EVERY_S = 0.5
_WITHIN_S = 20.0
_AGAIN_S = 600.0  # nothing but another configuration of the broker makes it take what it has refused
_ID_SHOWN = 80  # characters in the log
_REFUSALS = (ChannelPreconditionFailed, ConnectionFrameError, ConnectionSyntaxError)


class Suspects:
    """Nobody else may publish what these documents hold, nor what they commit meanwhile: so their order is kept."""

    def __init__(self, url: str, service: str) -> None:
        self._url = url
        self._service = service
        self._due: dict[Key, float] = {}  # when to try again, by the monotonic clock; 0 while nothing is known yet
        self._any = asyncio.Event()  # an idle system looks for none

    def __contains__(self, key: Key) -> bool:
        return key in self._due

    @property
    def stuck(self) -> int:
        """How many documents hold an event that cannot be published."""
        return sum(due > 0 for due in self._due.values())

    def of(self, collection: str) -> list[str]:
        """Their ids in a collection."""
        return [document_id for name, document_id in self._due if name == collection]

    def add(self, keys: Iterable[Key]) -> None:
        """One of these was refused."""
        self._due.update(dict.fromkeys(keys, 0.0))
        self._any.set()

    def hold(self, key: Key, why: BaseException) -> None:
        """This one cannot be published. What is wrong with it may be quoted in `why`, so its kind alone is logged."""
        told = (key[0], key[1][:_ID_SHOWN], type(why).__name__, _AGAIN_S)
        log.error("relay: %s %s holds an event that cannot be published: %s; trying again in %.0f s", *told)
        self._due[key] = time.monotonic() + _AGAIN_S
        self._any.set()

    async def examine(self, publish: Publish) -> None:
        """Until cancelled, publish those that are innocent, and now and then try the others. `publish` raises Away."""
        while True:
            if not self._due:
                self._any.clear()
            await self._any.wait()
            await asyncio.sleep(_LOOK_EVERY_S)
            now = time.monotonic()
            unknown = [key for key, due in self._due.items() if due == 0]
            again = [[key] for key, due in self._due.items() if 0 < due <= now]
            try:
                for keys in [unknown, *again] if unknown else again:
                    await self._examine(keys, publish)
            except Away:
                log.warning("relay: a server is away; what was refused is examined later")

    async def _examine(self, keys: Sequence[Key], publish: Publish) -> None:
        refusals: list[BaseException] = []
        began = time.monotonic()
        try:
            async with connected_once(self._url, f"jalur-{self._service}-suspects", _WITHIN_S) as connection:
                await publish(await outlet(connection, self._service, refusals.append), keys)
        except BrokerAway:
            if not refusals:
                raise
        if not refusals:
            for key in keys:
                if self._due[key] <= began:  # not held just now
                    del self._due[key]
        elif len(keys) == 1:
            self.hold(keys[0], refusals[0])
        else:
            middle = len(keys) // 2
            for half in (keys[:middle], keys[middle:]):
                await self._examine(half, publish)


async def outlet(
    connection: AbstractConnection, service: str, refused: Callable[[BaseException], None]
) -> AbstractExchange:
    """What a service publishes through, with confirms. `refused` hears that the broker hangs up because of a message.

    It hears so before any publishing task does, and is told of the message nothing. Raises aio-pika's
    ChannelNotFoundEntity while the broker does not have the log.
    """
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)

    def closed(_: object, error: BaseException | None) -> None:
        if isinstance(error, _REFUSALS):
            refused(error)

    channel.close_callbacks.add(closed)
    connection.close_callbacks.add(closed)
    # a broker that starts takes connections some moments before it has its streams: what is published then goes to all
    # other queues, is confirmed, and is missing from the log for ever
    await channel.get_queue(topology.LOG)
    return await channel.get_exchange(topology.outgoing(service))
