"""The parked messages of one service: looked at, replayed to the queue they came from, or discarded.

They stay in the queue `<queue>.parked`. To look is to take them all and give them back: their order is kept, and what
dies in between gives them back too. The broker never hands a taken message to anybody else; a lease makes the second
who comes wait instead of seeing a part.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, NamedTuple

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from shared import meta, topology
from shared.broker import connected_once
from shared.lease import Lease
from shared.parked_message import Parked
from shared.parking_record import ParkingRecords
from shared.problems import Conflict, NotFound
from shared.storage import Storage

Acknowledge = Callable[[Sequence[Parked]], Awaitable[None]]
Count = Callable[[], Awaitable[dict[str, int] | None]]  # what waits in the parking place of each queue, if known
Deed = Literal["replay", "discard"]

MOST = 20_000  # messages of a queue that are looked at; those behind them come up when these are gone
_AT_ONCE = 300
_PASSED_ON = 16
_LOOK_S = 20.0
_DEED_S = 120.0
_SILENCE_S = 2.0  # what the broker has counted and does not deliver for so long is in somebody else's hands
_LEASE_S = 30.0
_WAIT_S = 10.0


class Group(NamedTuple):
    """Messages of one queue that are parked for one cause."""

    queue: str
    cause: str


class Choice(NamedTuple):
    """Which messages: by id, or a group of a queue."""

    ids: frozenset[str] = frozenset()
    group: Group | None = None

    def takes(self, message: Parked) -> bool:
        return message.id in self.ids or (message.queue, message.cause) == self.group


class Parking:
    """What operators may do with a service's parked messages. Every call raises BrokerAway and StorageAway."""

    def __init__(self, url: str, storage: Storage, queues: Sequence[str], count: Count) -> None:
        self.queues = tuple(queues)
        self._count = count
        self.records = ParkingRecords(storage)
        self._url = url
        self._service = storage.service
        self._lease = Lease(storage, "parked", _LEASE_S)
        self._here = asyncio.Lock()

    async def look(self, queue: str | None = None) -> list[Parked]:
        """Those of one queue, or of all, in the order in which they were parked. Raises Conflict when others look."""
        if await self._nothing_parked(queue):
            return []
        found: list[Parked] = []
        async with self._alone(), connected_once(self._url, self._name, _LOOK_S) as connection:
            for name in self._of(queue):
                async with _taken(connection, name) as (messages, _):
                    found += messages
        return sorted(found, key=_order)

    async def show(self, id_: str) -> Parked:
        """Raises NotFound."""
        for message in await self.look(_queue_of(id_)):
            if message.id == id_:
                return message
        raise NotFound("unknown_message", "There is no such parked message.")

    async def do(self, deed: Deed, choice: Choice, reason: str, key: str | None = None) -> int:
        """Replay or discard; how many. Recorded, with who and why, before it is done. Raises NotFound, Conflict.

        Repeated under the same `key` it finishes what was interrupted, and does nothing else.
        """
        queues = {choice.group.queue} if choice.group else {_queue_of(id_) for id_ in choice.ids}
        before = await self.records.under(key) if key else frozenset()
        count = len(before)
        async with self._alone(), connected_once(self._url, self._name, _DEED_S) as connection:
            for queue in sorted(queues & set(self.queues)):
                async with _taken(connection, queue) as (messages, acknowledge):
                    chosen = [one for one in sorted(messages, key=_order) if choice.takes(one)]
                    if before:
                        chosen = [one for one in chosen if one.id in before]
                    if deed == "replay" and any(one.forged for one in chosen):
                        # what comes back through our own exchange is believed to be true
                        raise Conflict("forged", "It was not sent by its publisher: it can only be discarded.")
                    for first in range(0, len(chosen), _AT_ONCE):
                        part = chosen[first : first + _AT_ONCE]
                        await self._do(connection, deed, part, reason, key)
                        await acknowledge(part)
                count += 0 if before else len(chosen)
        if not count:
            raise NotFound("unknown_message", "There is no such parked message.")
        return count

    async def _do(
        self, connection: AbstractConnection, deed: Deed, messages: Sequence[Parked], reason: str, key: str | None
    ) -> None:
        await self._lease.hold()  # for longer
        await self.records.add(deed, messages, reason, key)
        if deed == "replay":
            async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
                back = await channel.get_exchange(topology.returning(self._service), ensure=False)
                await asyncio.gather(
                    *(back.publish(_again(one), routing_key=one.queue, mandatory=True) for one in messages)
                )

    async def _nothing_parked(self, queue: str | None) -> bool:
        """Whether there is surely nothing to take, which costs much more than to count.

        What somebody has taken is not counted: so a count is believed only when nobody held the lease meanwhile.
        """
        queues = self._of(queue)
        if not queues:
            return True
        before = await self._lease.turn()
        if before is None:
            return False
        counts = await self._count()
        return counts is not None and not any(map(counts.get, queues)) and await self._lease.turn() == before

    def _of(self, queue: str | None) -> Sequence[str]:
        return self.queues if queue is None else [name for name in self.queues if name == queue]

    @property
    def _name(self) -> str:
        return f"jalur-{self._service}-parked"

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        busy = Conflict("parked_busy", "Somebody else is busy with parked messages; try again in a moment.")
        deadline = asyncio.get_running_loop().time() + _WAIT_S
        try:
            await asyncio.wait_for(self._here.acquire(), _WAIT_S)
        except TimeoutError:
            raise busy from None
        try:
            while not await self._lease.hold():
                if asyncio.get_running_loop().time() > deadline:
                    raise busy
                await asyncio.sleep(0.2)
            try:
                yield
            finally:
                await self._lease.release()
        finally:
            self._here.release()


@contextlib.asynccontextmanager
async def _taken(connection: AbstractConnection, queue: str) -> AsyncIterator[tuple[list[Parked], Acknowledge]]:
    """All messages parked for a queue; those not acknowledged are back, in order, when the block has ended."""
    found: list[AbstractIncomingMessage] = []
    async with connection.channel() as channel:
        count = min(await _waiting(channel, queue), MOST)
        parked = await channel.get_queue(topology.parked(queue), ensure=False)
        if count:
            found = await _take(channel, parked, count)

        async def acknowledge(messages: Sequence[Parked]) -> None:
            for number, one in enumerate(messages, start=1):
                await one.message.ack()
                # what a channel has not passed on to a quorum queue when it closes is forgotten, and it holds back from
                # the 32nd on; getting a message, if there is one, waits until the queue has taken all that came before
                if number % _PASSED_ON == 0 or number == len(messages):
                    await parked.get(fail=False)

        yield [Parked(queue, message) for message in found], acknowledge
    left = sum(not message.processed for message in found)
    if left:
        # the broker gives back in its own time, and whoever looks next is to see all of them
        async with connection.channel() as channel:
            deadline = asyncio.get_running_loop().time() + _SILENCE_S
            while await _waiting(channel, queue) < left and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)


async def _waiting(channel: AbstractChannel, queue: str) -> int:
    try:
        found = await channel.declare_queue(topology.parked(queue), passive=True)
    except ChannelNotFoundEntity:  # just deleted; its service makes it again
        await channel.reopen()
        return 0
    return found.declaration_result.message_count or 0


async def _take(channel: AbstractChannel, parked: AbstractQueue, count: int) -> list[AbstractIncomingMessage]:
    await channel.set_qos(prefetch_count=count)
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    tag = await parked.consume(arrived.put)
    found: list[AbstractIncomingMessage] = []
    with contextlib.suppress(TimeoutError):
        while len(found) < count:
            found.append(await asyncio.wait_for(arrived.get(), _SILENCE_S))
    await parked.cancel(tag)
    return found


def _again(parked: Parked) -> Message:
    """The message as it was before it failed, with a whole ladder before it, and its attempts still counted."""
    left_out = (meta.REASON, meta.PARKED_AT, meta.ATTEMPT)
    headers = {name: value for name, value in parked.headers.items() if name not in left_out}
    message = parked.message
    return Message(
        message.body,
        headers={**headers, meta.ATTEMPTS_BEFORE: parked.attempts},
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
    )


def _queue_of(id_: str) -> str:
    return id_.rpartition(":")[0]


def _order(parked: Parked) -> str:
    return parked.parked_at
