"""What importing a sheet would come to, as a page shows it: how its rows are judged, and the wrong cells among them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import StrEnum
from heapq import nsmallest
from operator import attrgetter, itemgetter
from typing import Any

from pydantic import BaseModel
from xlsxwriter.utility import xl_col_to_name

from services.gateway.columns import UNIT, Named, Table, heading_of
from services.gateway.importing import Imported
from services.gateway.kinds import Kind
from shared.cells import Cell
from shared.rows import Judged, Problem, Verdict

MOST_SHOWN = 50  # rows of each view
_LONGEST_SHOWN = 60  # characters of a cell
_ISO, _MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)$"), re.compile(r"(?<=^\d{4}-\d\d-\d\d) 00:00:00$")
_BAD = (Verdict.REFUSED, Verdict.WAITING)  # a row that still waits is refused for what it waits for


class View(StrEnum):
    """Which rows are shown, as an address says it."""

    ALL = "semua"
    BAD = "salah"
    ODD = "peringatan"


class State(StrEnum):
    JUDGING = "judging"
    DONE = "done"
    FAILED = "failed"


class Column(BaseModel):
    """One recognised column: its letter and heading in the file, and our own wording, None for a unit."""

    name: str
    letter: str
    heading: str
    ours: str | None


class Finding(BaseModel):
    """What is wrong, or odd, with one cell, or with the row when `column` is None.

    `value` is told where no cell shows it.
    """

    column: str | None
    letter: str | None
    heading: str | None
    reason: str
    wrong: bool
    value: str = ""


class Shown(BaseModel):
    """One row: its number in the file, its cells in the order of the columns, and what is to be said of it."""

    row: int
    cells: list[str]
    verdict: Verdict
    note: str | None = None
    findings: list[Finding] = []


class Counts(BaseModel):
    """`accepted` + `duplicates` + `refused` are all rows; `warned` are those taken that look odd."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    warned: int = 0


class Preview(BaseModel):
    """How far it is and what it comes to. It holds what people wrote, and lives as long as their sheet waits."""

    filename: str
    rows: int
    columns: list[Column]
    lacking: list[str]
    discarded: int = 0
    state: State = State.JUDGING
    judged: int = 0
    counts: Counts = Counts()
    views: dict[View, list[Shown]] = {}
    problem: dict[str, Any] | None = None


def of_table(kind: Kind, filename: str, table: Table, discarded: int = 0) -> Preview:
    """Before any row is judged."""
    further = [column for column in kind.columns if not column.name.startswith("choice_")]  # nobody needs nine of them
    return Preview(
        filename=filename,
        discarded=discarded,
        rows=len(table.rows),
        columns=[_column(kind, table, name) for name in table.headings],
        lacking=[column.headings[0] for column in further if column.name not in table.headings],
    )


def judged(before: Preview, imported: Imported) -> Preview:
    """With the verdicts on all rows."""
    kind, table, verdicts = imported.kind, imported.table, imported.verdicts
    bad = [one for one in verdicts.told if one.verdict in _BAD]
    odd = [one for one in verdicts.told if one.warnings and one.verdict is Verdict.ACCEPTED]
    first = table.rows[:MOST_SHOWN]
    numbers = {number for number, _ in first}
    of_first = {one.row: one for one in verdicts.told if one.row in numbers}
    views = {
        View.ALL: [
            _shown(kind, table, row, of_first.get(row[0]) or Judged(row=row[0], verdict=Verdict.ACCEPTED))
            for row in first
        ],
        View.BAD: _first_of(kind, table, bad),
        View.ODD: _first_of(kind, table, odd),
    }
    counts = Counts(accepted=verdicts.accepted, duplicates=verdicts.duplicates, refused=len(bad), warned=len(odd))
    return before.model_copy(
        update={"state": State.DONE, "judged": before.rows, "counts": counts, "views": views, "problem": None}
    )


def _first_of(kind: Kind, table: Table, found: Iterable[Judged]) -> list[Shown]:
    shown = []
    for one in nsmallest(MOST_SHOWN, found, key=attrgetter("row")):
        at = bisect_left(table.rows, one.row, key=itemgetter(0))
        shown.append(_shown(kind, table, table.rows[at], one))
    return shown


def _shown(kind: Kind, table: Table, row: Named, verdict: Judged) -> Shown:
    number, cells = row
    findings = [_finding(kind, table, one, wrong=True) for one in verdict.problems]
    findings += [_finding(kind, table, one, wrong=False) for one in verdict.warnings]
    if verdict.verdict in _BAD and not findings:
        findings = [_finding(kind, table, Problem(reason="unusable"), wrong=True)]
    taken = Verdict.REFUSED if verdict.verdict in _BAD else verdict.verdict
    written = [as_written(cells[name]) for name in table.headings]
    return Shown(row=number, cells=written, verdict=taken, note=verdict.note, findings=findings)


def _finding(kind: Kind, table: Table, problem: Problem, *, wrong: bool) -> Finding:
    name = problem.column
    stands = name in table.headings
    return Finding(
        column=name if stands else None,
        letter=xl_col_to_name(table.places[name]) if name is not None and stands else None,
        heading=None if name is None else table.headings.get(name) or heading_of(kind, name),
        reason=problem.reason,
        wrong=wrong,
        value="" if stands else as_written(problem.value),
    )


def _column(kind: Kind, table: Table, name: str) -> Column:
    known = kind.by_name.get(name)
    ours = None if name.startswith(UNIT) or known is None else known.headings[0]
    return Column(name=name, letter=xl_col_to_name(table.places[name]), heading=table.headings[name], ours=ours)


def as_written(cell: Cell) -> str:
    """A cell as its sheet shows it, shortened."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "✓" if cell else "✕"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    written = _MIDNIGHT.sub("", _ISO.sub(r"\1 \2", str(cell)))
    return f"{written[:_LONGEST_SHOWN]}…" if len(written) > _LONGEST_SHOWN else written


def marked(columns: Sequence[Column], row: Shown) -> list[tuple[Column, str, list[Finding]]]:
    """The cells of a row with their columns and what is to be said of each."""
    return [
        (column, cell, [one for one in row.findings if one.column == column.name])
        for column, cell in zip(columns, row.cells, strict=True)
    ]
