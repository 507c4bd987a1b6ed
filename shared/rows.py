"""How a sheet's rows travel from the gateway to the service that judges them, and how the verdicts come back."""

from enum import StrEnum

from pydantic import BaseModel, Field

from shared.cells import Cell


class Verdict(StrEnum):
    ACCEPTED = "accepted"  # recorded, or corrected
    DUPLICATE = "duplicate"  # known already; nothing changed
    REFUSED = "refused"  # nothing changed, and sending it again will not help
    WAITING = "waiting"  # the person is known, but a fact this row builds on has not arrived yet


class Problem(BaseModel):
    """What is wrong with one cell. `column` is our name of the column, `reason` a code from the service's rules."""

    column: str | None = None
    reason: str
    value: Cell = None


class Row(BaseModel):
    """One row of a sheet: its number in the file (the heading is 1), whom it is about, and its cells by our names."""

    row: int
    applicant_id: str | None = None
    cells: dict[str, Cell]


class Rows(BaseModel):
    rows: list[Row]


class Judged(BaseModel):
    """The verdict on one row; `problems` says why it was refused, `warnings` what looks odd but was taken."""

    row: int
    verdict: Verdict
    problems: list[Problem] = Field(default_factory=list)
    warnings: list[Problem] = Field(default_factory=list)
    note: str | None = Field(default=None, description="E.g. the registration number that a duplicate already has.")


class JudgedRows(BaseModel):
    results: list[Judged]
