"""Keeps each programme's funnel and portrait counted, soon after something changed.

Registration numbers come in blocks, and each block is counted by itself: what one applicant costs does not grow with
the programme, as long as those whom something happens to at a time have registered about the same time.
"""

import time
from collections.abc import Mapping
from typing import Any

from services.gateway import funnel, portraits
from services.gateway.funnel import Funnel
from services.gateway.portraits import Portrait, grouped
from services.gateway.readmodel import Applicant
from shared.storage import Documents, StorageAway, guarded, patiently

TALLIES, PORTRAITS = "tallies_of_a_block", "portraits_of_a_block"  # the indexes that counting reads
BLOCK = 10_000  # numbers: two entries of indexes for each who has one are read in some ten milliseconds
_EVERYTHING_EVERY_S = 600.0
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

    def __init__(self, applicants: Documents[Applicant], funnels: Any, blocks: Any) -> None:
        self.collections = (funnels, blocks)
        self._applicants = applicants
        self._funnels = funnels
        self._blocks = blocks
        self._changed: dict[str, set[int]] = {}
        self._everything_at = -_EVERYTHING_EVERY_S

    def changed(self, applicant: Applicant) -> None:
        """Something about somebody is in the database now."""
        if applicant.block is not None:
            self._changed.setdefault(applicant.programme_code, set()).add(applicant.block)

    async def of(self, programme_code: str) -> Funnel:
        """The funnel as last counted; all zeros for a programme nobody applied to. Raises StorageAway."""
        return Funnel.model_validate(await self._counted(programme_code, "funnel"))

    async def portrait(self, programme_code: str) -> Portrait:
        """Who applied, as last counted. Raises StorageAway."""
        return Portrait.model_validate(await self._counted(programme_code, "portrait"))

    async def _counted(self, programme_code: str, part: str) -> dict[str, Any]:
        found = await guarded(self._funnels.find_one({"_id": programme_code}, {part: 1}))
        counted: dict[str, Any] = (found or {}).get(part, {})
        return counted

    async def recount(self, *, everything: bool = False) -> None:
        """Count what has changed; everything at the start and now and then: a crash may have lost a change, and an
        earlier version counts beside this one while it is replaced. Raises StorageAway.
        """
        if everything or time.monotonic() - self._everything_at > _EVERYTHING_EVERY_S:
            await self._mark_everything()
        for code in list(self._changed):
            blocks = self._changed.pop(code)
            try:
                for block in sorted(blocks):
                    await self._count(code, block)
                await self._add_up(code)
            except StorageAway:
                self._changed.setdefault(code, set()).update(blocks)
                raise

    async def _mark_everything(self) -> None:
        applicants = self._applicants.raw
        block = {"$toInt": {"$floor": {"$divide": ["$number", BLOCK]}}}
        for code in await guarded(applicants.distinct("programme_code")):
            # an earlier version knew of no blocks
            unknown = {"programme_code": code, "block": None, "tally": {"$gt": ""}}
            with patiently():
                await guarded(applicants.update_many(unknown, [{"$set": {"block": block}}], hint=TALLIES))
            found = await guarded(applicants.distinct("block", {"programme_code": code, "block": {"$gte": 0}}))
            self._changed.setdefault(code, set()).update(found)
        self._everything_at = time.monotonic()

    async def _count(self, code: str, block: int) -> None:
        started = await _start(self._blocks, _id_of(code, block))
        count = self._applicants.aggregate_patiently
        tallies = await count(funnel.pipeline(code, block), TALLIES)
        pictured = await count(portraits.pipeline(code, block), PORTRAITS)
        await _finish(self._blocks, _id_of(code, block), started, {"tallies": tallies, "groups": grouped(pictured)})

    async def _add_up(self, code: str) -> None:
        started = await _start(self._funnels, code)
        tallies = await self._sums(code, "tallies", "people")
        groups = await self._sums(code, "groups", "registered", "accepted")
        counted, pictured = funnel.assemble(tallies), portraits.assemble(groups)
        parts = {"funnel": counted.model_dump(mode="json"), "portrait": pictured.model_dump(mode="json")}
        await _finish(self._funnels, code, started, parts)

    async def _sums(self, code: str, part: str, *counts: str) -> list[dict[str, Any]]:
        """Of all blocks of a programme together, the rows that are alike as one."""
        sums = {count: {"$sum": f"${part}.{count}"} for count in counts}
        pipeline = [
            {"$match": {"_id": {"$gte": f"{code}/", "$lt": f"{code}0"}}},  # "0" comes behind "/"
            {"$unwind": f"${part}"},
            {"$group": {"_id": f"${part}._id", **sums}},
        ]
        with patiently():
            found: list[dict[str, Any]] = await guarded(self._blocks.aggregate(pipeline).to_list(None))
        return found


def _id_of(code: str, block: int) -> str:
    return f"{code}/{block}"


# of two gateways that count the same at once, the one that started last has seen the most


async def _start(collection: Any, id_: str) -> int:
    found = await guarded(
        collection.find_one_and_update({"_id": id_}, {"$inc": {"started": 1}}, upsert=True, return_document=True)
    )
    return int(found["started"])


async def _finish(collection: Any, id_: str, started: int, counted: Mapping[str, Any]) -> None:
    unless_later = {"_id": id_, "$or": [{"counted": {"$lt": started}}, {"counted": None}]}
    await guarded(collection.update_one(unless_later, {"$set": {**counted, "counted": started}}))
