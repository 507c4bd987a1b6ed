"""How long a registration takes to be answered, and to be seen in the lists, as more and more come in each second."""

import asyncio
import os
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp
from pymongo import MongoClient, WriteConcern

from benchmarks.figures import Curve, Figure, Section
from benchmarks.system import Measured, running, until
from deploy.local import services
from tests.faults.people import Town

_GOAL_A_SECOND = 100
_WARM_UP_S = 3
_SEEN_WITHIN_S = 300


class Registered(NamedTuple):
    """One registration: when it was due, the seconds until it was answered, and its applicant."""

    due: float
    answered_s: float
    applicant_id: str


class Offered(NamedTuple):
    """Registrations that came at one rate: milliseconds of each, and CPU milliseconds that one took by process."""

    answered: list[float]
    seen: list[float]
    cpu: dict[str, float]
    busy: float  # of all cores, 0 to 1, from the first to the last that was seen


def measure(quick: bool) -> Section:
    rates = {20: 3, 50: 3, _GOAL_A_SECOND: 3} if quick else {10: 20, 20: 20, 40: 20, 60: 20, _GOAL_A_SECOND: 60}
    with running() as stack:
        town = Town(7)
        definition = town.programme(2000)
        with stack.api as api:
            api.post("/programmes", json=definition).raise_for_status()
            until(lambda: api.get(f"/programmes/{definition['code']}").is_success, 30)
        path = f"/api/v1/programmes/{definition['code']}/applicants"
        asyncio.run(_offer(stack, path, town, 20, _WARM_UP_S))
        writes = [_journaled_writes(stack) for _ in range(3)]
        found = {
            rate: [_measure(stack, path, town, rate, seconds) for _ in range(3)] for rate, seconds in rates.items()
        }
    floor = _figure("a journaled majority write by the bare driver, p50", writes, 50)
    figures = [floor]
    for rate, runs in found.items():
        goals = (15, 80, 300) if rate == _GOAL_A_SECOND else (None, None, None)
        answered, seen = [one.answered for one in runs], [one.seen for one in runs]
        figures += [
            _figure(f"{rate} a second: POST answered, p50", answered, 50, floor, goals[0]),
            _figure(f"{rate} a second: POST answered, p99", answered, 99, floor, goals[1]),
            _figure(f"{rate} a second: seen in the read model, p50", seen, 50, floor),
            _figure(f"{rate} a second: seen in the read model, p99", seen, 99, floor, goals[2]),
            Figure(f"{rate} a second: processor time of one", tuple(sum(one.cpu.values()) for one in runs), "ms"),
            Figure(f"{rate} a second: cores busy", tuple(100 * one.busy for one in runs), "%"),
        ]
    return Section("Latency of a registration", _how(found), figures, [_curve(found)])


def _how(found: dict[int, list[Offered]]) -> str:
    cores, (rate, runs) = os.cpu_count() or 1, max(found.items())
    parts = {name: statistics.median(one.cpu[name] for one in runs) for name in runs[0].cpu}
    cost = sum(parts.values())
    shares = ", ".join(f"{name} {used:.1f}" for name, used in sorted(parts.items(), key=lambda one: -one[1]))
    return f"""
So many registrations a second, three times each, over HTTP to the gateway, each sent when it is due whether or not
earlier ones are answered; times count from when it was due. Seen: the applicant stands in the read model, as MongoDB's
change stream tells. Both servers and five services share the machine with the client, whose time is not counted.

At {rate} a second one registration takes {cost:.1f} ms of processor time in all ({shares}): {cores} cores hold at most
{1000 * cores / cost:.0f} a second. Beyond that they queue, and waits grow for as long as they come.
"""


def _measure(stack: Measured, path: str, town: Town, rate: int, seconds: float) -> Offered:
    used, all_used, began = {name: stack.cpu_s(name) for name in services.ALL}, stack.cpu_s(), time.monotonic()
    with Seen(stack) as applicants:
        registered = asyncio.run(_offer(stack, path, town, rate, seconds))
        until(lambda: all(one.applicant_id in applicants.at for one in registered), _SEEN_WITHIN_S)
        took = time.monotonic() - began
        everything = stack.cpu_s() - all_used
        cpu = {name: 1000 * (stack.cpu_s(name) - used[name]) / len(registered) for name in services.ALL}
        cpu["both servers"] = 1000 * everything / len(registered) - sum(cpu.values())
        return Offered(
            [1000 * one.answered_s for one in registered],
            [1000 * (applicants.at[one.applicant_id] - one.due) for one in registered],
            cpu,
            everything / took / (os.cpu_count() or 1),
        )


async def _offer(stack: Measured, path: str, town: Town, rate: int, seconds: float) -> list[Registered]:
    """Send at the rate given, and never wait for an answer before the next is sent."""
    connector = aiohttp.TCPConnector(limit=200, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(
        stack.gateway_url, headers=stack.headers, connector=connector, timeout=timeout
    ) as client:
        people = [town.person() for _ in range(int(seconds * rate))]
        start = time.monotonic() + 0.1

        async def one(number: int, person: dict[str, Any]) -> Registered:
            due = start + number / rate
            await asyncio.sleep(due - time.monotonic())
            async with client.post(path, json=person) as answer:
                body = await answer.json()
                answered = time.monotonic()
                answer.raise_for_status()
            return Registered(due, answered - due, body["applicant_id"])

        return await asyncio.gather(*(one(number, person) for number, person in enumerate(people)))


class Seen:
    """When each applicant came to stand in the gateway's read model, by id."""

    def __init__(self, stack: Measured) -> None:
        self.at: dict[str, float] = {}
        self._client: MongoClient[dict[str, Any]] = MongoClient(stack.mongo_url)
        applicants = self._client[f"{stack.db_prefix}_gateway"]["applicants"]
        self._changes = applicants.watch([{"$project": {"documentKey": 1}}], max_await_time_ms=200)
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._ended = False

    def __enter__(self) -> "Seen":
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._looking.join()
        self._changes.close()
        self._client.close()

    def _look(self) -> None:
        while not self._ended:
            if (change := self._changes.try_next()) is not None:
                self.at.setdefault(str(change["documentKey"]["_id"]), time.monotonic())


def _journaled_writes(stack: Measured) -> list[float]:
    took = []
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        database = client.get_database("bench", write_concern=WriteConcern(w="majority", j=True))
        for number in range(200):
            began = time.monotonic()
            database["writes"].insert_one({"number": number, "text": "x" * 1000})
            took.append(1000 * (time.monotonic() - began))
    return took


def _figure(
    what: str, runs: Sequence[Sequence[float]], percentile: int, to: Figure | None = None, goal_ms: int | None = None
) -> Figure:
    found = tuple(_percentile(run, percentile) for run in runs)
    met = None if goal_ms is None else statistics.median(found) < goal_ms
    return Figure(what, found, "ms", to, None if goal_ms is None else f"< {goal_ms} ms", met)


def _curve(found: dict[int, list[Offered]]) -> Curve:
    def grown(percentile: int, which: str) -> list[tuple[float, float]]:
        return [
            (rate, statistics.median(_percentile(getattr(one, which), percentile) for one in runs))
            for rate, runs in found.items()
        ]

    series = {
        "answered, p50": grown(50, "answered"),
        "answered, p99": grown(99, "answered"),
        "seen, p99": grown(99, "seen"),
    }
    title = "What a registration waits, as more come in each second"
    return Curve("latency", title, "registrations a second", "ms", {**series}, logarithmic=True)


def _percentile(run: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(run, n=100)[percentile - 1]
