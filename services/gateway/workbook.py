"""Workbooks that people download: text stays text, and no cell of them is ever a formula."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

PDF_TYPE = "application/pdf"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 1 << 18
_LONGEST = 32_766
_STARTS_FORMULA = re.compile(r"\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_PHONE_OR_NUMBER = re.compile(r"[+\-]?[0-9][0-9 .,()\-]*")
# what the XML of a workbook cannot hold
_NOT_WRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def harmless(written: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would run as a formula.

    In a workbook every cell of ours is text already; the apostrophe helps when somebody saves it as CSV and opens that.
    Phone numbers (+62…) and negative numbers stay as they are, and importing takes the apostrophe off again.
    """
    if _STARTS_FORMULA.match(written) and not _PHONE_OR_NUMBER.fullmatch(written):
        return f"'{written}"
    return written


class Workbook:
    """The file at `path`, written row by row, sheet by sheet, in constant memory; complete when closed."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        options = {**_OPTIONS, "constant_memory": True, "tmpdir": str(path.parent)}
        self._book = xlsxwriter.Workbook(str(path), options)
        # as text also when somebody edits the cell: a NIK keeps its last digits
        self._as_text = self._book.add_format({"num_format": "@", "quote_prefix": True})
        self.begin(None, headings)

    def begin(self, name: str | None, headings: Sequence[str]) -> None:
        """Another sheet, under that name or a number; what was added before is in those before it."""
        self._sheet = self._book.add_worksheet(name)
        self._next = 0
        self.add([headings])

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Cells are text, numbers, booleans (ya, tidak), dates (as ISO text) or None."""
        for row in rows:
            for column, cell in enumerate(row):
                self._write(column, cell)
            self._next += 1

    def close(self) -> None:
        """Completes the file, which takes a while."""
        self._book.close()

    def _write(self, column: int, cell: Any) -> None:
        match cell:
            case None:
                return
            case bool():
                self._sheet.write_string(self._next, column, "ya" if cell else "tidak", self._as_text)
            case int() | float():
                self._sheet.write_number(self._next, column, cell)
            case _:
                written = cell.isoformat() if isinstance(cell, date) else str(cell)
                written = harmless(_NOT_WRITABLE.sub("", written))[:_LONGEST]
                self._sheet.write_string(self._next, column, written, self._as_text)


def as_file(filename: str) -> dict[str, str]:
    """The header that lets a browser save an answer under that name, which is ASCII without quotes."""
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


def taken_away(path: Path) -> Iterator[bytes]:
    """The bytes of a file that is deleted at once, so that nothing is left of it whatever becomes of the reader."""
    file = path.open("rb")
    path.unlink()

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return chunks()
