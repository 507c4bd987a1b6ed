"""Keeps the rows of runs in chunks, before anything of a run happens."""

from collections.abc import AsyncIterator, Iterable
from itertools import count, islice

from shared.run_rows import RunRow
from shared.storage import Storage, guarded

_CHUNK = 500  # rows in one document: far below MongoDB's 16 MB


class RunChunks:
    """The rows of all runs of a service. Each run has parts, under names of its own choosing."""

    def __init__(self, storage: Storage) -> None:
        self._chunks = storage.collection("run_chunks")

    async def keep(self, run_id: str, part: str, rows: Iterable[RunRow]) -> None:
        """Store a part of a run; a chunk that is stored already stays as it is. Raises StorageAway.

        Rows that are made while they are asked for are in memory a chunk at a time.
        """
        left = iter(rows)
        for number in count():
            some = list(islice(left, _CHUNK))
            if not some:
                return
            chunk = {"run_id": run_id, "part": part, "rows": some}
            await guarded(
                self._chunks.update_one({"_id": f"{run_id}:{part}:{number}"}, {"$setOnInsert": chunk}, upsert=True)
            )

    async def each(self, run_id: str, part: str) -> AsyncIterator[list[RunRow]]:
        """A stored part of a run, chunk by chunk, in its order. Raises StorageAway."""
        for number in count():
            chunk = await guarded(self._chunks.find_one({"_id": f"{run_id}:{part}:{number}"}))
            if chunk is None:
                return
            yield chunk["rows"]

    async def kept(self, run_id: str, part: str) -> list[RunRow]:
        """A stored part of a run, in its order, all of it at once. Raises StorageAway."""
        return [row async for rows in self.each(run_id, part) for row in rows]
