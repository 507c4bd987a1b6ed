"""Judging the rows of a sheet: how a row is read, refused or taken, and how a whole sheet is judged."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Annotated, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from shared.cells import BadCell, Cell, text, word
from shared.contracts import Event
from shared.free_text import discreet
from shared.rows import Judged, JudgedRows, Problem, Row, Rows, Verdict

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

Text = Annotated[Annotated[str, AfterValidator(discreet), Field(max_length=500)] | None, BeforeValidator(text)]
"""The field of a row that holds free text, which keeps no numbers that identify people; None when blank."""

_SIDE_BY_SIDE = 300  # rows in flight: enough to fill the bulk writes, few enough to stay small in memory


class RowRefused(Exception):
    """The row changes nothing, for these reasons; sending it again will not help."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.reason for problem in problems))
        self.problems = list(problems)


class RowWaits(Exception):
    """A fact this row builds on has not arrived yet; sending it again may help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.problems = [Problem(reason=reason)]


class Change(NamedTuple):
    """What a row did: the events it causes, and what looked odd but was taken."""

    events: list[Event]
    warnings: list[Problem]


def refused(reason: str, column: str | None = None, value: Cell = None) -> RowRefused:
    """A refusal for one reason."""
    return RowRefused(Problem(column=column, reason=reason, value=value))


def read(kind: type[R], cells: Mapping[str, Cell]) -> R:
    """The row as a `kind`, whose fields are named as our columns and validated by the readers of `shared.cells`.

    Raises RowRefused with every cell that cannot be used.
    """
    try:
        return kind.model_validate({column: cells.get(column) for column in kind.model_fields})
    except ValidationError as invalid:
        problems = []
        for error in invalid.errors(include_url=False):
            column = str(error["loc"][0])
            cause = error.get("ctx", {}).get("error")
            reason = cause.reason if isinstance(cause, BadCell) else error["type"]
            problems.append(Problem(column=column, reason=reason, value=cells.get(column)))
        raise RowRefused(*problems) from None


def optional(reader: Callable[[Cell], T]) -> Callable[[Cell], T | None]:
    """A reader for which a blank cell is None instead of "missing"."""

    def read_unless_blank(cell: Cell) -> T | None:
        try:
            return reader(cell)
        except BadCell as bad:
            if bad.reason == "missing":
                return None
            raise

    return read_unless_blank


def each_row(row: Row) -> Hashable:
    """For sheets whose rows have nothing to do with each other."""
    return row.row


def per_person(row: Row) -> Hashable:
    """For sheets that say one thing about each person."""
    return row.applicant_id or row.row


async def judge(
    rows: Rows,
    record: Callable[[Row], Awaitable[Change | None]],
    about: Callable[[Row], Hashable] = each_row,
    *,
    keep_pace: Callable[[], Awaitable[None]],
) -> JudgedRows:
    """The verdict on every row, in the order given. `record` answers None for what is known already, and `keep_pace`
    when not too much of what rows have changed is left to be told (`shared.storage.Storage`).

    Of the rows that are `about` the same thing, the last usable one counts: were they all recorded, each import of the
    same file would correct the one by the other again. `about` raises RowRefused for a row that cannot be read. Rows
    about different things are started in their order and run side by side, so that their writes share a bulk.
    """
    groups: dict[Hashable, list[Row]] = {}
    for row in rows.rows:
        try:
            groups.setdefault(about(row), []).append(row)
        except RowRefused:  # about nothing, and `record` will say why
            groups[each_row(row)] = [row]
    alike = list(groups.values())
    verdicts: dict[int, Judged] = {}
    for start in range(0, len(alike), _SIDE_BY_SIDE):
        await keep_pace()
        for judged in await asyncio.gather(
            *(_judge_alike(some, record) for some in alike[start : start + _SIDE_BY_SIDE])
        ):
            verdicts.update({one.row: one for one in judged})
    return JudgedRows(results=[verdicts[row.row] for row in rows.rows])


async def _judge_alike(rows: list[Row], record: Callable[[Row], Awaitable[Change | None]]) -> list[Judged]:
    """The verdicts on rows about one thing, from the last one up."""
    judged: list[Judged] = []
    counts: Row | None = None
    for row in reversed(rows):
        if counts is None:
            verdict = await _judge_one(row, record)
            counts = None if verdict.verdict is Verdict.REFUSED else row
        elif _says(row) == _says(counts):
            verdict = Judged(row=row.row, verdict=Verdict.DUPLICATE)
        else:
            problem = Problem(reason="later_row_counts", value=counts.row)
            verdict = Judged(row=row.row, verdict=Verdict.REFUSED, problems=[problem])
        judged.append(verdict)
    return judged


def _says(row: Row) -> dict[str, str]:
    return {column: said for column, cell in row.cells.items() if (said := word(cell))}


async def _judge_one(row: Row, record: Callable[[Row], Awaitable[Change | None]]) -> Judged:
    try:
        change = await record(row)
    except RowRefused as refusal:
        return Judged(row=row.row, verdict=Verdict.REFUSED, problems=refusal.problems)
    except RowWaits as waiting:
        return Judged(row=row.row, verdict=Verdict.WAITING, problems=waiting.problems)
    if change is None:
        return Judged(row=row.row, verdict=Verdict.DUPLICATE)
    return Judged(row=row.row, verdict=Verdict.ACCEPTED, warnings=change.warnings)
