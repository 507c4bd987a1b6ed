"""A verification finds every kind of tampering, names it, and calls nothing else a fault."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import Field

from shared.audit.chain import Head, chunk_after, hash_of
from shared.audit.trail import BEGINNING, Trail, Wanted
from shared.audit.verification import Progress, Verdict, verify
from shared.contracts import Event
from shared.documents import Document, is_deed
from shared.ledger import Entry, Signature, entry, signature
from shared.storage import Documents, Storage
from tests.conftest import Urls


class File(Document):
    ledger: list[Entry] = Field(default_factory=list)

    def decide(self, what: str = "decided", signed: Signature | None = None, **detail: Any) -> list[Event]:
        self.ledger.append(entry(signed or signature(), what, "sebab", **detail))
        return []


class Plain(Document):
    """Without a ledger: no matter of the audit."""


Files = Documents[File]


@pytest.fixture
async def storage(servers: Urls) -> AsyncIterator[Storage]:
    """12 files with 3 entries each, 6 chunks of 6 entries."""
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    files: Files = storage.documents("files", File, aggregate="file")
    storage.documents("plain", Plain, aggregate="plain")
    await storage.prepare()
    for version in (1, 2, 3):
        for start in (0, 6):
            for n in range(start, start + 6):
                await files.change(f"a{n:02}", lambda one, v=version: one.decide(f"step_{v}", total=72.5))  # type: ignore[misc]
            await relay(storage)
    yield storage
    storage.close()


@pytest.fixture
def files(storage: Storage) -> Files:
    return storage.collections[0]


async def relay(storage: Storage, *, pull: bool = True) -> None:
    """Do for the audit what the relay does."""
    for documents in storage.collections:
        left = await documents.pending(-1000, 1000)
        await Trail(storage).append(one for committed in left for one in committed.entries if is_deed(one))
        if pull and left:
            await documents.pull({one.document_id: [entry["id"] for entry in one.entries] for one in left}, {})


async def verdict_of(storage: Storage, *expected: Head) -> Verdict:
    *_, last = [told async for told in verify(storage, expected)]
    assert isinstance(last, Verdict)
    return last


async def test_what_nobody_touched_is_intact(storage: Storage) -> None:
    verdict = await verdict_of(storage)
    assert (verdict.findings, verdict.intact) == ([], True)
    assert (verdict.service, verdict.chunks, verdict.entries, verdict.documents) == ("uji", 6, 36, 12)
    assert (verdict.n, verdict.hash) == await Trail(storage).head()


async def test_nothing_is_intact_too(servers: Urls) -> None:
    empty = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    empty.documents("files", File, aggregate="file")
    verdict = await verdict_of(empty)
    assert (verdict.intact, verdict.n, verdict.entries) == (True, 0, 0)
    empty.close()


async def test_entries_on_their_way_are_no_fault(storage: Storage, files: Files) -> None:
    await files.change("a00", lambda one: one.decide("later"))
    await files.change("new", lambda one: one.decide("first"))
    verdict = await verdict_of(storage)
    assert (verdict.findings, verdict.waiting) == ([], 2)
    await relay(storage, pull=False)  # killed here: they stand in both
    verdict = await verdict_of(storage)
    assert (verdict.findings, verdict.waiting, verdict.entries) == ([], 0, 38)


async def test_entries_that_arrive_while_it_runs_are_no_fault(storage: Storage, files: Files) -> None:
    verdict = None
    work = verify(storage)
    original = Trail.chunks
    try:
        seen = 0

        def chunks(self: Trail, after: int = 0) -> AsyncIterator[Any]:
            nonlocal seen
            seen += 1
            return _then(original(self, after), arrive) if seen == 1 else original(self, after)

        async def arrive() -> None:
            await files.change("a00", lambda one: one.decide("meanwhile"))
            await relay(storage)

        Trail.chunks = chunks  # type: ignore[method-assign]
        async for told in work:
            verdict = told
    finally:
        Trail.chunks = original  # type: ignore[method-assign]
    assert isinstance(verdict, Verdict)
    assert (verdict.findings, verdict.chunks, verdict.n) == ([], 6, 7)


async def _then(chunks: AsyncIterator[Any], do: Callable[[], Awaitable[None]]) -> AsyncIterator[Any]:
    async for chunk in chunks:
        yield chunk
    await do()


Tampering = Callable[[Any, Any], Awaitable[object]]


async def _forge_chunk(audit: Any, n: int, change: Callable[[dict[str, Any]], object]) -> None:
    """As somebody does who knows how the hash is made."""
    chunk = await audit.find_one({"_id": n})
    change(chunk)
    chunk["hash"] = hash_of(chunk)
    await audit.replace_one({"_id": n}, chunk)


async def _again(audit: Any, n: int) -> None:
    head = await audit.find_one({"_id": 6})
    await audit.drop_index("entries.id_1")
    copied = (await audit.find_one({"_id": n}))["entries"][:1]
    await audit.insert_one(chunk_after(Head(6, head["hash"]), head["at"], copied))


OF_A03 = "entry uji.file:a03:2:a0 in chunk 3 is not what files a03 holds"
TAMPERINGS: dict[str, tuple[Tampering, list[str]]] = {
    "an entry of a document is changed": (
        lambda files, audit: files.update_one({"_id": "a03"}, {"$set": {"ledger.1.by": "orang lain"}}),
        [f"{OF_A03} at place 1: by (chain: system, document: orang lain)"],
    ),
    "a fact of an entry is changed": (
        lambda files, audit: files.update_one({"_id": "a03"}, {"$set": {"ledger.1.detail.total": 99.0}}),
        [f"{OF_A03} at place 1: detail (total)"],
    ),
    "a ledger is cut off": (
        lambda files, audit: files.update_one({"_id": "a03"}, {"$pop": {"ledger": 1}}),
        ["entry uji.file:a03:3:a0 in chunk 5 is gone from files a03, place 2 of its ledger"],
    ),
    "an entry is taken out of a ledger": (
        lambda files, audit: files.update_one({"_id": "a03"}, {"$pull": {"ledger": {"what": "step_2"}}}),
        [f"{OF_A03} at place 1: ", "entry uji.file:a03:3:a0 in chunk 5 is gone"],
    ),
    "a document is deleted": (
        lambda files, audit: files.delete_one({"_id": "a03"}),
        [f"entry uji.file:a03:{v}:a0 in chunk {c} is gone from files a03" for v, c in ((1, 1), (2, 3), (3, 5))],
    ),
    "an entry is put into a ledger": (
        lambda files, audit: files.update_one(
            {"_id": "a03"}, {"$push": {"ledger": {"what": "accepted", "by": "orang dalam", "at": "2030-01-01"}}}
        ),
        ["files a03 holds at place 3 what the chain does not: accepted by orang dalam at 2030-01-01"],
    ),
    "an entry of the chain is changed": (
        lambda files, audit: audit.update_one({"_id": 3}, {"$set": {"entries.3.by": "orang lain"}}),
        ["chunk 3 was changed: its hash says ", f"{OF_A03} at place 1: by"],
    ),
    "a chunk is changed, and its hash": (
        lambda files, audit: _forge_chunk(audit, 3, lambda chunk: chunk["entries"].pop()),
        ["chunk 4 does not follow chunk 3: prev is ", "files a05 holds at place 1 what the chain does not: step_2"],
    ),
    "two entries of a chunk change places": (
        lambda files, audit: _forge_chunk(audit, 6, lambda chunk: chunk["entries"].reverse()),
        [],  # the last chunk: only a head that was written down tells, and no entry is lost
    ),
    "a chunk is removed": (
        lambda files, audit: audit.delete_one({"_id": 2}),
        ["chunk 2 missing: after 1 comes 3", *(f"files a{n:02} holds at place 0 what the chain" for n in range(6, 12))],
    ),
    "the end is cut off": (
        lambda files, audit: audit.delete_many({"_id": {"$gt": 5}}),
        [f"files a{n:02} holds at place 2 what the chain does not: step_3 by system at " for n in range(6, 12)],
    ),
    "an entry is appended a second time": (
        lambda files, audit: _again(audit, 1),
        ["entry uji.file:a00:1:a0 in chunk 7 is there twice: place 0 of files a00 is uji.file:a00:1:a0 in chunk 1"],
    ),
    "something is appended that nobody did": (
        lambda files, audit: _forge_chunk(
            audit, 6, lambda chunk: chunk["entries"].append({**chunk["entries"][0], "id": "x", "place": 9})
        ),
        ["entry x in chunk 6 is gone from files a06, place 9 of its ledger"],
    ),
    "a chunk is made unreadable": (
        lambda files, audit: audit.update_one({"_id": 4}, {"$set": {"entries": [7]}}),
        ["chunk 4 was changed: its hash says ", "chunk 4 holds something that is no entry, or nothing",
         *(f"files a{n:02} holds at place 1 what the chain" for n in range(6, 12))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_tampering_is_found_and_named(storage: Storage, files: Files, tampering: str) -> None:
    before = await Trail(storage).head()
    tamper, expected = TAMPERINGS[tampering]
    await tamper(files.raw, storage.audit)
    findings = (await verdict_of(storage)).findings
    for one in expected:
        assert any(found.startswith(one) for found in findings), (one, findings)
    assert len(findings) == len(expected), findings
    if not expected:  # whoever may rewrite the chain's end leaves no trace in it
        told = (await verdict_of(storage, before)).findings
        assert len(told) == 1
        assert told[0].startswith("chunk 6 is not the expected one: its hash is ")


async def test_a_head_written_down_vouches_for_what_came_before(storage: Storage, files: Files) -> None:
    early = await Trail(storage).head()
    await files.change("a00", lambda one: one.decide("later"))
    await relay(storage)
    late = await Trail(storage).head()
    assert (await verdict_of(storage, early, late)).intact
    # the whole end goes, in the documents and in the chain: nothing else can tell
    await storage.audit.delete_one({"_id": 7})
    await files.raw.update_one({"_id": "a00"}, {"$pop": {"ledger": 1}})
    assert (await verdict_of(storage)).intact
    assert (await verdict_of(storage, early, late)).findings == [
        f"the chain ends at 6: chunk 7 with hash {late.hash} is gone"
    ]


async def test_many_findings_are_counted_and_a_long_one_tells_how_far_it_is(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.audit.verification.MOST_FINDINGS", 10)
    monkeypatch.setattr("shared.audit.verification._TELL_EVERY_S", -1.0)
    await storage.audit.delete_many({})
    told = [told async for told in verify(storage)]
    assert isinstance(told[-1], Verdict)
    assert (len(told[-1].findings), told[-1].more_findings, told[-1].documents) == (10, 26, 12)
    assert all(type(one) is Progress for one in told[:-1])
    assert len(told) > 1
    monkeypatch.setattr("shared.audit.verification._LIMIT_S", -1.0)
    assert (await verdict_of(storage)).findings[0].startswith("not finished after ")


async def test_entries_can_be_asked_for_by_what_they_are_about_by_whom_and_since_when(
    storage: Storage, files: Files
) -> None:
    at = signature().at
    await files.change("r1", lambda one: one.decide("revealed", Signature("ani", at), applicant_ids=["a03", "a04"]))
    await relay(storage)
    trail = Trail(storage)

    async def asked(wanted: Wanted, limit: int = 4) -> list[str]:
        found, position = [], BEGINNING
        while page := await trail.entries(wanted, position, limit):
            found += [one.deed["id"] for one in page]
            position = page[-1].position
        return found

    of_a03 = [f"uji.file:a03:{version}:a0" for version in (1, 2, 3)]
    assert await asked(Wanted(about="a03")) == [*of_a03, "uji.file:r1:1:a0"]
    assert await asked(Wanted(by="ani")) == ["uji.file:r1:1:a0"]
    assert await asked(Wanted(about="a03", by="system"), 1) == of_a03
    assert len(await asked(Wanted())) == 37
    middle = (await trail.entries(Wanted(about="a03"), limit=2))[1].deed["at"]
    since = signature().at.fromisoformat(middle)
    assert set(await asked(Wanted(about="a03", since=since))) >= {of_a03[1], of_a03[2], "uji.file:r1:1:a0"}
    assert await asked(Wanted(since=at.replace(year=at.year + 1))) == []
    for wanted in ({"entries.document": "a03"}, {"entries.by": "ani"}, {"entries.detail.applicant_ids": "a03"}):
        plan = await storage.audit.find(wanted).explain()
        assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"]), wanted
