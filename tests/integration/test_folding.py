"""Documents folded in memory, on a real MongoDB: saved once, absorbed once, and never over what somebody else wrote."""

import uuid
from collections.abc import AsyncIterator

import pytest

from shared.contracts import Event
from shared.documents import Document
from shared.folding import Folded
from shared.meta import Meta
from shared.storage import Documents, Storage, VersionConflict
from tests.conftest import Urls


class Counter(Document):
    count: int = 0

    def add(self, amount: int = 1) -> list[Event]:
        self.count += amount
        return []


def event(sequence: int) -> Meta:
    return Meta(f"uji.x:a:{sequence}:0", "/jalur/uji", "jalur.uji.Added.v1", "a", "", sequence, 0, None, None)


@pytest.fixture
async def storage(servers: Urls) -> AsyncIterator[Storage]:
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    yield storage
    storage.close()


@pytest.fixture
def folded(storage: Storage) -> Folded[Counter]:
    return Folded(storage, "counters", Counter, "counter", [])


@pytest.fixture
def counters(storage: Storage) -> Documents[Counter]:
    """The same collection, as others see and write it."""
    return Documents(storage, "counters", Counter, "counter", [])


async def test_many_events_are_one_save_and_each_counts_once(
    folded: Folded[Counter], counters: Documents[Counter]
) -> None:
    for sequence in (1, 2, 2, 3, 1):
        await folded.change("a", Counter.add, meta=event(sequence))
    await folded.change("b", lambda counter: None)
    assert await counters.get("a") is None
    await folded.save()
    await folded.save()
    held = await counters.get("a")
    assert held is not None
    assert (held.count, held.version, held.marks) == (3, 1, {"Added": (3, 0)})
    assert await counters.get("b") is None
    await folded.change("a", Counter.add, meta=event(3))
    await folded.change("a", Counter.add, meta=event(4))
    await folded.save()
    held = await counters.get("a")
    assert held is not None
    assert (held.count, held.version) == (4, 2)


async def test_what_somebody_else_has_written_is_not_written_over(
    folded: Folded[Counter], counters: Documents[Counter]
) -> None:
    await folded.load(["a", "b"])
    await counters.change("a", lambda counter: counter.add(10))
    await folded.change("a", Counter.add)
    await folded.change("b", Counter.add)
    with pytest.raises(VersionConflict):
        await folded.save()
    folded.forget()
    await folded.change("a", Counter.add)
    await folded.save()
    held = await counters.get_many(["a", "b"])
    assert (held["a"].count, held["a"].version) == (11, 2)
    assert held["b"].count == 1  # was written beside it


async def test_what_is_forgotten_has_not_happened(folded: Folded[Counter], counters: Documents[Counter]) -> None:
    await folded.change("a", Counter.add)
    folded.forget()
    await folded.save()
    assert await counters.get("a") is None
    await folded.change("a", Counter.add, meta=event(1))
    await folded.save()
    assert [one.count for one in (await counters.get_many(["a"])).values()] == [1]
