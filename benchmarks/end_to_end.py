"""From a sheet of applicants to decisions that an outside subscriber has seen, at two sizes."""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import aio_pika
import httpx
import xlsxwriter
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.figures import Curve, Figure, Section
from benchmarks.system import Measured, Memory, running, until
from deploy.local import services
from shared import topology
from shared.contracts.selection import SelectionDecided
from tests.faults.people import HOME, JAKARTA, Town, application

_MOST_MB = 150
_GROWTH = 1.15
_WITHIN_S = 3600


class Way(NamedTuple):
    """How one programme went: seconds of each stretch, CPU seconds of each service, peaks of memory in MB."""

    people: int
    stretches: dict[str, float]
    cpu_s: dict[str, float]
    all_cpu_s: float
    memory_mb: dict[str, float]

    @property
    def seconds(self) -> float:
        return sum(self.stretches.values())

    @property
    def milliseconds_each(self) -> float:
        return 1000 * self.seconds / self.people


def measure(quick: bool) -> Section:
    small, large = (1_000, 4_000) if quick else (10_000, 100_000)
    # the large one once: it lasts long enough to be its own median
    smalls, big = [_way(small) for _ in range(3)], _way(large)
    slowest = max(services.BEHIND, key=lambda name: big.cpu_s[name])
    doubled = _way(small, doubled=slowest)
    each = Figure(f"{small:,} applicants, each", tuple(way.milliseconds_each for way in smalls), "ms")
    memory = {name: max(way.memory_mb[name] for way in (*smalls, big)) for name in services.ALL}
    return Section(
        "End to end: from file to decision",
        _how(big, doubled, slowest),
        [
            each,
            Figure(
                f"{large:,} applicants, each",
                (big.milliseconds_each,),
                "ms",
                each,
                f"≤ {_GROWTH} ×",
                big.milliseconds_each <= _GROWTH * each.median,
            ),
            Figure(f"{large:,} applicants", (large / big.seconds,), "applicants/s"),
            Figure(f"{small:,} applicants with two of {slowest}, each", (doubled.milliseconds_each,), "ms", each),
            *(
                Figure(f"memory of {name}, at most", (found,), "MB", None, f"≤ {_MOST_MB} MB", found <= _MOST_MB)
                for name, found in memory.items()
            ),
        ],
        [
            Curve(
                "end-to-end",
                "What an applicant costs, from file to decision",
                "applicants",
                "ms each",
                {
                    "all": [(way.people, way.milliseconds_each) for way in (*smalls, big)],
                    **{
                        stretch: [(way.people, 1000 * way.stretches[stretch] / way.people) for way in (*smalls, big)]
                        for stretch in big.stretches
                    },
                },
            )
        ],
    )


def _how(way: Way, doubled: Way, slowest: str) -> str:
    cores = os.cpu_count() or 1
    busy = way.all_cpu_s / way.seconds / cores
    shares = ", ".join(f"{name} {1000 * used / way.people:.2f}" for name, used in way.cpu_s.items())
    stretches = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in way.stretches.items())
    return f"""
A workbook of applicants is imported through the gateway, then one of their scores, then the selection is decided; it
ends when an outside subscriber's queue has brought a SelectionDecided for everybody. A new system with servers of its
own each time.

{way.people:,} people: {stretches}. Processor time per applicant in ms: {shares}; with both servers
{1000 * way.all_cpu_s / way.people:.2f}. The {cores} cores were busy for {busy:.0%} of the time: near 100 % that is the
limit, and a second replica of the service that uses most ({slowest}; {doubled.milliseconds_each:.2f} ms each with it)
can help only where cores are free.
"""


def _way(people: int, doubled: str | None = None) -> Way:
    with running(doubled) as stack, tempfile.TemporaryDirectory() as folder, stack.api as api, Memory(stack) as memory:
        town = Town(11)
        definition = town.programme(people)
        everybody = [town.person() for _ in range(people)]
        applicants, scores = Path(folder) / "pendaftar.xlsx", Path(folder) / "nilai.xlsx"
        yesterday = datetime.now(JAKARTA) - timedelta(days=1)
        _write(applicants, (application(one, yesterday + timedelta(seconds=n / 10)) for n, one in enumerate(everybody)))
        _write(scores, (_score(one, n) for n, one in enumerate(everybody) if one["city"] == HOME))
        code = definition["code"]
        _ok(api.post("/programmes", json=definition))
        cpu, all_cpu = {name: stack.cpu_s(name) for name in services.ALL}, stack.cpu_s()
        stretches: dict[str, float] = {}

        def stretch(name: str, do: Callable[[], object]) -> None:
            began = time.monotonic()
            do()
            stretches[name] = time.monotonic() - began

        with Decided(stack) as decided:
            stretch("import", lambda: _import(api, code, "applicants", applicants, people))
            stretch("screening", lambda: until(lambda: _screened(api, code) == people, _WITHIN_S))
            here = sum(one["city"] == HOME for one in everybody)
            stretch("scores", lambda: _import(api, code, "scores", scores, here))
            stretch("decision", lambda: _decide(api, code))
            stretch("seen outside", lambda: until(lambda: len(decided.ids) == people, _WITHIN_S))
        used = {name: stack.cpu_s(name) - cpu[name] for name in services.ALL}
        return Way(people, stretches, used, stack.cpu_s() - all_cpu, memory.peak)


def _import(api: httpx.Client, code: str, kind: str, file: Path, rows: int) -> None:
    with file.open("rb") as content:
        report = _ok(api.post(f"/programmes/{code}/imports/{kind}", files={"file": (file.name, content)}))
    if report["accepted"] != rows:
        raise RuntimeError(f"{rows} rows, but {report['accepted']} accepted: {report['refused'][:3]}")


def _screened(api: httpx.Client, code: str) -> int:
    funnel = _ok(api.get(f"/programmes/{code}/funnel"))
    return int(funnel["passed"] + funnel["refused"])


def _decide(api: httpx.Client, code: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while (answer := api.post(f"/programmes/{code}/selection/decide")).status_code == httpx.codes.CONFLICT:
        if answer.json().get("code") != "not_caught_up" or time.monotonic() > deadline:
            break
    _ok(answer)


def _ok(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}")
    return answer.json()


def _score(person: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"NIK": person["nik"], "Nilai Tes Tertulis": 40 + number % 60, "Nilai Wawancara": 40 + number * 7 % 60}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows, start=1):
            if number == 1:
                sheet.write_row(0, 0, list(row))
            sheet.write_row(number, 0, list(row.values()))


class Decided:
    """An outside subscriber's queue: for whom a SelectionDecided has come."""

    def __init__(self, stack: Measured) -> None:
        self.ids: set[str] = set()
        self._url = stack.amqp_url
        self._bound = threading.Event()
        self._listening = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event

    def __enter__(self) -> "Decided":
        self._listening.start()
        self._bound.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._listening.join()

    async def _listen(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(topology.EVENTS, SelectionDecided.routing_key())
            await queue.consume(self._take, no_ack=True)
            self._bound.set()
            await self._ended.wait()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.ids.add(str(message.headers["ce-subject"]))
