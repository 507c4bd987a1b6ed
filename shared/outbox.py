"""The relay: publishes the events in outboxes, with confirms, adds the deeds there to the audit, and takes out both."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractConnection, AbstractExchange
from aio_pika.exceptions import DeliveryError
from aiormq import spec

from shared import meta, metrics, tracing
from shared.audit.trail import Trail
from shared.breath import side_by_side
from shared.broker import Unreachable, keep_connected, raise_failure
from shared.documents import Committed, is_deed
from shared.lease import Lease
from shared.storage import Documents, Storage, StorageAway
from shared.suspects import Key, Suspects, outlet

log = logging.getLogger(__name__)

_BATCH = 200  # documents whose events are in flight at once
_ENOUGH = 100  # documents for which no more are waited for
_APART_S = 0.03  # between the beginnings of two batches, so that what is committed in a stream goes out together
_CONFIRM_TIMEOUT_S = 10.0
_BACKLOG = 20_000  # documents waiting in memory; beyond that the sweeper finds them in the database
_PLENTY = 600  # documents, of some five kilobytes each, for which whoever commits thousands waits
_PACE_S = 0.02
_SWEEP_EVERY_S = 1.0
_LEISURE = 9  # seconds of rest for each of sweeping
_LONGEST_REST_S = 4.0  # under load, and when nothing has happened for a while; the lease lasts longer
_AWAKE_S = 10.0  # after a connection, and after anything that went out or was left behind
_LEFT_BEHIND_MS = 3_000  # an outbox older than this was left behind: by a crash, or while the broker was away
_LEASE_S = 5.0


class Relay:
    """Publishes at once what was just committed, and sweeps up what a crash or an absent broker left behind.

    Events of one document go out in order, documents in parallel. A crash between confirm and pull publishes again,
    under the same id. Deeds go to the audit beside them, many in one write, and are in it once. An event that cannot be
    published holds up its own document alone, and stays in its outbox.
    """

    def __init__(self, url: str, storage: Storage) -> None:
        self._url = url
        self._storage = storage
        self._trail = Trail(storage)
        self._collections: dict[str, Documents] = {documents.name: documents for documents in storage.collections}  # type: ignore[type-arg]
        self._waiting: dict[Key, Committed] = {}
        self._flying: set[Key] = set()
        self._flown: set[Key] = set()  # since the sweeper last began to look
        self._suspects = Suspects(url, storage.service)
        self._work = asyncio.Event()
        self._worked_at = 0.0
        self._sweeping = Lease(storage, "sweeper", _LEASE_S)  # one sweeper a service is enough
        self.connected = False
        storage.on_commit = self._hand_over
        storage.keep_pace = self._keep_pace

    @property
    def stuck(self) -> int:
        """How many documents hold an event that cannot be published, as far as this process has found out."""
        return self._suspects.stuck

    @property
    def busy(self) -> bool:
        """Whether something is on its way, or waits for it."""
        return bool(self._waiting or self._flying)

    async def run(self) -> None:
        """Publish until cancelled."""
        await keep_connected(self._url, f"jalur-{self._storage.service}-relay", self._publish_from)

    def _hand_over(self, committed: Committed) -> None:
        if not self.connected:
            return  # the sweeper will find it, or the next change of the same document
        key = _key(committed)
        if key in self._suspects:
            return  # it stays behind what is in the outbox
        earlier = self._waiting.get(key)
        if earlier is not None:
            self._waiting[key] = earlier.followed_by(committed)
        elif len(self._waiting) < _BACKLOG:
            self._waiting[key] = committed
        self._work.set()

    async def _keep_pace(self) -> None:
        # while the broker is away nothing waits here, and nobody waits for it
        while self.connected and len(self._waiting) > _PLENTY:
            await asyncio.sleep(_PACE_S)

    async def _publish_from(self, connection: AbstractConnection) -> None:
        self._flying = set()
        exchange = await outlet(connection, self._storage.service, lambda _: self._suspects.add(self._flying))
        self.connected = True
        self._worked_at = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish_waiting(exchange))
                group.create_task(self._sweep())
                group.create_task(self._suspects.examine(self._publish_outboxes))
        finally:
            self.connected = False
            self._waiting.clear()  # the sweeper finds them again

    async def _publish_waiting(self, exchange: AbstractExchange) -> None:
        began = -_APART_S
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                if len(self._waiting) < _ENOUGH:
                    await asyncio.sleep(began + _APART_S - time.monotonic())
                began = self._worked_at = time.monotonic()
                keys = list(self._waiting)[:_BATCH]
                self._flying = set(keys)
                self._flown |= self._flying
                batch = [self._waiting.pop(key) for key in keys]
                try:
                    batch = await self._with_earlier(batch)
                except StorageAway:
                    log.warning("relay: the database is away; what is behind something is left to the sweeper")
                    batch = [committed for committed in batch if not committed.behind]
                await self._publish(exchange, batch)
                self._flying = set()

    async def _with_earlier(self, batch: list[Committed]) -> list[Committed]:
        """The batch, with all that the outbox holds of documents whose earlier entries may still be waiting in it.

        Whoever committed those, before this connection or in another process, they go out first. Raises StorageAway.
        """
        behind: dict[str, list[str]] = {}
        for committed in batch:
            if committed.behind:
                behind.setdefault(committed.collection, []).append(committed.document_id)
        held = {name: await self._collections[name].outboxes(ids) for name, ids in behind.items()}
        return [
            committed._replace(entries=held[committed.collection].get(committed.document_id, []))
            if committed.behind
            else committed
            for committed in batch
        ]

    async def _publish(self, exchange: AbstractExchange, batch: Sequence[Committed]) -> None:
        done: list[tuple[Committed, str]] = []

        async def in_order(committed: Committed) -> None:
            for entry in committed.entries:
                if not is_deed(entry):
                    await _send(exchange, entry)
                    done.append((committed, entry["id"]))
                    if "trace" in entry:
                        tracing.published(entry)

        recording = asyncio.create_task(self._record(batch))
        try:
            async with asyncio.timeout(_CONFIRM_TIMEOUT_S):
                outcomes = await side_by_side(map(in_order, batch))
        finally:
            metrics.published.inc(len(done))
            done += await recording
            await self._pull(batch, done)
        if any(outcomes):
            metrics.held_up.inc(sum(outcome is not None for outcome in outcomes))
            self._tell_apart(batch, outcomes)

    def _tell_apart(self, batch: Sequence[Committed], outcomes: Sequence[BaseException | None]) -> None:
        """What failed stays in its outbox. Raises what says that the connection did."""
        returned = 0
        for committed, error in zip(batch, outcomes, strict=True):
            if isinstance(error, DeliveryError):
                returned += 1
            elif isinstance(error, Exception) and not isinstance(error, Unreachable):  # it could not even be sent
                self._suspects.hold(_key(committed), error)
            else:
                raise_failure([error])
        if returned:
            log.warning("relay: the broker took back the events of %s documents; they are swept up later", returned)

    async def _publish_outboxes(self, exchange: AbstractExchange, keys: Sequence[Key]) -> None:
        """Publish all that these documents hold. Raises StorageAway."""
        await self._publish(exchange, await self._with_earlier([Committed(*key, [], behind=True) for key in keys]))

    async def _record(self, batch: Sequence[Committed]) -> list[tuple[Committed, str]]:
        """Add the deeds of a batch to the audit; those that are in it now. No failure of it holds up events."""
        deeds = [(committed, entry) for committed in batch for entry in committed.entries if is_deed(entry)]
        try:
            if deeds:
                await self._trail.append(entry for _, entry in deeds)
        except StorageAway:
            log.warning("relay: the database is away; deeds stay in the outbox")
            return []
        except Exception:  # a defect: loud, and again with every sweep, for the deeds are still there
            log.exception("relay: the audit does not take these deeds; they stay in the outbox")
            return []
        return [(committed, entry["id"]) for committed, entry in deeds]

    async def _pull(self, batch: Sequence[Committed], done: Iterable[tuple[Committed, str]]) -> None:
        ids: dict[str, dict[str, list[str]]] = {}
        for committed, entry_id in done:
            ids.setdefault(committed.collection, {}).setdefault(committed.document_id, []).append(entry_id)
        whole: dict[str, dict[str, int]] = {}
        for one in batch:
            published = ids.get(one.collection, {}).get(one.document_id, ())
            if one.version is not None and not one.behind and len(published) == len(one.entries):
                whole.setdefault(one.collection, {})[one.document_id] = one.version
        try:
            for collection, of_documents in ids.items():
                await self._collections[collection].pull(of_documents, whole.get(collection, {}))
        except StorageAway:
            log.warning("relay: what is done stays in the outbox and will be done again")

    async def _sweep(self) -> None:
        while True:
            began = time.monotonic()
            self._flown = set(self._flying)
            try:
                if await self._storage.leaves_behind(_LEFT_BEHIND_MS) and await self._sweeping.hold():
                    await self._sweep_once()
            except StorageAway:
                log.warning("relay: the database is away; sweeping later")
            # under load a sweep takes its time, and finds what waits in memory anyway
            now = time.monotonic()
            wanted = _LEISURE * (now - began) if now - self._worked_at < _AWAKE_S else _LONGEST_REST_S
            await asyncio.sleep(max(_SWEEP_EVERY_S, min(wanted, _LONGEST_REST_S)))

    async def _sweep_once(self) -> None:
        for name, documents in self._collections.items():
            for left in await documents.pending(_LEFT_BEHIND_MS, _BATCH, besides=self._suspects.of(name)):
                key = _key(left)
                # what waits in memory is about to be published anyway, in the right order; what was on its way while
                # the database was asked may be out already: if not, the next sweep finds it
                if key not in self._waiting and key not in self._flown:
                    self._hand_over(left)


def _key(committed: Committed) -> Key:
    return committed.collection, committed.document_id


async def _send(exchange: AbstractExchange, entry: dict[str, Any]) -> None:
    """Publish an event; return when it is confirmed.

    Past `exchange.publish`, which lets no message of the channel begin before the one before it has been written out:
    that takes several turns of the event loop for each, and while events are handled, turns are long.
    """
    channel = await exchange.channel.get_underlay_channel()  # type: ignore[attr-defined]
    await channel.basic_publish(
        orjson.dumps(entry["data"]),
        exchange=exchange.name,
        routing_key=entry["key"],
        properties=_properties(entry),
        mandatory=True,
        wait=False,
    )


def _properties(entry: dict[str, object]) -> spec.Basic.Properties:
    """Those of an event's message; `aio_pika.Message` would make the same of them, in fifteen times the time."""
    return spec.Basic.Properties(
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(entry["id"]),
        message_type=str(entry["type"]),
        headers=meta.headers(entry),
    )
