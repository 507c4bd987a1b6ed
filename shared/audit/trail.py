"""A service's audit: a collection to which chunks are added, and to which its account can do nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.audit.chain import START, Chunk, Deed, Head, chunk_after, portions
from shared.storage import DuplicateKeyError, IndexModel, Storage, guarded

_CHUNKS_AT_ONCE: Final = 20
_CLOCKS_APART: Final = timedelta(hours=2)  # an entry is older than its chunk, unless replicas' clocks differ

_APPLICANTS: Final = "entries.detail.applicant_ids"  # of deeds that concern several people, such as a reveal

_INDEXES: Final = [
    # an entry that is in the chain cannot be appended again, however often a crash has it repeated
    IndexModel([("entries.id", 1)], unique=True),
    IndexModel([("entries.document", 1), ("_id", 1)]),
    IndexModel([("entries.by", 1), ("_id", 1)]),
    IndexModel([(_APPLICANTS, 1), ("_id", 1)], partialFilterExpression={_APPLICANTS: {"$exists": True}}),
    IndexModel([("at", 1)]),
]


class Wanted(NamedTuple):
    """Which entries somebody asks for: those about a document, by somebody, since then; None does not matter.

    An entry is about the document in whose ledger it stands, and about every applicant that it names.
    """

    about: str | None = None
    by: str | None = None
    since: datetime | None = None


class Position(NamedTuple):
    """Where an entry stands: in which chunk, and at which place in it, from 0."""

    chunk: int
    place: int


BEGINNING: Final = Position(0, -1)


class Found(NamedTuple):
    position: Position
    deed: Deed


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
        last = await guarded(self._chunks.find_one({"_id": {"$gt": START.n}}, {"hash": 1}, sort=[("_id", -1)]))
        return START if last is None else Head(last["_id"], last["hash"])

    async def chunks(self, after: int = 0) -> AsyncIterator[Chunk]:
        """The chunks behind that number, in order, a few in memory at a time."""
        cursor = self._chunks.find({"_id": {"$gt": after}}, sort=[("_id", 1)], batch_size=_CHUNKS_AT_ONCE)
        while batch := await guarded(cursor.to_list(_CHUNKS_AT_ONCE)):
            for chunk in batch:
                yield chunk

    async def entries(self, wanted: Wanted, after: Position = BEGINNING, limit: int = 100) -> list[Found]:
        """The entries that are wanted, in the order of the chain, from behind a position."""
        of_entry: dict[str, Any] = {}
        if wanted.about is not None:
            of_entry["$or"] = [{"entries.document": wanted.about}, {_APPLICANTS: wanted.about}]
        if wanted.by is not None:
            of_entry["entries.by"] = wanted.by
        of_chunk: dict[str, Any] = {"_id": {"$gte": after.chunk}, **of_entry}
        if wanted.since is not None:
            of_chunk["at"] = {"$gte": _written(wanted.since - _CLOCKS_APART)}
            of_entry["entries.at"] = {"$gte": _written(wanted.since)}
        behind = {"$or": [{"_id": {"$gt": after.chunk}}, {"index": {"$gt": after.place}}]}
        pipeline = [
            {"$match": of_chunk},
            {"$sort": {"_id": 1}},
            {"$unwind": {"path": "$entries", "includeArrayIndex": "index"}},
            {"$match": {"$and": [of_entry, behind]}},
            {"$limit": limit},
        ]
        found = await guarded(self._chunks.aggregate(pipeline).to_list(None))
        return [Found(Position(one["_id"], int(one["index"])), one["entries"]) for one in found]

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


def _written(time: datetime) -> str:
    """As a prefix of how times are written in entries and chunks, to compare with."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _violated(error: DuplicateKeyError) -> dict[str, Any]:
    details: dict[str, Any] = error.details or {}  # type: ignore[assignment]
    pattern: dict[str, Any] = details.get("keyPattern", {})
    return pattern
