"""Verifies a service's audit: the chain in itself, against heads written down elsewhere, and against the documents."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.audit.chain import START, Chunk, Head, faults
from shared.audit.remembered import Remembered, differing, digest
from shared.audit.trail import Trail
from shared.documents import is_deed
from shared.storage import Documents, Storage, guarded

MOST_FINDINGS: Final = 100  # told one by one; beyond that they are counted
_DOCUMENTS_AT_ONCE: Final = 200
_TELL_EVERY_S: Final = 1.0
_LIMIT_S: Final = 1800.0
_IDENTITY: Final = frozenset({"id", "collection", "document", "place"})


class Progress(BaseModel):
    """How far a verification is."""

    service: str
    chunks: int = 0
    entries: int = 0
    documents: int = 0


class Verdict(Progress):
    """What a verification found. `waiting` entries stand in an outbox, on their way into the chain: no fault.

    `n` and `hash` are the chain's head: write them down, and a later verification can be held to them.
    """

    n: int = START.n
    hash: str = START.hash
    waiting: int = 0
    findings: list[str] = Field(default_factory=list)
    more_findings: int = 0

    @property
    def intact(self) -> bool:
        return not self.findings


class _OutOfTime(Exception):
    """The verification takes longer than anybody waits."""


async def verify(storage: Storage, expected: Sequence[Head] = ()) -> AsyncIterator[Progress | Verdict]:
    """Progress about every second, and the verdict last. Raises StorageAway.

    Memory does not grow with the chain. What is appended meanwhile is taken into account.
    """
    verification = _Verification(storage, expected)
    told = time.monotonic()
    with verification.remembered:
        try:
            async for _ in verification.steps():
                if time.monotonic() - told > _TELL_EVERY_S:
                    told = time.monotonic()
                    yield Progress(**verification.verdict.model_dump(include=set(Progress.model_fields)))
        except _OutOfTime:
            verification.find(f"not finished after {_LIMIT_S:.0f} s: what was not looked at is not vouched for")
    yield verification.verdict


class _Verification:
    def __init__(self, storage: Storage, expected: Sequence[Head]) -> None:
        self.verdict = Verdict(service=storage.service)
        self.remembered = Remembered()
        self._trail = Trail(storage)
        self._expected = {head.n: head.hash for head in expected}
        self._ledgers = [one for one in storage.collections if "ledger" in one.kind.model_fields]
        self._head = START
        self._ends = time.monotonic() + _LIMIT_S

    def find(self, what: str) -> None:
        if len(self.verdict.findings) < MOST_FINDINGS:
            self.verdict.findings.append(what)
        else:
            self.verdict.more_findings += 1

    async def steps(self) -> AsyncIterator[None]:
        async for chunk in self._trail.chunks():
            await asyncio.to_thread(self._read, chunk)
            self._in_time()
            yield
        self._check_end()
        for documents in self._ledgers:
            async for found in _batches(documents):
                for document in await asyncio.to_thread(self._compare_all, documents.name, found):
                    await self._explain(documents.name, document)
                self._in_time()
                yield
        # an entry that came into the chain after it was read is not missing
        async for chunk in self._trail.chunks(after=self._head.n):
            self._check(chunk)
            for deed in _entries(chunk):
                self.remembered.arrived(deed)
            self._in_time()
            yield
        self._tell_missing()

    def _in_time(self) -> None:
        if time.monotonic() > self._ends:
            raise _OutOfTime

    def _read(self, chunk: Chunk) -> None:
        self._check(chunk)
        deeds = _entries(chunk)
        if len(deeds) != len(chunk.get("entries") or ()) or not deeds:
            self.find(f"chunk {chunk['_id']} holds something that is no entry, or nothing")
        for deed, first in self.remembered.add(chunk["_id"], deeds):
            self.find(
                f"entry {deed['id']} in chunk {chunk['_id']} is there twice: "
                f"place {deed['place']} of {_named(deed)} is {first.id} in chunk {first.chunk}"
            )
        self.verdict.chunks += 1
        self.verdict.entries += len(deeds)

    def _check(self, chunk: Chunk) -> None:
        for fault in faults(chunk, self._head):
            self.find(fault)
        # go on from what stands there: one fault is told once, not again for every chunk behind it
        self._head = Head(chunk["_id"], str(chunk.get("hash")))
        self.verdict.n, self.verdict.hash = self._head
        expected = self._expected.get(self._head.n)
        if expected not in (None, self._head.hash):
            self.find(f"chunk {self._head.n} is not the expected one: its hash is {self._head.hash}, not {expected}")

    def _check_end(self) -> None:
        for n in sorted(self._expected):
            if n > self._head.n:
                self.find(f"the chain ends at {self._head.n}: chunk {n} with hash {self._expected[n]} is gone")

    def _compare_all(self, collection: str, found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Compare ledgers with the chain; answers the documents in which an entry is another than in the chain."""
        self.verdict.documents += len(found)
        return [document for document in found if not self._compare(collection, document)]

    def _compare(self, collection: str, document: Mapping[str, Any]) -> bool:
        known = self.remembered.of(collection, document["_id"])
        alike: list[int] = []
        different = False
        for place, held in enumerate(document["ledger"]):
            copy = known.get(place)
            if copy is None:
                if _waits(document, place, held):
                    self.verdict.waiting += 1
                else:
                    self.remembered.miss(collection, document["_id"], place, held)
            elif copy.digest == digest(held):
                alike.append(place)
            else:
                different = True
        self.remembered.found(collection, document["_id"], alike)
        return not different

    async def _explain(self, collection: str, document: Mapping[str, Any]) -> None:
        ledger = document["ledger"]
        for place, copy in self.remembered.of(collection, document["_id"]).items():
            if place >= len(ledger):
                continue  # cut off, which is told with what no ledger holds
            async for chunk in self._trail.chunks(after=copy.chunk - 1):
                deed = next(one for one in _entries(chunk) if one.get("id") == copy.id)
                break
            fields = ", ".join(differing(deed, ledger[place]))
            self.find(
                f"entry {copy.id} in chunk {copy.chunk} is not what {collection} {document['_id']} holds "
                f"at place {place}: {fields}"
            )
            self.remembered.found(collection, document["_id"], [place])

    def _tell_missing(self) -> None:
        for collection, document, place, id_, chunk in self.remembered.left():
            self.find(f"entry {id_} in chunk {chunk} is gone from {collection} {document}, place {place} of its ledger")
        for collection, document, place, told in self.remembered.missing():
            self.find(f"{collection} {document} holds at place {place} what the chain does not: {told}")


async def _batches(documents: Documents[Any]) -> AsyncIterator[list[dict[str, Any]]]:
    cursor = documents.raw.find({"ledger.0": {"$exists": True}}, {"ledger": 1, "outbox": 1})
    while found := await guarded(cursor.to_list(_DOCUMENTS_AT_ONCE)):
        yield found


def _entries(chunk: Chunk) -> list[Any]:
    """What can be an entry: it says where it was copied from."""
    found = chunk.get("entries")
    candidates = found if isinstance(found, list) else []
    return [one for one in candidates if isinstance(one, dict) and one.keys() >= _IDENTITY]


def _waits(document: Mapping[str, Any], place: int, held: Mapping[str, Any]) -> bool:
    wanted = digest(held)
    outbox: Iterator[Mapping[str, Any]] = filter(is_deed, document.get("outbox") or ())
    return any(one.get("place") == place and digest(one) == wanted for one in outbox)


def _named(deed: Mapping[str, Any]) -> str:
    return f"{deed['collection']} {deed['document']}"
