"""What an import answers: how many rows went in, and for every other row its number, column and reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from services.gateway.columns import heading_of
from services.gateway.kinds import Kind
from services.gateway.messages import Language, message
from services.gateway.verdicts import Verdicts
from shared.cells import Cell
from shared.free_text import scrubbed
from shared.rows import Problem, Verdict
from shared.unwatched import unwatched

MASK = "•••"
_LONGEST_VALUE = 300  # characters of a cell that a report quotes
_MOST_KEPT = 1_000  # findings of each sort in a kept report: a document of the database holds 16 MB
PERSONAL = frozenset({"nik", "name", "birth_place", "birth_date", "address", "village", "phone", "email", "kpj"})


class Finding(BaseModel):
    """One problem of one row; `column` is the heading as it stands in the file, `reason` a code."""

    row: int
    column: str | None
    value: Cell
    reason: str
    message: str


class Refusal(Finding):
    """A row that changed nothing, with its first problem; the others stand under `also`."""

    also: list[Finding] = Field(default_factory=list)


class Duplicate(BaseModel):
    row: int
    note: str | None = None


class Report(BaseModel):
    """`rows` = `accepted` + `duplicates` + the number of `refused`, and of those that `refused` leaves out.

    A report that is kept lists the first thousand of each sort of finding; `left_out` counts the refused rows beyond.
    """

    rows: int
    accepted: int
    duplicates: int
    refused: list[Refusal]
    warnings: list[Finding]
    duplicate_rows: list[Duplicate]
    left_out: int = 0


@dataclass(frozen=True)
class Reader:
    """For whom a report is written: their language, and whether they may see personal values.

    A report that is `kept` outlives the request, so it quotes nothing that somebody wrote out.
    """

    language: Language
    sees_personal_data: bool
    kept: bool = False

    def may_see(self, problem: Problem) -> bool:
        """Whether the value stands in the report: people also put names and NIKs where they do not belong."""
        if problem.value is None or (self.sees_personal_data and not self.kept):
            return True
        written = str(problem.value)
        if problem.column in PERSONAL or scrubbed(written) != written:
            return False
        return not (self.kept and any(map(str.isalpha, written)))


def compose(kind: Kind, headings: Mapping[str, str], verdicts: Verdicts, reader: Reader) -> Report:
    """The report on all rows of one file. A row that still waits is refused for what it waits for."""
    rows = sorted(verdicts.told, key=lambda one: one.row)

    def finding(row: int, problem: Problem) -> Finding:
        name = problem.column
        return Finding(
            row=row,
            column=None if name is None else headings.get(name) or heading_of(kind, name),
            value=_short(problem.value) if reader.may_see(problem) else MASK,
            reason=problem.reason,
            message=message(problem.reason, reader.language),
        )

    with unwatched():
        refused = []
        for one in rows:
            if one.verdict in (Verdict.REFUSED, Verdict.WAITING):
                first, *others = [finding(one.row, problem) for problem in one.problems or [Problem(reason="unusable")]]
                refused.append(Refusal(**dict(first), also=others))
        warnings = [finding(one.row, problem) for one in rows for problem in one.warnings]
        duplicates = [Duplicate(row=one.row, note=one.note) for one in rows if one.verdict is Verdict.DUPLICATE]
    shown = slice(_MOST_KEPT if reader.kept else None)
    return Report(
        rows=verdicts.rows,
        accepted=verdicts.accepted,
        duplicates=len(duplicates),
        refused=refused[shown],
        warnings=warnings[shown],
        duplicate_rows=duplicates[shown],
        left_out=len(refused) - len(refused[shown]),
    )


def _short(value: Cell) -> Cell:
    return f"{value[:_LONGEST_VALUE]}…" if isinstance(value, str) and len(value) > _LONGEST_VALUE else value
