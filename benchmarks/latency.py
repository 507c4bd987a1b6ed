"""How long a registration takes to be answered, and to be seen in the lists, while a hundred come in each second."""

import asyncio
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

import httpx
from pymongo import MongoClient, WriteConcern

from benchmarks.figures import Figure, Section
from benchmarks.system import Measured, running, until
from tests.faults.people import Town

_A_SECOND = 100
_WARM_UP_S = 3
_SEEN_WITHIN_S = 30


def measure(quick: bool) -> Section:
    seconds = 5 if quick else 20
    with running() as stack:
        town = Town(7)
        definition = town.programme(2000)
        with stack.api as api:
            api.post("/programmes", json=definition).raise_for_status()
            until(lambda: api.get(f"/programmes/{definition['code']}").is_success, 30)
        path = f"/api/v1/programmes/{definition['code']}/applicants"
        asyncio.run(_offer(stack, path, town, _WARM_UP_S))
        writes, posts, seen = [], [], []
        for _ in range(3):
            writes.append(_journaled_writes(stack))
            with Seen(stack) as applicants:
                answered = asyncio.run(_offer(stack, path, town, seconds))
                posts.append([one.answered_s for one in answered])
                until(lambda: all(one.applicant_id in applicants.at for one in answered), _SEEN_WITHIN_S)  # noqa: B023
                seen.append([applicants.at[one.applicant_id] - one.due for one in answered])
    floor = _figure("a journaled majority write by the bare driver, p50", writes, 50)
    return Section(
        "Latency of a registration",
        f"""
{_A_SECOND} registrations a second for {seconds} s, three times, over HTTP to the gateway, each sent when it is due
whether or not earlier ones are answered; times count from when it was due. Seen: the applicant stands in the read
model, as MongoDB's change stream tells. Client, both servers and five services share the machine.
""",
        [
            floor,
            _figure("POST answered, p50", posts, 50, floor, 15),
            _figure("POST answered, p99", posts, 99, floor, 80),
            _figure("seen in the read model, p50", seen, 50, floor),
            _figure("seen in the read model, p99", seen, 99, floor, 300),
        ],
    )


class _Answered:
    def __init__(self, due: float, answered: float, applicant_id: str) -> None:
        self.due, self.answered_s, self.applicant_id = due, answered - due, applicant_id


async def _offer(stack: Measured, path: str, town: Town, seconds: float) -> list[_Answered]:
    """Send at the rate given, and never wait for an answer before the next is sent."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=stack.gateway_url, headers=stack.headers, timeout=60, limits=limits
    ) as client:
        people = [town.person() for _ in range(int(seconds * _A_SECOND))]
        start = time.monotonic() + 0.1

        async def one(number: int, person: dict[str, Any]) -> _Answered:
            due = start + number / _A_SECOND
            await asyncio.sleep(due - time.monotonic())
            answer = await client.post(path, json=person)
            answered = time.monotonic()
            return _Answered(due, answered, answer.raise_for_status().json()["applicant_id"])

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
            took.append(time.monotonic() - began)
    return took


def _figure(
    what: str, runs: Sequence[Sequence[float]], percentile: int, to: Figure | None = None, goal_ms: int | None = None
) -> Figure:
    found = tuple(1000 * statistics.quantiles(run, n=100)[percentile - 1] for run in runs)
    met = None if goal_ms is None else statistics.median(found) < goal_ms
    return Figure(what, found, "ms", to, None if goal_ms is None else f"< {goal_ms} ms", met)
