"""What readiness and metrics show of a service: what waits, how much is parked, whether it catches up."""

import asyncio
import math
import time
from datetime import UTC, datetime
from typing import TypedDict

from shared import metrics
from shared.hearing import Hearing
from shared.outbox import Relay
from shared.storage import Storage, StorageAway, guarded
from shared.upkeep import Upkeep

_FRESH_S = 2.0
_COUNTED = 10_000  # documents per collection: beyond that it is enough to know that they are many
_LOOKED_AT = 100  # documents per collection: those that have waited longest are among the first, as they are stored


class Shown(TypedDict):
    """None: not known at the moment. `stuck` counts documents with an event that cannot be published."""

    oldest_outbox_entry_s: float | None
    stuck: int
    parked: int | None
    catching_up: bool


class Vitals:
    """Looked up at most every two seconds, however often somebody asks."""

    def __init__(self, storage: Storage, relay: Relay, upkeep: Upkeep, hearing: Hearing) -> None:
        self._storage = storage
        self._relay = relay
        self._upkeep = upkeep
        self._hearing = hearing
        self._age: float | None = None
        self._looked_at = -_FRESH_S
        self._looking = asyncio.Lock()

    async def now(self) -> Shown:
        async with self._looking:
            if time.monotonic() - self._looked_at >= _FRESH_S:
                self._age = await self._oldest()
                self._looked_at = time.monotonic()
        parked = self._upkeep.parked
        return {
            "oldest_outbox_entry_s": self._age,
            "stuck": self._relay.stuck,
            "parked": None if parked is None else sum(parked.values()),
            "catching_up": self._hearing.catching_up,
        }

    async def measure(self, ready: bool) -> None:
        """Bring the metrics up to date that are looked up when somebody asks. Readiness is the caller's to know."""
        shown, length = await asyncio.gather(self.now(), self._length())
        metrics.ready.set(ready)
        metrics.catching_up.set(shown["catching_up"])
        metrics.stuck.set(shown["stuck"])
        # what is not known is better missing than an old figure
        metrics.outbox_age.set(_or_missing(shown["oldest_outbox_entry_s"]))
        metrics.outbox_length.set(_or_missing(length))
        for queue, count in self._upkeep.waiting.items():
            metrics.waiting.labels(queue).set(count)
        for queue, count in (self._upkeep.parked or {}).items():
            metrics.parked.labels(queue).set(count)

    async def _length(self) -> int | None:
        length = 0
        try:
            for documents in self._storage.collections:
                length += await guarded(documents.raw.count_documents({"pending": True}, limit=_COUNTED))
            return length
        except StorageAway:
            return None

    async def _oldest(self) -> float | None:
        try:
            owed = await self._storage.first_owed(_LOOKED_AT)
        except StorageAway:
            return None
        since = [datetime.fromisoformat(entry.get("time") or entry["at"]) for entry in owed]
        return round((datetime.now(UTC) - min(since)).total_seconds(), 1) if since else 0.0


def _or_missing(known: float | None) -> float:
    return math.nan if known is None else known
