"""Builds the read model anew from the log, beside the one in service, and then puts it in that one's place.

Every event is in the log, so the new model lacks nothing once the log has been read to its end. A replica may handle an
event in the old model for a moment after the switch; so reading goes on until nobody can any more, and only then the
old model goes.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import NamedTuple

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from services.gateway.absorbing import Absorbing
from services.gateway.generations import Generations, Serving, State
from services.gateway.store import ReadModel, Store
from shared import log as events_log
from shared.broker import keep_connected
from shared.ending import end
from shared.lease import Lease
from shared.messaging import Subscriptions
from shared.parking_record import discarded_in
from shared.places_heard import PlacesHeard
from shared.storage import Storage, StorageAway

log = logging.getLogger(__name__)

_BATCH = 1000
_LOOK_EVERY_S = 0.5
_ASKED_EVERY_S = 2.0
_SAVE_EVERY_S = 3.0  # what is read in between is written at once
_LEASE_S = 15.0
_FRESH_S = 10.0  # an end of the log that was looked up longer ago is looked up again before the switch
# longer than a replica may write to the old model after the switch: one that was frozen has lost its connection by
# then, after three heartbeats at the most, and whatever it had not acknowledged comes again
_AFTERWARDS_S = 30.0


class _End(NamedTuple):
    """Where the log ended, and when that was looked up, by the monotonic clock."""

    offset: int
    at: float


class Rebuild:
    """Builds when somebody has asked for it; of all replicas one. What dies in between is taken up by another."""

    def __init__(self, url: str, storage: Storage, store: Store, on: Subscriptions, generations: Generations) -> None:
        self._url = url
        self._storage = storage
        self._store = store
        self._on = on
        self._generations = generations
        self._lease = Lease(storage, "rebuild", _LEASE_S)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await keep_connected(self._url, "jalur-gateway-rebuild", self._build_from)
        finally:
            with contextlib.suppress(StorageAway):
                await self._lease.release()

    async def _build_from(self, connection: AbstractConnection) -> None:
        while True:
            await self._generations.under_way.wait()
            try:
                if (await self._generations.now()).state is not State.IDLE and await self._lease.hold():
                    await self._build(connection, await self._generations.now())
                    await self._lease.release()
            except StorageAway:
                log.warning("rebuild: the database is away; going on later")
            await asyncio.sleep(_ASKED_EVERY_S)

    async def _build(self, connection: AbstractConnection, serving: Serving) -> None:
        """From where the last one came to, until the new model alone is left, or the lease is somebody else's."""
        building, position, skipped = serving.building, serving.offset, serving.skipped
        model = self._generations.model(building)
        if serving.state is State.BUILDING and (why := await self._why_not(connection)):
            await self._give_up(model, why)
            return
        discarded = {one.queue: await discarded_in(self._storage, one.queue) for one in self._on.subscriptions}
        absorbing = Absorbing(self._on, self._storage, self._store, model, discarded)
        last = await _end_of_log(connection)
        began = saved = time.monotonic()
        async with aclosing(events_log.batches(connection, position, _BATCH, idle_s=_LOOK_EVERY_S)) as batches:
            async for batch in batches:
                skipped += await self._absorb(batch, absorbing, serving.state)
                position = events_log.offset_of(batch[-1]) + 1 if batch else position
                if time.monotonic() - saved > _SAVE_EVERY_S:
                    skipped += await absorbing.settle()
                    if not await self._lease.hold():
                        return
                    serving = await self._generations.reached(building, position, last.offset, skipped)
                    saved = time.monotonic()
                if not serving.is_under_way(building):
                    return  # somebody else has ended it, while this process was frozen
                if position < last.offset or len(batch) == _BATCH:
                    continue
                # the end that counts: for the switch one of just now, for the old model's removal one of long after it
                due = began + _AFTERWARDS_S if serving.state is State.SWITCHED else time.monotonic() - _FRESH_S
                if last.at < due:
                    if time.monotonic() > due:
                        last = await _end_of_log(connection)
                elif serving.state is State.BUILDING:
                    if why := await self._why_not(connection):  # again: another log may have taken its place
                        await self._give_up(model, why)
                        return
                    skipped += await absorbing.settle()
                    if not await self._index(model):
                        return
                    await model.rollups.recount(everything=True)
                    await self._generations.reached(building, position, last.offset, skipped)
                    serving, began = await self._generations.switch(building), time.monotonic()
                    log.info("rebuild: generation %s is in service, from %s events", building, position)
                else:
                    await self._clear(building)
                    return

    async def _index(self, model: ReadModel) -> bool:
        """Whether the lease was ours until the model had its indexes. To keep them while it was filled took longer."""
        indexing = asyncio.create_task(model.prepare())
        try:
            while not (await asyncio.wait({indexing}, timeout=_SAVE_EVERY_S))[0]:
                if not await self._lease.hold():
                    return False
            await indexing
            return True
        finally:
            await end(indexing)

    async def _why_not(self, connection: AbstractConnection) -> str | None:
        """What keeps the log from being built from: the new model would lack events that the present one has."""
        began_with = await PlacesHeard(self._storage, []).first_event()
        try:
            first = await events_log.at(connection, 0)
        except TimeoutError:
            return "the log holds no event, or the broker is too slow to tell"
        if events_log.offset_of(first) > 0:
            return "the log does not reach back to the first event"
        if began_with not in (None, first.message_id):
            return "the log was made anew and lacks what happened before"
        return None

    async def _absorb(self, batch: Sequence[AbstractIncomingMessage], absorbing: Absorbing, state: State) -> int:
        """How many of these events could not be absorbed."""
        return await (absorbing.fold(batch) if state is State.BUILDING else absorbing.handle(batch))

    async def _give_up(self, model: ReadModel, why: str) -> None:
        log.error("rebuild: given up: %s", why)
        await model.drop()
        await self._generations.finish(model.generation, why)

    async def _clear(self, building: int) -> None:
        """Take every older model away."""
        for generation in range(building):
            await ReadModel(self._storage, generation).drop()
        await self._generations.finish(building)


async def _end_of_log(connection: AbstractConnection) -> _End:
    asked = time.monotonic()
    return _End(await events_log.end(connection), asked)
