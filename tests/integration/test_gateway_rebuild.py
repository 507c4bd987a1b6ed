"""The read model built anew from the log equals the one that lived through the events, also while events go on."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractConnection

from services.gateway import generations, rebuild, rollups
from services.gateway.absorbing import Absorbing
from services.gateway.generations import State
from services.gateway.readmodel import Person
from services.gateway.rebuild import Rebuild
from services.gateway.store import ReadModel
from shared import log as events_log
from shared import topology
from shared.contracts import ALL
from shared.hearing import Hearing
from shared.lease import Lease
from shared.service import storage_of
from tests.events import message, until
from tests.integration.gateway_alone import Alone, administrator, alone, user

__all__ = ["alone"]

GOLDEN = Path(__file__).parents[1] / "contract" / "golden"
BY_KEY = {event.routing_key(): event for event in ALL}
OF_ONE = ("applicant_id", "person_id", "previous_person_id", "certificate_id", "match_id")
NAMES = ("applicants", "people", "programmes", "funnels", "funnel_blocks")
NOT_SAID = {"version", "counted", "started"}  # how often it was written is no part of what a document says
REASON = {"reason": "a rule of the funnel has changed"}


def way(number: int) -> list[tuple[str, aio_pika.Message]]:
    """Every event about one applicant, in any order, three of them twice, beside one that is no event."""
    told = []
    for path in sorted(GOLDEN.glob("*.json")):
        key = path.stem.split("-", 1)[1]
        stored = json.loads(path.read_text("utf-8"))
        data = stored["data"]
        data |= {name: f"{data[name]}-{number}" for name in OF_ONE if data.get(name)}
        if "registration_no" in data:
            data["registration_no"] = f"UJI-1-{number:04}"
        event = BY_KEY[key].model_validate(data)
        told.append((key, message(event, f"{stored['subject']}-{number}", stored["sequence"] + number)))
    told += random.Random(number).sample(told, 3)
    told.append((told[0][0], aio_pika.Message(b"{", message_id=f"poison-{number}")))
    random.Random(number).shuffle(told)
    return told


async def play(broker: AbstractConnection, numbers: range, pause_s: float = 0) -> int:
    """Publish the ways of these applicants; how many messages that are."""
    sent = 0
    async with broker.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.EVENTS)
        for number in numbers:
            told = way(number)
            await asyncio.gather(*(exchange.publish(one, key) for key, one in told))
            sent += len(told)
            await asyncio.sleep(pause_s)
    return sent


class Seen:
    """One gateway, and the database behind it."""

    def __init__(self, alone: Alone, client: httpx.AsyncClient) -> None:
        self.client = client
        self._storage = storage_of(alone.settings, "gateway")

    def collection(self, name: str) -> Any:
        return self._storage.collection(name)

    async def listed(self) -> int:
        answer = await self.client.get("/programmes/UJI-1/applicants?limit=200")
        assert answer.is_success, answer.text
        return len(answer.json()["items"])

    async def held(self, generation: int) -> dict[str, Any]:
        """What every document of the model says, by collection and id."""
        suffix = f"_{generation}" if generation else ""
        found = {name: await self.collection(name + suffix).find().to_list(None) for name in NAMES}
        return {
            name: {one["_id"]: {field: one[field] for field in one.keys() - NOT_SAID} for one in documents}
            for name, documents in found.items()
        }

    async def settled(self, generation: int, applicants: int) -> dict[str, Any]:
        """The model, when it holds so many applicants and has not changed for a second."""
        before: dict[str, Any] = {}
        now = await self.held(generation)
        async with asyncio.timeout(60):
            while await self.listed() != applicants or before != now:
                await asyncio.sleep(1)
                before, now = now, await self.held(generation)
        return now

    async def ask(self) -> None:
        answer = await self.client.post("/rebuild", json=REASON)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    async def state(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.client.get("/rebuild")).json()
        return answer

    async def idle(self) -> dict[str, Any]:
        async def is_idle() -> bool:
            return bool((await self.state())["state"] == "idle")

        await until(is_idle, 90)
        return await self.state()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old model goes sooner, and how far the new one is is kept more often."""
    monkeypatch.setattr(rebuild, "_AFTERWARDS_S", 1.0)
    monkeypatch.setattr(rebuild, "_SAVE_EVERY_S", 0.2)


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hears the log a second time: that would make good what a build has left out."""
    monkeypatch.setattr(Hearing, "run", _nothing)


async def _nothing(self: Any) -> None:
    """Nothing."""


_HEAR = Hearing.run


@pytest.fixture
def opened(alone: Alone) -> Callable[[], contextlib.AbstractAsyncContextManager[Seen]]:
    """Starts a gateway; it stops on leaving."""

    @contextlib.asynccontextmanager
    async def start() -> AsyncIterator[Seen]:
        async with alone.gateway() as url, administrator(url) as client:
            yield Seen(alone, client)

    return start


Opened = Callable[[], contextlib.AbstractAsyncContextManager[Seen]]


async def test_every_document_is_as_the_live_one_and_what_was_wrong_is_gone(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "BLOCK", 16)
    async with opened() as seen:
        sent = await play(broker, range(60))
        live = await seen.settled(0, 60)
        assert len(live["funnels"]) == len(live["programmes"]) == 1
        assert len(live["funnel_blocks"]) == 4
        planted = {
            "_id": "nobody",
            "programme_code": "UJI-1",
            "registration_no": "UJI-1-9999",
            "number": 9999,
            "facets": ["||"],
        }
        await seen.collection("applicants").insert_one(planted | {"version": 1, "stage": "placed"})
        somebody = next(iter(live["applicants"]))
        await seen.collection("applicants").update_one({"_id": somebody}, {"$set": {"stage": "placed"}})
        await seen.collection("people").delete_one({"_id": next(iter(live["people"]))})
        assert await seen.listed() == 61
        assert await seen.held(0) != live
        indexes = await seen.collection("applicants").index_information()

        began = time.monotonic()
        await seen.ask()
        await until(lambda: _switched(seen), 60)
        await until(lambda: _lists(seen, 60))  # a replica looks twice a second which one is in service
        took = time.monotonic() - began
        told = await seen.idle()
        assert (told["generation"], told["skipped"], told["failure"]) == (1, 0, None)
        assert told["offset"] >= sent
        assert await seen.held(1) == live
        assert not any((await seen.held(0)).values())
        assert await seen.collection("applicants_1").index_information() == indexes
        print(f"{sent} events in {took:.1f} s")
        ledger = (await seen.collection("serving").find_one({}))["ledger"]
        assert [(one["what"], one["by"], one["reason"]) for one in ledger] == [
            ("rebuild_asked", "admin", REASON["reason"])
        ]


async def _lists(seen: Seen, people: int) -> bool:
    return await seen.listed() == people


async def _switched(seen: Seen) -> bool:
    return bool((await seen.state())["generation"])


async def test_events_go_on_meanwhile_and_nobody_sees_half_a_model(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    absorbed: dict[int, int] = {}
    absorb = Rebuild._absorb

    async def counting(self: Rebuild, batch: Sequence[Any], *rest: Any) -> int:
        absorbed[id(self)] = absorbed.get(id(self), 0) + len(batch)
        return await absorb(self, batch, *rest)

    monkeypatch.setattr(Rebuild, "_absorb", counting)
    monkeypatch.setattr(rebuild, "_AFTERWARDS_S", 2.0)
    async with opened() as one, opened() as other:
        await play(broker, range(30))
        await one.settled(0, 30)
        loading = asyncio.create_task(play(broker, range(30, 50), 0.1))
        await asyncio.gather(one.ask(), other.ask())
        generation = 0
        while not loading.done() or (await other.state())["state"] != "idle":
            for seen in (one, other):
                assert await seen.listed() >= 30
            generation = max(generation, (await other.state())["generation"])
        assert (await other.state())["generation"] == generation == 1  # asked twice, built once
        assert len([count for count in absorbed.values() if count]) == 1  # and by one of them alone
        under_load = await other.settled(1, 50)
        await until(lambda: _serves(one, 50), 30)
        await one.ask()
        await one.idle()
        await until(lambda: _serves(other, 50))
        assert await one.held(2) == under_load


async def _serves(seen: Seen, applicants: int) -> bool:
    return await seen.listed() == applicants


async def test_an_event_that_one_replica_still_took_into_the_old_model_is_in_the_new_one(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other replica does not look, and goes on with the old model until after the switch."""
    async with opened() as one, opened() as blind:
        await play(broker, range(10))
        await one.settled(0, 10)
        monkeypatch.setattr(generations.Generations, "serve_current", _nothing)
        monkeypatch.setattr(ReadModel, "drop", _keep)
        monkeypatch.setattr(rebuild, "_AFTERWARDS_S", 4.0)
        await one.ask()
        await until(lambda: _switched(one), 60)
        await play(broker, range(10, 40))
        await one.idle()
        await until(lambda: _all(one), 30)
        monkeypatch.undo()
        await until(lambda: _serves(blind, 40), 30)


async def _all(seen: Seen) -> bool:
    """In the new model, all of them: what the old one has got meanwhile too."""
    old, new = [len((await seen.held(generation))["applicants"]) for generation in (0, 1)]
    return old > 10 and new == 40


async def _keep(self: ReadModel) -> None:
    """The old model stays, to be looked at."""


async def test_a_builder_that_dies_leaves_the_old_model_and_another_goes_on(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    absorb, halted, goes_on = Rebuild._absorb, asyncio.Event(), asyncio.Event()

    async def halting(self: Rebuild, batch: Sequence[Any], absorbing: Absorbing, state: State) -> int:
        if halted.is_set():
            await goes_on.wait()  # the other one, however soon it begins
        elif batch and int(batch[-1].headers["x-stream-offset"]) > 300:
            await absorb(self, batch[: len(batch) // 2], absorbing, state)
            await absorbing.settle()
            halted.set()
            await asyncio.sleep(3600)
        return await absorb(self, batch, absorbing, state)

    async def dies(self: Lease) -> None:
        """Whoever is killed gives nothing back."""

    monkeypatch.setattr(rebuild, "_BATCH", 100)
    monkeypatch.setattr(rebuild, "_LEASE_S", 3.0)
    async with opened() as seen:
        await play(broker, range(40))
        live = await seen.settled(0, 40)
        monkeypatch.setattr(Rebuild, "_absorb", halting)
        monkeypatch.setattr(Lease, "release", dies)
        await seen.ask()
        await until(halted.is_set, 60)
        assert await seen.listed() == 40
    async with opened() as seen:
        assert (await seen.state())["state"] == "building"
        assert len((await seen.held(1))["applicants"]) > 0
        assert await seen.held(1) != live
        assert await seen.listed() == 40
        assert await seen.held(0) == live
        goes_on.set()
        assert (await seen.idle())["generation"] == 1
        assert await seen.listed() == 40
        assert await seen.held(1) == live


async def test_while_a_model_is_indexed_for_long_nobody_else_builds_it(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, indexing, done = ReadModel.prepare, asyncio.Event(), asyncio.Event()

    async def slowly(self: ReadModel) -> None:
        if self.generation:
            indexing.set()
            await done.wait()
        await prepare(self)

    monkeypatch.setattr(rebuild, "_LEASE_S", 1.0)
    monkeypatch.setattr(ReadModel, "prepare", slowly)
    async with opened() as seen:
        await play(broker, range(10))
        await seen.settled(0, 10)
        await seen.ask()
        await asyncio.wait_for(indexing.wait(), 60)
        await asyncio.sleep(2)
        assert not await Lease(seen._storage, "rebuild", 1.0).hold()
        assert (await seen.state())["generation"] == 0
        done.set()
        assert (await seen.idle())["generation"] == 1


async def test_a_log_that_was_cut_is_not_built_from_and_an_event_that_no_handler_can_absorb_is_told(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as seen:
        await play(broker, range(10))
        live = await seen.settled(0, 10)
        with monkeypatch.context() as patched:
            patched.setattr(events_log, "offset_of", lambda one: int(one.headers["x-stream-offset"]) + 7)
            await seen.ask()
            told = await seen.idle()
        assert (told["generation"], told["failure"]) == (0, "the log does not reach back to the first event")
        assert await seen.listed() == 10
        assert not any((await seen.held(1)).values())

        monkeypatch.setattr(Person, "was_trained", _refusing)
        await seen.ask()
        told = await seen.idle()
        assert (told["generation"], told["failure"]) == (2, None)  # what was given up had another number
        assert told["skipped"] >= len(live["people"]) == 10
        assert await seen.held(2) == live | {"people": {}}


def _refusing(*_: Any) -> bool:
    raise RuntimeError("a defect")


async def test_an_empty_log_is_not_built_from(opened: Opened, broker: AbstractConnection) -> None:
    async with broker.channel() as channel:
        await channel.queue_delete(topology.LOG)
        await topology.declare(channel, topology.common())
    async with opened() as seen:
        await seen.ask()
        told = await seen.idle()
    assert told["generation"] == 0
    assert told["failure"] == "the log holds no event, or the broker is too slow to tell"


MADE_ANEW = "the log was made anew and lacks what happened before"


async def made_anew(broker: AbstractConnection) -> None:
    """Another log in the place of the one there was."""
    async with broker.channel() as channel:
        await channel.queue_delete(topology.LOG)
        await topology.declare(channel, topology.common())


async def test_a_log_that_was_made_anew_is_not_built_from_however_long_ago_that_was(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hearing, "run", _HEAR)
    async with opened() as seen:
        heard = seen.collection("heard")

        async def knows_the_log() -> bool:
            last = await heard.find_one({"_id": topology.LOG}) or {}
            return bool(last.get("first_event_id") and last["event_id"] not in before)

        before: set[str] = set()
        await play(broker, range(10))
        await seen.settled(0, 10)
        await until(knows_the_log, 30)
        before = {(await heard.find_one({"_id": topology.LOG}))["event_id"]}
        await made_anew(broker)
        await play(broker, range(10, 20))
        live = await seen.settled(0, 20)
        for _ in range(2):  # at once, and when the gateway has heard the other log
            await seen.ask()
            told = await seen.idle()
            assert (told["generation"], told["failure"]) == (0, MADE_ANEW)
            await until(knows_the_log, 30)
        assert await seen.held(0) == live


async def test_a_log_that_is_made_anew_while_it_is_read_is_built_from_no_further(
    opened: Opened, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    absorb, replaced = Rebuild._absorb, asyncio.Event()

    async def replacing(self: Rebuild, batch: Sequence[Any], *rest: Any) -> int:
        skipped = await absorb(self, batch, *rest)
        if int(batch[-1].headers["x-stream-offset"] if batch else 0) > 100 and not replaced.is_set():
            await asyncio.sleep(0.5)
            await made_anew(broker)
            await play(broker, range(10, 12))
            replaced.set()
        return skipped

    monkeypatch.setattr(rebuild, "_BATCH", 100)
    monkeypatch.setattr(rebuild, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(Hearing, "run", _HEAR)
    async with opened() as seen:
        await play(broker, range(10))
        await seen.settled(0, 10)
        await until(lambda: _knows_how_it_began(seen), 30)
        monkeypatch.setattr(Rebuild, "_absorb", replacing)
        await seen.ask()
        told = await seen.idle()
        assert replaced.is_set()
        assert (told["generation"], told["failure"]) == (0, MADE_ANEW)
        assert await seen.listed() == 12


async def _knows_how_it_began(seen: Seen) -> bool:
    return bool(await seen.collection("heard").find_one({"first_event_id": {"$ne": None}}))


async def test_what_an_earlier_version_has_written_is_built_anew_by_itself(
    opened: Opened, broker: AbstractConnection
) -> None:
    async with opened() as seen:
        await play(broker, range(10))
        live = await seen.settled(0, 10)
        await seen.collection("applicants").update_many({}, {"$unset": {"facets": "", "tally": "", "portrait": ""}})
        assert await seen.listed() == 0
    async with opened() as seen:
        await until(lambda: _switched(seen), 60)
        assert await seen.listed() == 10
        assert await seen.held(1) == live


async def test_only_operators_may_ask(alone: Alone) -> None:
    async with alone.gateway() as url:
        token = await user(url, "a-viewer", "viewer")
        async with httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        ) as client:
            assert (await client.post("/rebuild", json=REASON)).status_code == httpx.codes.FORBIDDEN
        async with administrator(url) as client:
            assert (await client.post("/rebuild", json={"reason": " "})).status_code == 422
            assert (await client.get("/rebuild")).json()["state"] == "idle"
