"""Plays the sample programmes through the public API, and compares what came of them with the counts expected."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.gateway import figures
from services.gateway.client import Client
from services.gateway.figures import Figures

SAMPLE = Path(__file__).parents[2] / "sample"
PROGRAMMES = ("lpks-2025", "dbhcht-2-2025")  # the second refuses people whom the first has trained
_MATCH_AFTER = timedelta(days=45)  # the training's end: certificates are out, vacancies still open
_SETTLE_S = 20.0
_UNCHANGED_S = 4.0


@dataclass
class Play:
    """One programme as it is played: its import reports, and how long each step took in seconds."""

    folder: Path
    definition: dict[str, Any]
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    matched: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return str(self.definition["code"])

    @property
    def expected(self) -> Figures:
        expected: Figures = json.loads((self.folder / "expected.json").read_text())
        return expected


Step = tuple[str, Callable[[], object]]


def play(client: Client, console: Console) -> bool:
    """Play both programmes and show what came of them; whether every count is as expected."""
    plays = [_read(SAMPLE / name) for name in PROGRAMMES]
    steps = [(one, name, run) for one in plays for name, run in _steps(client, one)]
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(steps))
        for one, name, run in steps:
            progress.update(task, description=f"{one.code}: {name}")
            started = time.monotonic()
            run()
            one.seconds[name] = one.seconds.get(name, 0.0) + time.monotonic() - started
            progress.advance(task)
        progress.update(task, description="both programmes played")
    as_expected = [_show(client, console, one) for one in plays]
    return all(as_expected)


def _read(folder: Path) -> Play:
    return Play(folder, yaml.safe_load((folder / "programme.yaml").read_text()))


def _steps(client: Client, one: Play) -> Iterable[Step]:
    base, folder = f"/programmes/{one.code}", one.folder

    def load(kind: str, pattern: str, programme: str | None = one.code) -> Iterable[Step]:
        for sheet in sorted(folder.glob(pattern)):
            yield kind, partial(_load, client, one, kind, sheet, programme)

    yield "programme", partial(client.define, folder / "programme.yaml")
    yield from load("alumni", "alumni-*.xlsx", None)
    yield from load("applicants", "pendaftar.xlsx")
    yield from load("scores", "nilai-*.xlsx")
    yield "selection", partial(client.post, f"{base}/selection/decide")
    yield from load("attendance", "kehadiran.xlsx")
    yield from load("assessments", "hasil-uji-*.xlsx")
    yield from load("certificates", "sertifikat-*.xlsx")
    yield from load("vacancies", "lowongan.xlsx", None)
    yield "matching", partial(_match, client, one)
    yield from load("tracer", "tracer-*.xlsx")


def _load(client: Client, one: Play, kind: str, sheet: Path, programme: str | None) -> None:
    one.reports[kind] = client.upload(kind, sheet, programme)


def _match(client: Client, one: Play) -> None:
    as_of = date.fromisoformat(str(one.definition["training"]["ends"])) + _MATCH_AFTER
    one.matched = client.post(f"/programmes/{one.code}/matching/run", {"as_of": as_of.isoformat()})


def _show(client: Client, console: Console, one: Play) -> bool:
    measured = _settled(client, one)
    wanted = figures.flat(one.expected)
    table = Table(title=f"{one.code}  {one.definition['name']}", title_justify="left", title_style="bold")
    for heading in ("", "here", "expected", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, value in (figures.flat(measured) | _further(client, one)).items():
        if name in wanted:
            same = value == wanted[name]
            table.add_row(name, str(value), str(wanted[name]), "[green]✓[/]" if same else "[red]✗[/]")
        else:
            table.add_row(name, str(value), "", "")
    console.print(table)
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in one.seconds.items())
    console.print(f"[dim]seconds: {took}; together {sum(one.seconds.values()):.1f}[/]")
    found = figures.differences(measured, one.expected)
    for difference in found:
        console.print(f"[red]✗ {one.code}[/] {difference}")
    return not found


def _further(client: Client, one: Play) -> dict[str, Any]:
    funnel = client.get(f"/programmes/{one.code}/funnel")
    return {name: funnel[name] for name in ("reserve", "matched", "reached", "not_reached")}


def _settled(client: Client, one: Play) -> Figures:
    """The figures once they are as expected, or no longer change: the read model follows the services by events."""
    measured: Figures = {}
    changed_at = give_up_at = time.monotonic()
    give_up_at += _SETTLE_S
    while True:
        now = time.monotonic()
        before, measured = (
            measured,
            figures.measure(client, one.code, one.reports["applicants"], one.reports["certificates"]),
        )
        if measured != before:
            changed_at = now
        if not figures.differences(measured, one.expected) or now > min(changed_at + _UNCHANGED_S, give_up_at):
            return measured
        time.sleep(0.2)
