"""The refused rows of a sheet as a workbook, to be corrected and imported again."""

from contextlib import closing
from pathlib import Path

from services.gateway.columns import Table, heading_of
from services.gateway.kinds import Kind
from services.gateway.messages import Language, message
from services.gateway.verdicts import Verdicts
from services.gateway.workbook import Workbook
from shared.rows import Judged, Verdict

# behind the sheet's own columns, where importing takes no notice of them
_ADDED = {"id": ("Baris asal", "Alasan ditolak"), "en": ("Original row", "Why it was refused")}


def write(path: Path, kind: Kind, table: Table, verdicts: Verdicts, language: Language) -> None:
    """Every refused row with the columns that were recognised, its number in the sheet and what is wrong with it."""
    refused = {one.row: one for one in verdicts.told if one.verdict in (Verdict.REFUSED, Verdict.WAITING)}
    with closing(Workbook(path, [*table.headings.values(), *_ADDED[language]])) as book:
        for number, cells in table.rows:
            if number in refused:
                why = _told(kind, table, refused[number], language)
                book.add([[*(cells[name] for name in table.headings), number, why]])


def _told(kind: Kind, table: Table, judged: Judged, language: Language) -> str:
    told = [
        f"{table.headings.get(problem.column) or heading_of(kind, problem.column)}: {message(problem.reason, language)}"
        if problem.column
        else message(problem.reason, language)
        for problem in judged.problems
    ]
    return " ".join(told) or message("unusable", language)
