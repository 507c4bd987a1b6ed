"""A service's audit: a collection to which chunks are added, and to which its account can do nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from shared.audit.chain import START, Chunk, Deed, Head, chunk_after, portions
from shared.storage import DuplicateKeyError, IndexModel, Storage, guarded

_CHUNKS_AT_ONCE: Final = 20

_INDEXES: Final = [
    # an entry that is in the chain cannot be appended again, however often a crash has it repeated
    IndexModel([("entries.id", 1)], unique=True),
    IndexModel([("entries.document", 1)]),
    IndexModel([("entries.by", 1)]),
    IndexModel([("at", 1)]),
]


class Trail:
    """Appends to the chain and reads it. Replicas may append at the same time: the number of a chunk is its `_id`."""

    def __init__(self, storage: Storage) -> None:
        self._chunks = storage.audit
        self._head: Head | None = None
        self._indexed = False
        self._turn = asyncio.Lock()

    async def append(self, entries: Iterable[Deed]) -> None:
        """Add those entries that are not in the chain yet. Raises StorageAway; then some of them may be in it."""
        async with self._turn:
            await self._prepare()
            for portion in portions(entries):
                await self._append(portion)

    async def head(self) -> Head:
        """The last chunk; START while there is none."""
        last = await guarded(self._chunks.find_one({}, {"hash": 1}, sort=[("_id", -1)]))
        return START if last is None else Head(last["_id"], last["hash"])

    async def chunks(self, after: int = 0) -> AsyncIterator[Chunk]:
        """The chunks behind that number, in order, a few in memory at a time."""
        cursor = self._chunks.find({"_id": {"$gt": after}}, sort=[("_id", 1)], batch_size=_CHUNKS_AT_ONCE)
        while batch := await guarded(cursor.to_list(_CHUNKS_AT_ONCE)):
            for chunk in batch:
                yield chunk

    async def _prepare(self) -> None:
        if not self._indexed:
            await guarded(self._chunks.create_indexes(_INDEXES))
            self._indexed = True

    async def _append(self, entries: list[Deed]) -> None:
        while entries:
            head = self._head or await self.head()
            self._head = None  # unless this goes well, nobody knows
            chunk = chunk_after(head, datetime.now(UTC).isoformat(timespec="microseconds"), entries)
            try:
                await guarded(self._chunks.insert_one(chunk))
            except DuplicateKeyError as error:
                if "_id" not in _violated(error):  # else another replica was faster, and we come behind it
                    entries = await self._missing(entries)
            else:
                self._head = Head(chunk["_id"], chunk["hash"])
                return

    async def _missing(self, entries: list[Deed]) -> list[Deed]:
        """Those of the entries that the chain does not have."""
        ids = [entry["id"] for entry in entries]
        found = self._chunks.find({"entries.id": {"$in": ids}}, {"entries.id": 1})
        there = {entry["id"] for chunk in await guarded(found.to_list(None)) for entry in chunk["entries"]}
        return [entry for entry in entries if entry["id"] not in there]


def _violated(error: DuplicateKeyError) -> dict[str, Any]:
    details: dict[str, Any] = error.details or {}  # type: ignore[assignment]
    pattern: dict[str, Any] = details.get("keyPattern", {})
    return pattern
