"""Hears the log of all events a second time, some way behind the queues: what a queue has lost is made good.

A queue may be deleted, bound to nothing or made anew, while its service runs or not; nobody can be asked afterwards
what it missed. But the log takes everything. So one replica of each service follows it and passes by whatever the
queues have brought already; the rest is handled as if a queue had brought it. Usually that is nothing, and it takes
its time, the more so while the queues are busy, but not for ever. When a queue was missing, or the service is new,
it hurries (`catching_up`).
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from shared import log, meta
from shared.breath import side_by_side
from shared.broker import keep_connected, raise_failure
from shared.lease import Lease
from shared.messaging import BATCH, Subscription, Subscriptions
from shared.metrics import Outcome
from shared.outbox import Relay
from shared.parking_record import discarded_in
from shared.places_heard import PlacesHeard
from shared.retries import Retries
from shared.sent_on import SentOn
from shared.storage import Storage, StorageAway

_LEASE_S = 10.0
_SAVE_EVERY_S = 3.0
# how long the queues may take to bring what stands in the log, before it is handled from there; the lease lasts longer
_TURN_S = 5.0
_LOOK_EVERY_S = 0.3
_OTHERS_S = 1.0  # another replica that handles the same message at the same time is done by then
_READING_S = 0.0002  # what a message costs before it is handled
_LEISURE = 3  # seconds of rest for each of work
_LONGEST_REST_S = 2.0  # after work that took long only because it waited: for the queues, for an absent database
# work that never ends must not put off for ever what is to be made good: whoever hears for longer than this what
# happened longer ago than this rests no more
_MAY_LAG_S = 30.0


class Hearing:
    """Follows the log for one service. `catching_up` says that it hurries."""

    def __init__(self, url: str, storage: Storage, on: Subscriptions, relay: Relay) -> None:
        self.catching_up = False
        self._relay = relay
        self._url = url
        self._on = on
        self._storage = storage
        self._by_key = {one.contract.routing_key(): one for one in on.subscriptions}
        self._near_end_at = time.monotonic()  # when it last heard what had just happened
        self._places = PlacesHeard(storage, [one.queue for one in on.subscriptions])
        self._lease = Lease(storage, "log", _LEASE_S)
        self._sent_on = on.sent_on = SentOn(storage)
        self._service = storage.service
        self._looking: AbstractChannel

    async def run(self) -> None:
        """Follow the log until cancelled, whenever no other replica does."""
        if not self._by_key:
            return
        try:
            await keep_connected(self._url, f"jalur-{self._service}-log", self._follow)
        finally:
            with contextlib.suppress(StorageAway):
                await self._lease.release()

    @property
    def _is_late(self) -> bool:
        return time.monotonic() - self._near_end_at > _MAY_LAG_S

    async def _follow(self, connection: AbstractConnection) -> None:
        while not await self._is_ours():
            self.catching_up = False
            self._near_end_at = time.monotonic()  # whoever follows it may be late; this one has not begun
            await asyncio.sleep(_LEASE_S / 2)
        self._looking = await connection.channel()
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        retries = _RetriesOfASecond(self._service, channel, self._sent_on)
        places = await self._places.load(connection)
        discarded = {queue: await discarded_in(self._storage, queue) for queue in places}
        target = await log.end(connection)
        self.catching_up = self.catching_up or min(places.values()) == 0 < target
        saved = time.monotonic()
        async for batch in log.batches(connection, min(places.values()), BATCH, idle_s=_SAVE_EVERY_S / 2):
            if self._on.lost:
                self._on.lost, self.catching_up = False, True
                target = await log.end(connection)
            began = time.monotonic()
            await self._hear(batch, places, discarded, retries)
            if time.monotonic() - saved > _SAVE_EVERY_S:
                await self._places.save()
                await self._stay_ours()
                saved = time.monotonic()
            if not batch or log.offset_of(batch[-1]) + 1 >= target:
                self.catching_up = False
            if not batch or (meta.age_s(batch[-1].headers) or 0.0) < _MAY_LAG_S:
                self._near_end_at = time.monotonic()
            # of what is forgotten before it is heard everything has to be handled again
            if batch and not (self.catching_up or self._is_late or self._on.handled.crowded):
                spent = time.monotonic() - began + _READING_S * len(batch)
                # to be sent everything again costs as much as the first time: not while there is work, nor in crumbs
                at_work = self._on.busy or self._relay.busy or len(batch) < BATCH
                await asyncio.sleep(_LONGEST_REST_S if at_work else min(spent * _LEISURE, _LONGEST_REST_S))

    async def _hear(
        self,
        batch: Sequence[AbstractIncomingMessage],
        places: Mapping[str, int],
        discarded: Mapping[str, set[str]],
        retries: Retries,
    ) -> None:
        def missed() -> list[tuple[Subscription, AbstractIncomingMessage]]:
            for_us = ((self._by_key.get(message.routing_key or ""), message) for message in batch)
            return [
                (subscription, message)
                for subscription, message in for_us
                if subscription is not None
                and message.message_id not in self._on.handled
                and log.offset_of(message) >= places[subscription.queue]
                and message.message_id not in discarded[subscription.queue]
            ]

        found = missed()
        if found and not self.catching_up:
            await self._stay_ours()  # with the rest before it the turn is longer than the lease
            await self._give_the_queues_their_turn({subscription.queue for subscription, _ in found})
            found = missed()
        handling = (self._on.handle(subscription, message, retries) for subscription, message in found)
        raise_failure(await side_by_side(handling))
        for message in batch:
            self._on.handled.discard(message.message_id)
        if batch:
            self._places.reached(batch)

    async def _give_the_queues_their_turn(self, queues: Iterable[str]) -> None:
        """Wait until they have brought everything they held, but not for ever; when late, only while they hold some."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TURN_S):
                for queue in queues:
                    while await self._waiting_in(queue) or (self._on.busy and not self._is_late):
                        await asyncio.sleep(_LOOK_EVERY_S)

    async def _waiting_in(self, queue: str) -> int:
        try:
            found = await self._looking.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:  # just deleted: it brings nothing more
            await self._looking.reopen()
            return 0
        return found.declaration_result.message_count or 0

    async def _stay_ours(self) -> None:
        """Renew the lease. Raises ConnectionError when another replica has it."""
        if not await self._is_ours():
            raise ConnectionError("another replica follows the log now")

    async def _is_ours(self) -> bool:
        try:
            return await self._lease.hold()
        except StorageAway:
            return False


class _RetriesOfASecond(Retries):
    """What fails when it is heard from the log may have failed in another replica too, which has sent it on."""

    def __init__(self, service: str, channel: AbstractChannel, sent_on: SentOn) -> None:
        super().__init__(service, channel)
        self._sent_on = sent_on

    async def after_failure(self, message: AbstractIncomingMessage, queue: str, error: Exception) -> Outcome:
        await asyncio.sleep(_OTHERS_S)
        if await self._sent_on.has(queue, message.message_id):
            return "handled"  # by whoever has sent it on
        return await super().after_failure(message, queue, error)
