"""Keeps each programme's funnel and portrait counted, soon after something changed.

Registration numbers come in blocks, and each block is counted by itself: what one applicant costs does not grow with
the programme, as long as those whom something happens to at a time have registered about the same time.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from services.gateway import funnel, portraits
from services.gateway.funnel import Funnel
from services.gateway.portraits import Portrait
from services.gateway.readmodel import Applicant
from shared.storage import Documents, StorageAway, guarded

TALLIES, PORTRAITS = "tallies_of_a_block", "portraits_of_a_block"  # the indexes that counting reads
_LEAST_REST_S = 0.5
_MOST_AGE_S = 2.0


def rest_after(took_s: float) -> float:
    """How long nothing is counted after counting for so long.

    Three times as long, so that it costs a quarter of a core at most; but no longer than lets what changes when a
    count has just begun be in the next one within two seconds.
    """
    return max(_LEAST_REST_S, min(3 * took_s, _MOST_AGE_S - 2 * took_s))


class Rollups:
    """Funnels by programme; at most two seconds behind the applicants.

    `outdated`: an earlier version has written the applicants, without what is counted by. What it counted stands.
    """

    def __init__(self, applicants: Documents[Applicant], funnels: Any, blocks: Any) -> None:
        self.outdated = False
        self.collections = (funnels, blocks)
        self._applicants = applicants
        self._funnels = funnels
        self._blocks = blocks
        self._changed: dict[str, set[int]] = {}
        self._everything_is_marked = False

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
        """Count what has changed; everything at the start, for a crash may have lost a change. Raises StorageAway."""
        if self.outdated:
            return
        if everything or not self._everything_is_marked:
            for code in await guarded(self._applicants.raw.distinct("programme_code")):
                of_it = {"programme_code": code, "block": {"$gte": 0}}
                self._changed.setdefault(code, set()).update(
                    await guarded(self._applicants.raw.distinct("block", of_it))
                )
            self._everything_is_marked = True
        for code in list(self._changed):
            blocks = self._changed.pop(code)
            try:
                for block in sorted(blocks):
                    await self._count(code, block)
                await self._add_up(code)
            except StorageAway:
                self._changed.setdefault(code, set()).update(blocks)
                raise

    async def _count(self, code: str, block: int) -> None:
        started = await _start(self._blocks, _id_of(code, block))
        count = self._applicants.aggregate_patiently
        tallies = await count(funnel.pipeline(code, block), TALLIES)
        pictured = await count(portraits.pipeline(code, block), PORTRAITS)
        await _finish(
            self._blocks,
            _id_of(code, block),
            started,
            {"tallies": tallies, "groups": portraits.grouped(pictured)},
        )

    async def _add_up(self, code: str) -> None:
        started = await _start(self._funnels, code)
        of_it = {"_id": {"$gte": f"{code}/", "$lt": f"{code}0"}}  # "0" comes behind "/"
        blocks = [one for one in await guarded(self._blocks.find(of_it).to_list(None)) if "counted" in one]
        counted = funnel.assemble(chain.from_iterable(one["tallies"] for one in blocks))
        pictured = portraits.assemble(chain.from_iterable(one["groups"] for one in blocks))
        parts = {"funnel": counted.model_dump(mode="json"), "portrait": pictured.model_dump(mode="json")}
        await _finish(self._funnels, code, started, parts)


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
