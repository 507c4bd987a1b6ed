"""Ledgers reach the audit by themselves, each entry once, whatever is killed, away or racing on the way."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from aio_pika.abc import AbstractConnection
from pydantic import Field

from shared import context, outbox
from shared.audit.chain import START, Chunk, Deed, Head, faults
from shared.audit.trail import Trail
from shared.context import Actor
from shared.contracts import Event
from shared.documents import Document, LedgerChanged
from shared.ledger import Entry, entry, signature
from shared.outbox import Relay
from shared.storage import Documents, Storage, StorageAway
from tests.conftest import Urls
from tests.events import Outsider, until
from tests.integration.test_messaging import let_uji_publish, withdrawn


class File(Document):
    """Something about which things are decided."""

    ledger: list[Entry] = Field(default_factory=list)

    def decide(self, what: str = "decided", **detail: Any) -> list[Event]:
        self.programme_code = "UJI-1"
        self.ledger.append(entry(signature(), what, "sebab", **detail))
        return [withdrawn(self.id)]


Files = Documents[File]


@pytest.fixture
async def storage(servers: Urls, broker: AbstractConnection) -> AsyncIterator[Storage]:
    await let_uji_publish(broker)
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    storage.documents("files", File, aggregate="file")
    await storage.prepare()
    context.actor.set(Actor("petugas", "selector"))
    yield storage
    storage.close()


@pytest.fixture
def files(storage: Storage) -> Files:
    return storage.collections[0]


@contextlib.asynccontextmanager
async def relaying(servers: Urls, storage: Storage) -> AsyncIterator[Relay]:
    relay = Relay(servers.amqp, storage)
    task = asyncio.create_task(relay.run())
    await until(lambda: relay.connected)
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def chain_of(storage: Storage) -> list[Chunk]:
    """The chain, which must be sound."""
    chunks = [chunk async for chunk in Trail(storage).chunks()]
    head = START
    for chunk in chunks:
        assert list(faults(chunk, head)) == []
        head = Head(chunk["_id"], chunk["hash"])
    return chunks


async def ids_in(storage: Storage) -> list[str]:
    return [one["id"] for chunk in await chain_of(storage) for one in chunk["entries"]]


async def drained(files: Files) -> bool:
    left = await files.raw.count_documents({"$or": [{"pending": True}, {"outbox.0": {"$exists": True}}]})
    return bool(left == 0)


async def test_every_entry_of_a_ledger_comes_into_the_chain_with_who_what_when_and_why(
    servers: Urls, storage: Storage, files: Files, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    async with relaying(servers, storage):
        for _ in range(3):
            await asyncio.gather(*(files.change(f"a{n}", lambda one: one.decide(total=72.5)) for n in range(50)))
        await until(lambda: drained(files))
    chunks = await chain_of(storage)
    assert sum(len(chunk["entries"]) for chunk in chunks) == 150
    assert len(chunks) < 30, "many entries share a write"
    deeds = {one["id"]: one for chunk in chunks for one in chunk["entries"]}
    deed = deeds["uji.file:a7:2:a0"]
    stored = await files.raw.find_one({"_id": "a7"})
    assert {name: deed[name] for name in Entry.model_fields} == stored["ledger"][1]
    assert (deed["by"], deed["role"], deed["what"], deed["reason"]) == ("petugas", "selector", "decided", "sebab")
    assert deed["detail"] == {"total": 72.5}
    assert (deed["collection"], deed["document"], deed["version"], deed["place"]) == ("files", "a7", 2, 1)
    assert deed["programme_code"] == "UJI-1"
    assert len(deed["correlation"]) == 32
    assert {one.message_id for one in outsider.seen} == {f"uji.file:a{n}:{v}:0" for n in range(50) for v in (1, 2, 3)}


async def test_two_relays_that_race_with_the_same_entries_leave_each_of_them_once(
    servers: Urls, storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", -1000)  # sweeps take what is being published, too
    other = Storage(servers.mongo, files.raw.database.name, "uji")
    rival: Files = other.documents("files", File, aggregate="file")
    async with relaying(servers, storage), relaying(servers, other):
        for _ in range(5):
            sides = [files if n % 2 else rival for n in range(60)]
            await asyncio.gather(*(side.change(f"a{n % 40}", File.decide) for n, side in enumerate(sides)))
        await until(lambda: drained(files))
    other.close()
    ids = await ids_in(storage)
    assert len(ids) == len(set(ids)) == 300


async def test_the_chain_takes_what_two_append_at_once_and_what_comes_again(storage: Storage) -> None:
    trails = [Trail(storage) for _ in range(3)]
    deeds = [{"id": f"uji.file:a{n}:1:a0", "document": f"a{n}"} for n in range(60)]
    await trails[0].append(deeds[:1])
    lots = [deeds[start : start + 20] for start in range(0, 60, 10)]  # each twice, in other company
    await asyncio.gather(*(trails[n % 3].append(lot) for n, lot in enumerate(lots * 2)))
    assert sorted(await ids_in(storage)) == sorted(one["id"] for one in deeds)


async def test_a_crash_between_append_and_pull_repeats_nothing(
    servers: Urls, storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 100)
    pull, tries = files.pull, 0

    async def away(*done: Any) -> None:
        nonlocal tries
        tries += 1
        raise StorageAway

    monkeypatch.setattr(files, "pull", away)
    async with relaying(servers, storage):
        await files.change("a", File.decide)
        await files.change("b", File.decide)
        await until(lambda: tries >= 3)
        monkeypatch.setattr(files, "pull", pull)
        await until(lambda: drained(files))
    assert sorted(await ids_in(storage)) == ["uji.file:a:1:a0", "uji.file:b:1:a0"]


async def test_entries_wait_in_the_outbox_while_the_database_takes_no_chunk_and_events_go_on(
    servers: Urls, storage: Storage, files: Files, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LEFT_BEHIND_MS", 100)
    outsider = await Outsider().listen(broker, "registration.applicant_withdrawn.v1")
    append, answers = Trail.append, [StorageAway(), ValueError("a defect")]

    async def away(trail: Trail, deeds: Iterable[Deed]) -> None:
        if answers:
            raise answers.pop()
        await append(trail, deeds)

    monkeypatch.setattr(Trail, "append", away)
    async with relaying(servers, storage):
        await files.change("a", File.decide)
        await until(lambda: drained(files))
    assert [one.message_id for one in outsider.seen] == ["uji.file:a:1:0"]
    assert await ids_in(storage) == ["uji.file:a:1:a0"]


async def test_an_unknown_outcome_that_was_a_success_is_no_second_entry(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = Trail(storage)
    await trail.append([{"id": "1", "document": "a"}])
    insert = trail._chunks.insert_one

    class Unsure:
        def __getattr__(self, name: str) -> Any:
            return getattr(storage.audit, name)

        async def insert_one(self, chunk: Chunk) -> None:
            await insert(chunk)
            raise StorageAway

    monkeypatch.setattr(trail, "_chunks", Unsure())
    with pytest.raises(StorageAway):
        await trail.append([{"id": "2", "document": "a"}])
    monkeypatch.undo()
    await trail.append([{"id": "2", "document": "a"}, {"id": "3", "document": "a"}])
    assert await ids_in(storage) == ["1", "2", "3"]


async def test_a_ledger_that_lost_or_changed_an_entry_is_not_saved(files: Files) -> None:
    for what in ("first", "second"):
        await files.change("a", lambda one, what=what: one.decide(what))  # type: ignore[misc]

    def forget(one: File) -> list[Event]:
        del one.ledger[0]
        return one.decide("third")

    def forge(one: File) -> list[Event]:
        one.ledger[0] = one.ledger[0].model_copy(update={"by": "orang lain"})
        return one.decide("third")

    for tampering in (forget, forge):
        with pytest.raises(LedgerChanged):
            await files.change("a", tampering)
    after = await files.change("a", lambda one: one.decide("third"))
    assert [one.what for one in after.ledger] == ["first", "second", "third"]
    stored = await files.raw.find_one({"_id": "a"})
    assert [one["what"] for one in stored["ledger"]] == ["first", "second", "third"]
    assert [one["id"] for one in stored["outbox"] if "key" not in one] == [f"uji.file:a:{n}:a0" for n in (1, 2, 3)]


async def test_a_document_that_was_added_and_is_changed_again_keeps_one_ledger(files: Files) -> None:
    one = File(_id="a")
    one.decide("first")
    one.decide("second")
    await files.add(one)
    one.decide("third")
    again = await files._save(one, [])
    assert again.added_to_ledger() == []
    stored = await files.raw.find_one({"_id": "a"})
    assert [one["what"] for one in stored["ledger"]] == ["first", "second", "third"]
    assert [one["place"] for one in stored["outbox"]] == [0, 1, 2]
    assert [one["id"] for one in stored["outbox"]] == ["uji.file:a:1:a0", "uji.file:a:1:a1", "uji.file:a:2:a0"]
