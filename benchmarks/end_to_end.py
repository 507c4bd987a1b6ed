"""From a sheet of applicants to decisions that an outside subscriber has seen, at two sizes."""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pymongo import MongoClient

from benchmarks import pages, played
from benchmarks.figures import Curve, Figure, Section
from benchmarks.system import Measured, Memory, running, until
from deploy.local import services
from shared import log, topology
from shared.contracts.selection import SelectionDecided
from tests.faults.people import Town

_MOST_MB = 150
_GROWTH = 1.15


class Way(NamedTuple):
    """How one programme went: seconds of each stretch, CPU seconds of each service, peaks of memory in MB.

    `settled_cpu_s` goes on until the log has been heard to its end, too, which is put off while there is work.
    """

    people: int
    stretches: dict[str, float]
    cpu_s: dict[str, float]
    all_cpu_s: float
    settled_cpu_s: float
    memory_mb: dict[str, float]

    @property
    def seconds(self) -> float:
        return sum(self.stretches.values())

    @property
    def milliseconds_each(self) -> float:
        return 1000 * self.seconds / self.people


def measure(quick: bool) -> Section:
    small, large = (500, 2_000) if quick else (10_000, 100_000)
    answered: dict[str, list[list[float]]] = {}

    def ask(stack: Measured, town: Town, code: str) -> None:
        answered.update(pages.asked(stack, town, code, 10 if quick else 100))

    smalls = [_way(small) for _ in range(3)]
    big = _way(large, afterwards=ask)  # once: it lasts long enough to be its own median
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
            used := _processor_time(small, smalls),
            _processor_time(large, [big], used),
            Figure(f"{large:,} applicants", (large / big.seconds,), "applicants/s"),
            Figure(f"{small:,} applicants with two of {slowest}, each", (doubled.milliseconds_each,), "ms", each),
            *(
                Figure(f"memory of {name}, at most", (found,), "MB", None, f"≤ {_MOST_MB} MB", found <= _MOST_MB)
                for name, found in memory.items()
            ),
            *pages.figures(answered),
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


def _processor_time(people: int, ways: list[Way], to: Figure | None = None) -> Figure:
    each = tuple(1000 * way.settled_cpu_s / people for way in ways)
    what = f"{people:,} applicants, processor time of one, until nothing is left to do"
    if to is None:
        return Figure(what, each, "ms")
    return Figure(what, each, "ms", to, f"≤ {_GROWTH} ×", each[0] <= _GROWTH * to.median)


def _how(way: Way, doubled: Way, slowest: str) -> str:
    cores = os.cpu_count() or 1
    busy = way.all_cpu_s / way.seconds / cores
    shares = ", ".join(f"{name} {1000 * used / way.people:.2f}" for name, used in way.cpu_s.items())
    stretches = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in way.stretches.items())
    return f"""
A workbook of applicants is imported through the gateway, then one of their scores, then the selection is decided; it
ends when an outside subscriber's queue has brought a SelectionDecided for everybody. A new system with servers of its
own each time. Who follows the log rests while there is work, but not for longer than half a minute: of a small
programme most of that comes after the end, so processor time is also told until it is done.

{way.people:,} people: {stretches}. Processor time per applicant in ms: {shares}; with both servers
{1000 * way.all_cpu_s / way.people:.2f}. The {cores} cores were busy for {busy:.0%} of the time: near 100 % that is the
limit, and a second replica of the service that uses most ({slowest}; {doubled.milliseconds_each:.2f} ms each with it)
can help only where cores are free.

Then the pages of staff, as the administrator sees them, of that programme of {way.people:,} and of one of 336 beside
it; each page is asked for by itself, and counts until its last byte has come.
"""


def _way(
    people: int, doubled: str | None = None, afterwards: Callable[[Measured, Town, str], None] | None = None
) -> Way:
    town = Town(11)
    with running(doubled) as stack, tempfile.TemporaryDirectory() as folder, stack.api as api, Memory(stack) as memory:
        sheets = played.written(town, people, Path(folder))
        cpu, all_cpu = {name: stack.cpu_s(name) for name in services.ALL}, stack.cpu_s()
        stretches: dict[str, float] = {}

        def stretch(name: str, do: Callable[[], object]) -> None:
            began = time.monotonic()
            do()
            stretches[name] = time.monotonic() - began

        with Decided(stack) as decided:
            played.play(api, sheets, stretch)
            stretch("seen outside", lambda: until(lambda: len(decided.ids) == people, played.WITHIN_S))
        used = {name: stack.cpu_s(name) - cpu[name] for name in services.ALL}
        by_then = stack.cpu_s() - all_cpu
        asyncio.run(_all_heard(stack))
        way = Way(people, stretches, used, by_then, stack.cpu_s() - all_cpu, {**memory.peak})
        if afterwards:
            afterwards(stack, town, sheets.code)
        return way


async def _all_heard(stack: Measured) -> None:
    """Until every service that follows the log has heard all that is in it now. Raises TimeoutError."""
    async with await aio_pika.connect(stack.amqp_url) as connection:
        last = await log.end(connection) - 1
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        places = [client[f"{stack.db_prefix}_{name}"]["heard"] for name in services.ALL]
        followers = [place for place in places if place.find_one({"_id": topology.LOG})]
        behind = {"_id": topology.LOG, "offset": {"$lt": last}}
        until(lambda: not any(place.find_one(behind) for place in followers), played.WITHIN_S)


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
