"""An import of applicants: reading and cleaning by themselves, and whole, over HTTP, through the running services."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient, WriteConcern

from benchmarks import reading
from benchmarks.applicants import programme, write_sheet
from benchmarks.asking import asking, p99
from benchmarks.figures import Curve, Figure, Section
from benchmarks.residency import forget_peak, resident_bytes
from deploy.local import services
from deploy.local.runner import LocalStack
from services.gateway.client import Client
from tests.stack import free_port

_BULK = 100  # documents, as the import writes them
_SETTLED_S = 900
_HOW = """A workbook of invented applicants, one in 97 unusable. By itself, {largest} rows: the child process that reads
it beside python-calamine alone, and registration's rules beside copying the rows. Whole, {whole} rows: uploaded to a
running system with servers of its own, until the report is answered and until everybody is screened and listed, beside
the driver writing the same documents to the same MongoDB with the same indexes. Meanwhile gateway, registration and
placement are each asked `/health/live` every 10 ms; placement has nothing to do with it but to take in the events, so
its waits are the machine's own."""
_MB = 1 << 20


@dataclass
class Imported:
    """One import over HTTP: seconds to the report and until everybody was screened and listed; what others waited."""

    answered_s: float
    settled_s: float
    written_s: float  # the same documents by the driver alone
    waits: dict[str, list[float]]
    peaks: dict[str, int]


def measure(quick: bool) -> Section:
    # what only reads goes on to larger sheets: end_to_end imports those whole
    sizes, largest = ((500, 2_000), 10_000) if quick else ((1_000, 3_000, 10_000), 100_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pendaftar.xlsx"
        read: dict[int, list[reading.Read]] = {}
        imported: dict[int, list[Imported]] = {}
        with LocalStack(Path(folder) / "home", port=free_port(), db_prefix="bench") as stack:
            for seed, rows in enumerate((*sizes, sizes[-1], sizes[-1], *[largest] * 3), start=1):
                write_sheet(path, rows, seed)
                read.setdefault(rows, []).append(reading.read(path))
                if rows < largest:
                    imported.setdefault(rows, []).append(asyncio.run(_import(stack, path, f"UJI-{seed}")))
    return _section(largest, sizes[-1], read, imported)


async def _import(stack: LocalStack, path: Path, code: str) -> Imported:
    client = Client.from_credentials(stack.credentials)
    client.post("/programmes", programme(code))
    # placement has nothing to do with it: what it needs to answer is what the machine takes
    names = ("gateway", "registration", "placement")
    pids = {name: stack.pid(name) for name in names}
    for pid in pids.values():
        forget_peak(pid)
    urls = {name: services.url(port) for name, port in _ports(stack).items() if name in pids}
    async with asking(urls) as waits:
        began = time.perf_counter()
        report = await asyncio.to_thread(client.upload, "applicants", path, code)
        answered_s = time.perf_counter() - began
        while not _settled(await asyncio.to_thread(client.get, f"/programmes/{code}/funnel"), report["accepted"]):
            await asyncio.sleep(0.2)
            if time.perf_counter() - began > _SETTLED_S:
                raise TimeoutError(f"{code} does not settle")
        settled_s = time.perf_counter() - began
    peaks = {name: resident_bytes("VmHWM", pid) for name, pid in pids.items()}
    return Imported(answered_s, settled_s, _written(stack, code), waits, peaks)


def _settled(funnel: dict[str, Any], accepted: int) -> bool:
    return bool(funnel["registered"] == funnel["passed"] + funnel["refused"] == accepted)


def _written(stack: LocalStack, code: str) -> float:
    """Seconds that the driver alone takes to write the applicants of a programme, with the same indexes and concern."""
    with MongoClient[dict[str, Any]](stack.mongo_url) as mongo:
        held = mongo[f"{stack.db_prefix}_registration"]["applicants"]
        documents = list(held.find({"programme_code": code}))
        copy = mongo["floor"].get_collection("applicants", write_concern=WriteConcern(w="majority", j=True))
        copy.drop()
        for name, index in held.index_information().items():
            options = {key: index[key] for key in ("unique", "partialFilterExpression") if key in index}
            copy.create_index(index["key"], name=name, **options)
        began = time.perf_counter()
        for start in range(0, len(documents), _BULK):
            copy.insert_many(documents[start : start + _BULK], ordered=False)
        return time.perf_counter() - began


def _ports(stack: LocalStack) -> dict[str, int]:
    behind: dict[str, int] = json.loads((stack.home.run / "ports.json").read_text())
    return {**behind, services.GATEWAY: int(stack.gateway_url.rpartition(":")[2])}


def _section(
    largest: int, whole: int, read: dict[int, list[reading.Read]], imported: dict[int, list[Imported]]
) -> Section:
    reads, imports = read[largest], imported[whole]

    def rate(
        what: str, seconds: list[float], to: Figure | None = None, least: float | None = None, rows: int = largest
    ) -> Figure:
        rates = tuple(rows / one for one in seconds)
        goal = None if least is None else f"≥ {least:,.0f}"
        return Figure(what, rates, "rows/s", to, goal, None if least is None else statistics.median(rates) >= least)

    def most(what: str, runs: Iterable[float], unit: str, limit: float, to: Figure | None = None) -> Figure:
        found = tuple(runs)
        return Figure(what, found, unit, to, f"≤ {limit:g} {unit}", statistics.median(found) <= limit)

    calamine = rate("python-calamine alone", [one.peer_s for one in reads])
    copied = rate("rows copied", [one.copied_s for one in reads])
    driver = rate("the same documents written by the driver alone", [one.written_s for one in imports], rows=whole)
    memory = Figure("python-calamine alone, memory", tuple(one.peer_bytes / _MB for one in reads), "MB")
    figures = [
        calamine,
        rate("read by the child process", [one.child_s for one in reads], calamine),
        copied,
        rate("cleaned by registration's rules", [one.cleaned_s for one in reads], copied),
        rate("read and cleaned", [one.child_s + one.cleaned_s for one in reads], calamine, 5_000),
        memory,
        most("the child's memory", (one.child_bytes / _MB for one in reads), "MB", 300, memory),
        driver,
        rate("file to report, over HTTP", [one.answered_s for one in imports], driver, rows=whole),
        rate("file until everybody is screened and listed", [one.settled_s for one in imports], driver, rows=whole),
    ]
    for what, of in (("p99", p99), ("longest", max)):
        idle = Figure(
            f"wait at placement, which is idle, {what}", tuple(of(one.waits["placement"]) for one in imports), "ms"
        )
        figures.append(idle)
        for name in ("gateway", "registration"):
            waits = (of(one.waits[name]) for one in imports)
            figures.append(most(f"wait at the {name} meanwhile, {what}", waits, "ms", 50, idle))
    figures += [
        Figure(f"peak memory of {name}", tuple(one.peaks[name] / _MB for one in imports), "MB")
        for name in ("gateway", "registration")
    ]
    how = _HOW.format(largest=f"{largest:,}", whole=f"{whole:,}")
    return Section("Import of applicants", how, figures, [_curve(read, imported)])


def _curve(read: dict[int, list[reading.Read]], imported: dict[int, list[Imported]]) -> Curve:
    def each(seconds: Callable[[Any], float], measured: Mapping[int, Sequence[Any]]) -> list[tuple[float, float]]:
        return [(rows, statistics.median(map(seconds, runs)) / rows * 1e6) for rows, runs in measured.items()]

    series: dict[str, Sequence[tuple[float, float]]] = {
        "read by the child": each(lambda one: one.child_s, read),
        "cleaned": each(lambda one: one.cleaned_s, read),
        "file to report": each(lambda one: one.answered_s, imported),
        "the driver alone": each(lambda one: one.written_s, imported),
    }
    return Curve("imports", "An import's cost per row", "rows", "microseconds per row", series, logarithmic=True)
