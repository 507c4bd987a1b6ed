"""Recognises the columns of a sheet by their headings, in any order and however they are written."""

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from services.gateway.kinds import Column, Kind
from shared.cells import Cell, text
from shared.problems import Invalid

UNIT = "unit:"

_LOOK_FOR_HEADING_IN = 20
_LONGEST_HEADING = 300  # characters; what is longer is none, and takes long to look through
_ASIDE = re.compile(r"\([^)]*\)|\[[^]]*\]")
_NOT_A_WORD = re.compile(r"[\W_]+")

Line = tuple[int, list[Cell]]
Named = tuple[int, dict[str, Cell]]


@dataclass(frozen=True)
class Table:
    """A sheet by our names: `headings` gives each column's heading as the file has it; rows keep their file number.

    `places` says at which place of the file a column stands, the first at 0.
    """

    headings: dict[str, str]
    rows: Sequence[Named]
    places: Mapping[str, int] = field(default_factory=dict)


class NamedRows(Sequence[Named]):
    """The rows below a heading by our names, each made when it is looked at: a sheet may have very many."""

    def __init__(self, names: Mapping[int, str], body: Sequence[Line]) -> None:
        self._names = names
        self._body = body

    def __len__(self) -> int:
        return len(self._body)

    @overload
    def __getitem__(self, at: int) -> Named: ...
    @overload
    def __getitem__(self, at: slice) -> "NamedRows": ...
    def __getitem__(self, at: int | slice) -> "Named | NamedRows":
        if isinstance(at, slice):
            return NamedRows(self._names, self._body[at])
        number, cells = self._body[at]
        return number, {name: cells[place] if place < len(cells) else None for place, name in self._names.items()}


def tabulate(kind: Kind, lines: Sequence[Line], rules: Collection[str] = ()) -> Table:
    """The sheet's rows by our column names; columns that `kind` does not know are left out.

    `rules` names the rules of eligibility that apply, for columns that only they need.

    The heading is the row among the first that names the most columns, so titles may stand above it. Raises Invalid:
    `columns_missing` (with `missing` and `found`), `columns_ambiguous`, `no_unit_columns`, `no_rows`.
    """
    at, names = _find_heading(kind, lines)
    heading = [text(cell) for cell in lines[at][1]]
    _refuse_missing(kind, rules, names, heading)
    _refuse_ambiguous(names, heading)
    body = lines[at + 1 :]
    if not body:
        raise Invalid("no_rows", "The sheet has a heading but no rows below it.")
    if kind.units_between:  # among the others, in the order of the file
        names = dict(sorted((names | _unit_columns(kind.units_between, names, heading, body)).items()))
    headings = {name: heading[place] or name for place, name in names.items()}
    return Table(headings, NamedRows(names, body), {name: place for place, name in names.items()})


def by_our_names(kind: Kind, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """The cells of a form, whose keys are headings or our names.

    Raises Invalid: `columns_unknown`, `columns_ambiguous`.
    """
    known = _known(kind.columns)
    names = {place: _recognise(title, known) for place, title in enumerate(cells)}
    unknown = [title for place, title in enumerate(cells) if names[place] is None]
    if unknown:
        raise Invalid(
            "columns_unknown",
            f"There is no such column: {', '.join(unknown)}.",
            errors=[{"column": title, "reason": "column_unknown"} for title in unknown],
        )
    found = {place: name for place, name in names.items() if name}
    _refuse_ambiguous(found, list(cells))
    return {found[place]: cell for place, cell in enumerate(cells.values())}


def heading_of(kind: Kind, name: str) -> str:
    """Our own wording of a column that a file does not have."""
    column = kind.by_name.get(name)
    return column.headings[0] if column else name.removeprefix(UNIT)


def _find_heading(kind: Kind, lines: Sequence[Line]) -> tuple[int, dict[int, str]]:
    """The heading's index and its recognised columns by place."""
    known = _known(kind.columns)
    best_at, best = 0, dict[int, str]()
    for at, (_, cells) in enumerate(lines[:_LOOK_FOR_HEADING_IN]):
        names = {place: name for place, cell in enumerate(cells) if (name := _recognise(cell, known))}
        if len(set(names.values())) > len(set(best.values())):
            best_at, best = at, names
    return best_at, best


@functools.cache
def _known(columns: tuple[Column, ...]) -> dict[str, str]:
    return {_plain(heading): column.name for column in columns for heading in (column.name, *column.headings)}


def _recognise(cell: Cell, known: dict[str, str]) -> str | None:
    if not isinstance(cell, str) or len(cell) > _LONGEST_HEADING:
        return None
    return known.get(_plain(cell)) or known.get(_plain(_ASIDE.sub(" ", cell)))


def _plain(heading: str) -> str:
    return _NOT_A_WORD.sub(" ", heading.casefold()).strip()


def _refuse_missing(kind: Kind, rules: Collection[str], names: dict[int, str], heading: list[str | None]) -> None:
    needed = [column for column in kind.columns if column.needed or column.needed_for in rules]
    missing = [column.headings[0] for column in needed if column.name not in names.values()]
    if missing:
        raise Invalid(
            "columns_missing",
            f"The sheet lacks {'a needed column' if len(missing) == 1 else 'needed columns'}: {', '.join(missing)}.",
            missing=missing,
            found=[title for title in heading if title],
            errors=[{"column": title, "reason": "column_missing"} for title in missing],
        )


def _refuse_ambiguous(names: dict[int, str], heading: Sequence[str | None]) -> None:
    claims: dict[str, list[str]] = {}
    for place, name in names.items():
        claims.setdefault(name, []).append(heading[place] or name)
    twice = {name: titles for name, titles in claims.items() if len(titles) > 1}
    if twice:
        raise Invalid(
            "columns_ambiguous",
            "Several columns say the same thing: " + "; ".join(", ".join(titles) for titles in twice.values()) + ".",
            errors=[
                {"column": title, "reason": "column_ambiguous", "value": name}
                for name, titles in twice.items()
                for title in titles
            ],
        )


def _unit_columns(
    between: tuple[str, str], names: dict[int, str], heading: list[str | None], body: Sequence[Line]
) -> dict[int, str]:
    """The columns that stand between two others and are no column we know are units, named by their heading."""
    first, last = sorted(place for place, name in names.items() if name in between)
    found: dict[int, str] = {}
    unknown = [place for place in range(first + 1, last) if place not in names]
    filled = _filled([place for place in unknown if not heading[place]], body)
    for place in unknown:
        title = heading[place]
        if not title and place not in filled:
            continue
        if title is None or f"{UNIT}{title}" in found.values():
            raise Invalid(
                "columns_ambiguous",
                f"Column {place + 1} stands among the units but has no heading of its own.",
                errors=[{"column": title or f"#{place + 1}", "reason": "column_ambiguous"}],
            )
        found[place] = f"{UNIT}{title}"
    if not found:
        raise Invalid("no_unit_columns", f"No units stand between {heading[first]} and {heading[last]}.")
    return found


def _filled(places: Sequence[int], body: Sequence[Line]) -> set[int]:
    """Those of the places at which some row has a value."""
    if not places:
        return set()
    return {place for _, cells in body for place in places if place < len(cells) and text(cells[place]) is not None}
