"""The written test and the interview: reading a score row, and the weighted total."""

from collections.abc import Hashable
from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel

from services.selection.reasons import ABSENT_WITH_SCORES, OUT_OF_RANGE
from shared.cells import BadCell, Cell, number, word
from shared.contracts.registration import SelectionRule
from shared.judging import RowRefused, per_person
from shared.rows import Problem, Row

_ABSENT = frozenset({"", "-", "–", "—", "tidak hadir", "absen", "absent"})
_HIGHEST = Decimal(100)
_CENT = Decimal("0.01")


class Scores(BaseModel):
    """What the test and the interview gave, 0 to 100 each. Someone absent from either has no total."""

    written: Decimal | None = None
    interview: Decimal | None = None
    total: Decimal | None = None

    @property
    def absent(self) -> bool:
        return self.total is None


def whose(row: Row) -> Hashable:
    """Whose scores a row says. Raises RowRefused as `read` does."""
    _pair(row.cells)
    return per_person(row)


def read(cells: dict[str, Cell], rule: SelectionRule) -> tuple[Scores, list[Problem]]:
    """The scores of one row and what looks odd about it. Raises RowRefused naming each cell that cannot be used."""
    written, interview = _pair(cells)
    scores = Scores(written=written, interview=interview, total=total(written, interview, rule))
    warnings = []
    if not scores.absent and word(cells.get("note")) in _ABSENT - {""}:
        warnings.append(Problem(column="note", reason=ABSENT_WITH_SCORES, value=cells.get("note")))
    return scores, warnings


def total(written: Decimal | None, interview: Decimal | None, rule: SelectionRule) -> Decimal | None:
    """written × weight + interview × weight, rounded half-up to two places; None when either is missing."""
    if written is None or interview is None:
        return None
    # the weights come from a file as floats: their shortest decimal writing is what was meant
    weighted = written * Decimal(str(rule.written_weight)) + interview * Decimal(str(rule.interview_weight))
    return weighted.quantize(_CENT, ROUND_HALF_UP)


def _pair(cells: dict[str, Cell]) -> tuple[Decimal | None, Decimal | None]:
    problems: list[Problem] = []
    written = _score("written", cells, problems)
    interview = _score("interview", cells, problems)
    if problems:
        raise RowRefused(*problems)
    return written, interview


def score(cell: Cell) -> Decimal | None:
    """The score in a cell; None for absent. Raises BadCell."""
    if word(cell) in _ABSENT:
        return None
    found = number(cell)
    if not 0 <= found <= _HIGHEST:
        raise BadCell(OUT_OF_RANGE)
    return found


def told(found: Decimal | None) -> str:
    """A score as a cell shows it, without needless zeros; of somebody absent, a dash."""
    return "-" if found is None else f"{found.normalize():f}"


def _score(column: str, cells: dict[str, Cell], problems: list[Problem]) -> Decimal | None:
    cell = cells.get(column)
    try:
        return score(cell)
    except BadCell as bad:
        problems.append(Problem(column=column, reason=bad.reason, value=cell))
        return None
