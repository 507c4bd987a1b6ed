"""Registration numbers: handed out in blocks, and those that an interrupted import left open first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from services.registration.admission import unused
from services.registration.applicant import Applicant
from shared.batching import Batcher
from shared.storage import Documents, DuplicateKeyError, ReturnDocument, Storage, WriteConcern, guarded

_AT_ONCE = 500  # forms that share one step of the counter


class Numbers:
    """The counter of each programme. A unique index has the last word: a number that turns out taken is replaced.

    The counter's own writes wait for no journal and no second server: whoever is registered under a number is written
    behind it in the same journal, and waits for both.

    A counter is `{last, above, skipped}`. After a restore it goes on so much farther that no number is given twice;
    those up to `above` may have been, so none of them counts as left open. `skipped` says which restores it knows of.
    """

    def __init__(self, storage: Storage, applicants: Documents[Applicant]) -> None:
        self._storage = storage
        self._counters = storage.collection("numbers").with_options(write_concern=WriteConcern(w=1))
        self._applicants = applicants
        self._single: Batcher[str, int] = Batcher(self._one_each, _AT_ONCE)

    async def next(self, programme_code: str) -> int:
        """A number for one form; concurrent calls share one write. Raises StorageAway."""
        return await self._single.submit(programme_code)

    async def block(self, programme_code: str, size: int) -> list[int]:
        """Numbers for one import, ascending. Raises StorageAway."""
        if not size:
            return []
        counter = await guarded(self._counters.find_one({"_id": programme_code}))
        skipped = (await self._storage.restored()).numbers_skipped
        numbers: list[int] = []
        if counter and counter.get("skipped", 0) == skipped:
            numbers = await self._left_open(programme_code, counter.get("above", 0), counter["last"], size)
        fresh = size - len(numbers)
        return [*numbers, *await self._step(programme_code, fresh)] if fresh else numbers

    async def _left_open(self, programme_code: str, above: int, last: int, size: int) -> list[int]:
        issued = {"programme_code": programme_code, "number": {"$gt": above}}
        if await guarded(self._applicants.raw.count_documents(issued)) >= last - above:
            return []
        cursor = self._applicants.raw.find(issued, {"_id": 0, "number": 1})
        used = {found["number"] for found in await guarded(cursor.to_list(None))}
        return unused(used, above, last)[:size]

    async def _one_each(self, programme_codes: list[str]) -> Sequence[int]:
        steps: dict[str, Iterator[int]] = {}
        for programme_code, size in Counter(programme_codes).items():
            steps[programme_code] = iter(await self._step(programme_code, size))
        return [next(steps[programme_code]) for programme_code in programme_codes]

    async def _step(self, programme_code: str, size: int) -> range:
        skipped = (await self._storage.restored()).numbers_skipped
        known: Any = {"$ifNull": ["$skipped", 0]}
        start = {"$add": [{"$ifNull": ["$last", 0]}, {"$subtract": [skipped, known]}]}
        above = {"$cond": [{"$eq": [known, skipped]}, {"$ifNull": ["$above", 0]}, start]}
        step = [{"$set": {"last": {"$add": [start, size]}, "above": above, "skipped": skipped}}]
        try:
            counter = await guarded(
                self._counters.find_one_and_update(
                    {"_id": programme_code}, step, upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except DuplicateKeyError:  # another process made the counter at the same moment
            return await self._step(programme_code, size)
        return range(counter["last"] - size + 1, counter["last"] + 1)
