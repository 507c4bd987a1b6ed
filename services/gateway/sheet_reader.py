"""Reads one spreadsheet in a process of its own, with hard limits, because the file is a stranger's.

`python -m services.gateway.sheet_reader PATH` writes JSON lines: `[row number, [cell, …]]` for every row that is not
blank, in the file's order, then `{"rows": count}`; or, where the file cannot be read, `{"error": reason}` at the end.
A cell is text, a number, a boolean, null, or a date as ISO text. It imports nothing of ours, so it starts quickly.
"""

import contextlib
import csv
import io
import math
import os
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import orjson

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 30
_BEHIND_OTHERS = 5  # its niceness: where cores are short it gets a third of what another process gets
MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_CELLS = 4_000_000
LAST_ROW = 1_048_576  # of an Excel sheet; a CSV file may have no more lines, however blank
LONGEST_CELL = 32_767  # Excel's own limit
MOST_UNPACKED_BYTES = 400 << 20
MOST_ZIP_ENTRIES = 2_000

_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LARGEST_EXACT = 1 << 53
# what our own exports put before text that a spreadsheet would take for a formula (see workbook.py)
_NEUTRALISED = re.compile(r"\A'(?=\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")

Value = str | int | float | bool | None
Line = tuple[int, list[Value]]


class Unreadable(Exception):
    """The file cannot be read; `reason` is one of not_a_spreadsheet, empty, no_rows, too_large, encrypted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def limit_resources() -> None:
    """Caps this process: a file that needs more ends the process, and the gateway answers `too_large`. Whoever waits
    for a page goes before it.
    """
    os.nice(_BEHIND_OTHERS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(path: Path) -> Iterator[Line]:
    """Yields every row that is not blank with its number in the file, from 1; raises `Unreadable`."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise Unreadable("empty")
    if start.startswith(_ZIP):
        _refuse_bomb(path)
        rows = _workbook_rows(path)
    elif start == _OLE:
        if _ENCRYPTED_STREAM in path.read_bytes():
            raise Unreadable("encrypted")
        rows = _workbook_rows(path)
    else:
        rows = _text_rows(path)
    return _not_blank(rows)


def _not_blank(rows: Iterator[Line]) -> Iterator[Line]:
    count = filled = 0
    for number, cells in rows:
        if number > LAST_ROW:
            raise Unreadable("too_large")
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        count += 1
        filled += len(cells)
        if count > MOST_ROWS or len(cells) > MOST_COLUMNS or filled > MOST_CELLS:
            raise Unreadable("too_large")
        yield number, cells
    if count == 0:
        raise Unreadable("empty")
    if count == 1:
        raise Unreadable("no_rows")


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable("not_a_spreadsheet") from error
    if len(entries) > MOST_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        raise Unreadable("too_large")


def _workbook_rows(path: Path) -> Iterator[Line]:
    # here, not above: a CSV file needs no workbook library
    import python_calamine
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        for about in workbook.sheets_metadata:
            if (about.typ, about.visible) != (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible):
                continue
            sheet = workbook.get_sheet_by_name(about.name)
            if sheet.start is None:
                continue
            first_column = sheet.start[1]
            if first_column + sheet.width > MOST_COLUMNS:
                raise Unreadable("too_large")
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                yield number, [*[None] * first_column, *(_plain(cell) for cell in cells)]
            return
    except python_calamine.PasswordError as error:
        raise Unreadable("encrypted") from error
    except python_calamine.CalamineError as error:
        raise Unreadable("not_a_spreadsheet") from error


def _plain(cell: object) -> Value:
    """A workbook's cell as JSON can carry it: whole floats become integers, because a sheet knows no others."""
    match cell:
        case str():  # first, because nearly all are
            return _text(cell)
        case bool() | int():
            return cell
        case float() if not math.isfinite(cell):
            return str(cell)
        case float():
            return int(cell) if cell.is_integer() and abs(cell) < _LARGEST_EXACT else cell
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return _text(str(cell))


def _text(written: str) -> str | None:
    if len(written) > LONGEST_CELL:
        raise Unreadable("too_large")
    return _NEUTRALISED.sub("", written) if written.strip() else None


def _text_rows(path: Path) -> Iterator[Line]:
    text = _decode(path.read_bytes())
    if _CONTROL.search(text):
        raise Unreadable("not_a_spreadsheet")
    if not text.strip():
        raise Unreadable("empty")
    csv.field_size_limit(1 << 20)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        # records, not lines: that is the row number people see when they open the file
        for number, cells in enumerate(reader, start=1):
            yield number, [_text(cell) for cell in cells]
    except csv.Error as error:
        raise Unreadable("not_a_spreadsheet") from error


def _decode(content: bytes) -> str:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise Unreadable("not_a_spreadsheet")


def _delimiter(text: str) -> str:
    """The one of comma, semicolon and tab that splits one of the first lines into the most cells."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    cells = {mark: max(len(row) for row in csv.reader(lines, delimiter=mark)) for mark in ";\t,"}
    mark = max(cells, key=lambda mark: cells[mark])
    if cells[mark] < 2:
        raise Unreadable("not_a_spreadsheet")
    return mark


def main() -> None:
    path = Path(sys.argv[1])
    limit_resources()
    count = 0
    try:
        for number, cells in read(path):
            sys.stdout.buffer.write(orjson.dumps([number, cells]) + b"\n")
            count += 1
        last: dict[str, int | str] = {"rows": count}
    except Unreadable as problem:
        last = {"error": problem.reason}
    except (MemoryError, RecursionError):
        last = {"error": "too_large"}
    sys.stdout.buffer.write(orjson.dumps(last) + b"\n")


if __name__ == "__main__":
    main()
