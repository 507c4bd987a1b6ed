"""Keeps each programme's funnel and portrait counted, in one document, soon after something changed."""

from typing import Any

from services.gateway import funnel, portraits
from services.gateway.funnel import Funnel
from services.gateway.portraits import Portrait
from services.gateway.readmodel import Applicant
from shared.storage import Documents, StorageAway, guarded

TALLIES, PORTRAITS = "tallies", "portraits"  # the indexes that counting reads
_LEAST_REST_S = 0.5
_MOST_AGE_S = 2.0


def rest_after(took_s: float) -> float:
    """How long nothing is counted after counting for so long.

    Three times as long, so that it costs a quarter of a core at most; but no longer than lets what changes when a
    count has just begun be in the next one within two seconds.
    """
    return max(_LEAST_REST_S, min(3 * took_s, _MOST_AGE_S - 2 * took_s))


class Rollups:
    """Funnels by programme; at most two seconds behind the applicants."""

    def __init__(self, applicants: Documents[Applicant], collection: Any) -> None:
        self._applicants = applicants
        self.collection = collection
        self._changed: set[str] = set()
        self._everything_is_marked = False

    def changed(self, programme_code: str) -> None:
        """Something about a programme's applicants is in the database now."""
        self._changed.add(programme_code)

    async def of(self, programme_code: str) -> Funnel:
        """The funnel as last counted; all zeros for a programme nobody applied to. Raises StorageAway."""
        return Funnel.model_validate(await self._counted(programme_code, "funnel"))

    async def portrait(self, programme_code: str) -> Portrait:
        """Who applied, as last counted. Raises StorageAway."""
        return Portrait.model_validate(await self._counted(programme_code, "portrait"))

    async def _counted(self, programme_code: str, part: str) -> dict[str, Any]:
        found = await guarded(self.collection.find_one({"_id": programme_code}, {part: 1}))
        counted: dict[str, Any] = (found or {}).get(part, {})
        return counted

    async def recount(self, *, everything: bool = False) -> None:
        """Count what has changed; everything at the start, for a crash may have lost a change. Raises StorageAway."""
        if everything or not self._everything_is_marked:
            self._changed |= set(await guarded(self._applicants.raw.distinct("programme_code")))
            self._everything_is_marked = True
        await self._recount()

    async def _recount(self) -> None:
        for programme_code in list(self._changed):
            self._changed.discard(programme_code)
            try:
                await self._count(programme_code)
            except StorageAway:
                self._changed.add(programme_code)
                raise

    async def _count(self, programme_code: str) -> None:
        started = await guarded(
            self.collection.find_one_and_update(
                {"_id": programme_code}, {"$inc": {"started": 1}}, upsert=True, return_document=True
            )
        )
        count = self._applicants.aggregate_patiently
        counted = funnel.assemble(await count(funnel.pipeline(programme_code), TALLIES))
        pictured = portraits.assemble(await count(portraits.pipeline(programme_code), PORTRAITS))
        # of two gateways that count at once, the one that started last has seen the most
        await guarded(
            self.collection.update_one(
                {"_id": programme_code, "$or": [{"counted": {"$lt": started["started"]}}, {"counted": None}]},
                {
                    "$set": {
                        "funnel": counted.model_dump(mode="json"),
                        "portrait": pictured.model_dump(mode="json"),
                        "counted": started["started"],
                    }
                },
            )
        )
