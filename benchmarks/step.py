"""One step: consume an event, find and write a document, publish an event with confirm, acknowledge."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import uvloop
from pydantic import Field

from benchmarks import celery_worker, floors, servers
from benchmarks.figures import Figure, Section
from benchmarks.stage import Run, Stage, fresh_storage, stage
from shared import topology
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered, ApplicantWithdrawn
from shared.documents import Document
from shared.hearing import Hearing
from shared.ledger import Entry, entry, signature
from shared.messaging import Subscriptions
from shared.meta import Meta
from shared.outbox import Relay
from shared.storage import Documents, Storage
from shared.unwatched import settle
from tests.conftest import Urls
from tests.events import applicant

SERVICE = "bench"
_HOW = """
One *step*: consume an event, find the document, write it, publish an event with confirm, acknowledge. Real servers,
journaled majority writes, quorum queue, uvloop; consumers, broker and database share the cores. The floors are raw
aio-pika and Motor (`floors.py`). *Same work* does per batch of 150 what ours does: find, one bulk write with mark and
outbox, pipelined confirms, pull, one acknowledgement. *Bare* leaves out find, outbox and pull; *plain* handles each
message by itself, side by side up to the prefetch. Ours are typed handlers (`@on(ApplicantRegistered)`) with relay
and the follower of the log; *audited* adds an entry to a ledger, which goes into the audit's chain. Celery does the
write and the confirmed publish for each task, acknowledged late (`celery_worker.py`); queueing its tasks is not
timed.
"""


class Effect(Document):
    """What a step writes."""

    registered: dict[str, Any] | None = None

    def take(self, event: ApplicantRegistered) -> list[Event]:
        self.programme_code = event.programme_code
        self.registered = event.model_dump(mode="json")
        return [_answer(self.id)]


class RecordedEffect(Effect):
    """What a step writes when it must be known who did it."""

    ledger: list[Entry] = Field(default_factory=list)

    def take(self, event: ApplicantRegistered) -> list[Event]:
        self.ledger.append(entry(signature(), "registered", number=event.registration_no))
        return super().take(event)


def _answer(who: str) -> ApplicantWithdrawn:
    return ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))


_ANSWER = (ApplicantWithdrawn.routing_key(), _answer("").model_dump(mode="json"))
_WORK = floors.Work(
    topology.queue_of(SERVICE, ApplicantRegistered),
    lambda event: {
        "programme_code": event["programme_code"],
        "registered": event,
        "marks": {"ApplicantRegistered": [1, 0]},
        "published": {"ApplicantWithdrawn": 1},
    },
    answers=[_ANSWER],
)


async def ours(url: str, storage: Storage, kind: type[Effect] = Effect) -> None:
    """Subscriptions, versioned documents with outbox and group commit, relay, and the follower of the log."""
    effects: Documents[Effect] = storage.documents("effects", kind, aggregate="effect")
    await storage.prepare()
    # as in a service that has been up for a while: a new one hurries to hear the whole log once more
    await storage.collection("heard").insert_one({"_id": _WORK.queue, "offset": 1})
    on = Subscriptions(SERVICE)

    @on(ApplicantRegistered)
    async def take(event: ApplicantRegistered, meta: Meta, store: Documents[Effect]) -> None:
        await store.change(event.applicant_id, lambda effect: effect.take(event), meta=meta)

    relay = Relay(url, storage)
    running = (relay.run(), on.run(url, effects), Hearing(url, storage, on, relay).run())
    async with asyncio.TaskGroup() as group:
        for one in running:
            group.create_task(one)


async def audited(url: str, storage: Storage) -> None:
    await ours(url, storage, RecordedEffect)


_WAYS: dict[str, Callable[[str, Storage], Awaitable[None]]] = {
    "plain": lambda url, storage: floors.plain(url, storage, _WORK),
    "bare": lambda url, storage: floors.bare(url, storage, _WORK),
    "same work": lambda url, storage: floors.same_work(url, storage, _WORK),
    "ours": ours,
    "audited": audited,
}


async def run(urls: Urls, how: str, events: int) -> Run:
    """One way, once, on empty queues and an empty database."""
    given = [ApplicantRegistered.model_validate(applicant(number)) for number in range(events)]
    async with (
        stage(urls, SERVICE, [ApplicantRegistered], ApplicantWithdrawn) as place,
        fresh_storage(urls, SERVICE) as storage,
    ):
        if how.startswith("Celery"):
            return await _celery(place, storage, how.split()[1], given)
        await place.fill(given)
        return await place.timed(_WAYS[how](urls.amqp, storage), storage.collection("effects"), events)


async def _celery(place: Stage, storage: Storage, pool: str, events: list[ApplicantRegistered]) -> Run:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/jalur/bench"}
    tasks = [(event.model_dump(mode="json"), *_ANSWER, headers) for event in events]
    await asyncio.to_thread(celery_worker.fill, place.urls, tasks)
    async with celery_worker.worker(pool, place.urls, storage.collection("effects").database.name):
        return await place.timed(asyncio.sleep(3600), storage.collection("effects"), len(events))


async def compare(urls: Urls, events: int, runs: int) -> dict[str, list[Run]]:
    """Every way, `runs` times, taking turns; of Celery, which is slower, a quarter of the events."""
    found: dict[str, list[Run]] = {}
    for _ in range(runs):
        for how in _WAYS:
            found.setdefault(how, []).append(await run(urls, how, events))
        for pool in ("prefork", "solo"):
            found.setdefault(f"Celery {pool}", []).append(await run(urls, f"Celery {pool}", events // 4))
    return found


def measure(quick: bool) -> Section:
    with servers.running() as urls:
        settle()  # as a service does, when it has started
        found = uvloop.run(compare(urls, 2000 if quick else 8000, 3 if quick else 5))
    rates = {how: tuple(run.rate for run in runs) for how, runs in found.items()}
    cpu = {how: tuple(run.cpu_ms for run in runs) for how, runs in found.items()}
    plain, bare, same, prefork, solo = (
        Figure(name, rates[how], "steps/s")
        for name, how in (
            ("plain floor", "plain"),
            ("bare floor", "bare"),
            ("same-work floor", "same work"),
            ("Celery, prefork, 2 processes", "Celery prefork"),
            ("Celery, solo", "Celery solo"),
        )
    )
    peer = max(prefork, solo, key=lambda figure: figure.median)
    least = {same: 0.8, peer: 2.5}
    figures = [plain, bare, same, prefork, solo]
    figures += [_beside("ours", rates["ours"], floor, least.get(floor)) for floor in (same, bare, plain, peer)]
    figures.append(_beside("ours, audited", rates["audited"], same, None))
    own = Figure("processor time of the same-work floor", cpu["same work"], "ms/step")
    figures += [own, *(Figure(f"processor time of {how}", cpu[how], "ms/step", own) for how in ("ours", "audited"))]
    return Section("A step", _HOW, figures)


def _beside(what: str, rates: tuple[float, ...], floor: Figure, least: float | None) -> Figure:
    if least is None:
        return Figure(what, rates, "steps/s", floor)
    return Figure(what, rates, "steps/s", floor, f"≥ {least} ×", statistics.median(rates) / floor.median >= least)
