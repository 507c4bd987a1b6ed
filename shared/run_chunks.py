"""Keeps the rows of runs in chunks, before anything of a run happens."""

from collections.abc import AsyncIterator, Sequence

from shared.run_rows import RunRow
from shared.storage import Storage, guarded

_CHUNK = 500  # rows in one document: far below MongoDB's 16 MB


class RunChunks:
    """The rows of all runs of a service. Each run has parts, under names of its own choosing."""

    def __init__(self, storage: Storage) -> None:
        self._chunks = storage.collection("run_chunks")

    async def keep(self, run_id: str, part: str, rows: Sequence[RunRow]) -> None:
        """Store a part of a run; a chunk that is stored already stays as it is. Raises StorageAway."""
        for number, start in enumerate(range(0, len(rows), _CHUNK)):
            chunk = {"run_id": run_id, "part": part, "number": number, "rows": rows[start : start + _CHUNK]}
            await guarded(
                self._chunks.update_one({"_id": f"{run_id}:{part}:{number}"}, {"$setOnInsert": chunk}, upsert=True)
            )

    async def each(self, run_id: str, part: str) -> AsyncIterator[list[RunRow]]:
        """A stored part of a run, chunk by chunk, in its order. Raises StorageAway."""
        # by prefix of the _id, so that no further index is needed
        where = {"_id": {"$gte": f"{run_id}:{part}:", "$lt": f"{run_id}:{part};"}}
        cursor = self._chunks.find(where, sort=[("number", 1)])
        while chunk := await guarded(cursor.to_list(1)):
            yield chunk[0]["rows"]

    async def kept(self, run_id: str, part: str) -> list[RunRow]:
        """A stored part of a run, in its order, all of it at once. Raises StorageAway."""
        return [row async for rows in self.each(run_id, part) for row in rows]
