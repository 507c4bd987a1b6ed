"""The hottest consumer of each service, as it is, against a raw floor that finds, writes and publishes as much."""

import asyncio
import contextlib
import gc
import importlib
import statistics
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from fastapi import FastAPI

from benchmarks import floors, servers
from benchmarks.figures import Figure, Section
from benchmarks.stage import Run, fresh_storage, stage
from benchmarks.stage import Stage as Place
from shared import topology
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered, ProgrammeOpened
from shared.contracts.selection import ApplicantScreened, Outcome, SelectionDecided, Stage
from shared.storage import Storage
from shared.unwatched import settle
from tests.builders import programme
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS, Urls
from tests.events import applicant

_HOW = """
Each service whole, as it is deployed (relay, follower of the log, upkeep), takes a backlog of one event. Its floor
(`floors.same_work`) looks up as many documents, writes as much, with outbox and ledger where the service has them,
publishes as many events, adds as many deeds to an audit, pulls and acknowledges, in batches of 150 and nothing else.
"""
_READY_S = 60
_DEED = {"at": "2030-01-01T00:00:00Z", "by": "selection", "role": "service", "what": "x", "detail": {"x": "y" * 40}}
_MARK = {"marks": {"Event": [1, 0]}, "published": {}}


@dataclass(frozen=True)
class Hot:
    """A consumer: its service, the event, what it publishes for each, its collection, and how the floor does it."""

    service: str
    event: type[Event]
    answer: type[Event] | None
    effects: str
    make: Callable[[int], Event]
    work: floors.Work


def _registered(number: int) -> ApplicantRegistered:
    return ApplicantRegistered.model_validate(applicant(number))


def _decided(number: int) -> SelectionDecided:
    return SelectionDecided(
        applicant_id=f"a{number:04}",
        programme_code="UJI-1",
        person_id=f"p{number:04}",
        outcome=Outcome.ACCEPTED,
        stage=Stage.RANKING,
        class_code="A",
        rank=number,
        total=80.0,
        rule_version=1,
    )


def _work(service: str, event: type[Event], **more: Any) -> floors.Work:
    return floors.Work(topology.queue_of(service, event), lambda data: {**_MARK, "taken": data}, **more)


_SCREENED = ApplicantScreened(applicant_id="", programme_code="UJI-1", passed=True, reasons=[], rule_version=1)
HOT = (
    Hot(
        *("selection", ApplicantRegistered, ApplicantScreened, "applicants", _registered),
        _work(
            *("selection", ApplicantRegistered),
            # before it screens, and after it, whether anything newer was missed
            finds=("programmes", "persons", "effects", "effects", "programmes", "persons"),
            answers=[(ApplicantScreened.routing_key(), _SCREENED.model_dump(mode="json"))],
            deeds=[_DEED],
        ),
    ),
    Hot(
        *("certification", SelectionDecided, None, "trainees", _decided),
        _work("certification", SelectionDecided, deeds=[_DEED]),
    ),
    Hot("placement", ApplicantRegistered, None, "graduates", _registered, _work("placement", ApplicantRegistered)),
    Hot("gateway", ApplicantRegistered, None, "applicants", _registered, _work("gateway", ApplicantRegistered)),
)


@contextlib.asynccontextmanager
async def _service(urls: Urls, name: str, prefix: str) -> AsyncIterator[None]:
    """A service in this process, as `shared.service.run` would run it, but for HTTP."""
    settings = importlib.import_module(f"services.{name}.settings").Settings
    keys = {"actor_public_keys": ACTOR_PUBLIC_KEYS, "actor_private_key": ACTOR_KEY, "spool_dir": Path("/tmp")}  # noqa: S108
    secrets = {"admin_password": "benchmark-password", "admin_token": "t" * 20}
    app: FastAPI = importlib.import_module(f"services.{name}.app").build(
        settings.load(amqp_url=urls.amqp, mongo_url=urls.mongo, db_prefix=prefix, **keys, **secrets)
    )
    gc.unfreeze()  # the service of the run before
    settle()
    async with app.router.lifespan_context(app):
        yield


class _Rig:
    """One service that has been up for a while: it knows the programme, and has heard the log so far."""

    def __init__(self, urls: Urls, hot: Hot, place: Place, own: Storage, prefix: str) -> None:
        self._urls, self._hot, self._place, self._own, self._prefix = urls, hot, place, own, prefix
        self._number = 0

    async def prepare(self) -> None:
        opened = ProgrammeOpened(programme_code="UJI-1", revision=1, programme=programme())
        await self._place.fill([opened])
        async with _service(self._urls, self._hot.service, self._prefix), asyncio.timeout(_READY_S):
            while await self._own.collection("heard").count_documents({"offset": {"$gt": 0}}) == 0:
                await asyncio.sleep(0.1)

    async def ours(self, count: int) -> Run:
        await self._place.fill(self._more(count))
        return await self._place.timed(self._serve(), self._own.collection(self._hot.effects), count)

    async def floor(self, count: int) -> Run:
        await self._place.fill(self._more(count))
        async with fresh_storage(self._urls, self._hot.service) as storage:
            work = floors.same_work(self._urls.amqp, storage, self._hot.work)
            return await self._place.timed(work, storage.collection("effects"), count)

    def _more(self, count: int) -> Sequence[Event]:
        first, self._number = self._number, self._number + count
        return [self._hot.make(number) for number in range(first, first + count)]

    async def _serve(self) -> None:
        async with _service(self._urls, self._hot.service, self._prefix):
            await asyncio.Future()


@contextlib.asynccontextmanager
async def _rig(urls: Urls, hot: Hot) -> AsyncIterator[_Rig]:
    on = importlib.import_module(f"services.{hot.service}.events").on
    prefix = f"bench_{uuid.uuid4().hex[:8]}"
    async with (
        stage(urls, hot.service, on.contracts, hot.answer) as place,
        fresh_storage(urls, hot.service, f"{prefix}_{hot.service}") as own,
    ):
        rig = _Rig(urls, hot, place, own, prefix)
        await rig.prepare()
        yield rig


async def compare(urls: Urls, hot: Hot, events: int, runs: int) -> tuple[list[Run], list[Run]]:
    """The service and its floor, `runs` times, taking turns."""
    ours, floor = [], []
    async with _rig(urls, hot) as rig:
        for _ in range(runs):
            floor.append(await rig.floor(events))
            ours.append(await rig.ours(events))
    return ours, floor


def measure(quick: bool) -> Section:
    figures = []
    with servers.running() as urls:
        for hot in HOT:
            ours, floor = uvloop.run(compare(urls, hot, 1000 if quick else 6000, 3 if quick else 5))
            what = f"{hot.service} takes {hot.event.event_name}"
            raw = Figure(f"floor of {hot.service}", tuple(run.rate for run in floor), "steps/s")
            rates = tuple(run.rate for run in ours)
            reached = statistics.median(rates) / raw.median
            figures += [raw, Figure(what, rates, "steps/s", raw, "≥ 0.8 ×", reached >= 0.8)]
            cpu = Figure(f"processor time of {raw.what}", tuple(run.cpu_ms for run in floor), "ms/step")
            figures += [cpu, Figure(f"processor time of {hot.service}", tuple(r.cpu_ms for r in ours), "ms/step", cpu)]
    return Section("The hot consumers", _HOW, figures)
