"""Funnels and portraits, counted by blocks of registration numbers on a real database, are those of everybody."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from services.gateway import funnel, portraits, rollups
from services.gateway.funnel import Funnel
from services.gateway.portraits import Portrait
from services.gateway.readmodel import Applicant
from services.gateway.rollups import Rollups
from services.gateway.store import Store
from tests.conftest import Urls
from tests.integration.gateway_model import a_model, somebody

PEOPLE = 60
SAID = [
    {"outcome": outcome, "class": class_code, "reasons": reasons, "rank": None, "total": 60.0, "second": 0}
    for outcome, class_code, reasons in product(("accepted", "rejected"), ("A", "B.$x", None), ([], ["no_seat"]))
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BLOCK", 16)


async def filled(store: Store) -> list[Applicant]:
    people = [somebody(number, SAID[number % len(SAID)]) for number in range(1, PEOPLE + 1)]
    await asyncio.gather(*(store.applicants.add(one) for one in people))
    await store.applicants.add(Applicant(_id="not yet", programme_code="U"))
    return people


async def everybody(store: Store) -> tuple[Funnel, Portrait]:
    """Counted one by one."""
    found = [one for one in await store.applicants.find({"programme_code": "U"}) if one.tally]
    groups = portraits.grouped(_rows([one.portrait for one in found]))
    return funnel.assemble(_rows([one.tally for one in found])), portraits.assemble(groups)


def _rows(said: Sequence[str]) -> list[dict[str, Any]]:
    return [{"_id": one, "people": n} for one, n in Counter(said).items()]


async def counted(rolled: Rollups) -> tuple[Funnel, Portrait]:
    return await rolled.of("U"), await rolled.portrait("U")


async def withdraw(store: Store, person: Applicant) -> Applicant:
    def decide(applicant: Applicant) -> list[Any]:
        applicant.withdraws()
        return []

    return await store.applicants.change(person.id, decide)


async def test_blocks_add_up_to_everybody_and_what_changes_is_counted_by_its_block_alone(
    servers: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    pipeline = funnel.pipeline

    def asking(code: str, block: int) -> list[dict[str, Any]]:
        asked.append(block)
        return pipeline(code, block)

    async with a_model(servers) as store:
        people = await filled(store)
        monkeypatch.setattr(funnel, "pipeline", asking)
        await store.rollups.recount()
        assert asked == [0, 1, 2, 3]
        told = await counted(store.rollups)
        assert told == await everybody(store)
        assert (told[0].registered, told[1].registered, told[0].withdrawn) == (PEOPLE, PEOPLE, 0)
        for number in (18, 20):
            store.rollups.changed(await withdraw(store, people[number]))
        await store.rollups.recount()
        assert asked == [0, 1, 2, 3, 1]
        assert await counted(store.rollups) == await everybody(store) != told
        await store.rollups.recount()
        assert asked == [0, 1, 2, 3, 1]


async def test_two_replicas_count_what_each_of_them_has_changed(servers: Urls) -> None:
    async with a_model(servers) as store:
        people = await filled(store)
        replicas = [store.rollups, Rollups(store.applicants, *store.rollups.collections)]
        await asyncio.gather(*(one.recount() for one in replicas))
        for turn in range(10):
            for replica, number in zip(replicas, (turn, PEOPLE - 1 - turn), strict=True):
                replica.changed(await withdraw(store, people[number]))
            await asyncio.gather(*(one.recount() for one in replicas))
            found = await counted(store.rollups)
            assert found == await everybody(store)
            assert found[0].withdrawn == 2 * (turn + 1)


async def test_whom_an_earlier_version_has_written_is_counted_now_and_then(
    servers: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_model(servers) as store:
        people = await filled(store)
        await store.rollups.recount()
        told = await counted(store.rollups)
        # it runs beside this version, knows of no blocks, and has changed somebody
        await withdraw(store, people[40])
        await store.applicants.raw.update_many({"number": {"$gt": 30}}, {"$unset": {"block": ""}})
        store.rollups.changed(await withdraw(store, people[0]))
        monkeypatch.setattr(rollups, "_EVERYTHING_EVERY_S", 0)
        await store.rollups.recount()
        assert await counted(store.rollups) == await everybody(store) != told
        blocks = [one.block or 0 for one in await store.applicants.find({"number": {"$gt": 30}})]
        assert sorted(blocks) == [1, *[2] * 16, *[3] * 13]
