"""What readiness shows beside its checks: what waits in outboxes, how much is parked, whether it catches up."""

import asyncio
import time
from datetime import UTC, datetime
from typing import TypedDict

from shared.hearing import Hearing
from shared.outbox import Relay
from shared.storage import Documents, Storage, StorageAway, guarded
from shared.upkeep import Upkeep

_FRESH_S = 2.0
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

    async def _oldest(self) -> float | None:
        try:
            since = [time for documents in self._storage.collections for time in await _waiting_since(documents)]
        except StorageAway:
            return None
        return round((datetime.now(UTC) - min(since)).total_seconds(), 1) if since else 0.0


async def _waiting_since(documents: Documents) -> list[datetime]:  # type: ignore[type-arg]
    first = {"pending": 1, "outbox": {"$slice": 1}}
    found = await guarded(documents.raw.find({"pending": True}, first, limit=_LOOKED_AT).to_list(None))
    entries = [entry for one in found for entry in one.get("outbox", [])]
    return [datetime.fromisoformat(entry.get("time") or entry["at"]) for entry in entries]
