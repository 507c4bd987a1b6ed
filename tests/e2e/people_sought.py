"""Looks for people in whatever a system has written: NIKs, phones, names, addresses, in every spelling."""

import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl

# with what people put between digits
_DIGITS = "[0-9]([ .'()-]{0,2}[0-9]){8,}"
_NIK_DIGITS = 16
_SHORTEST_PHONE = 9  # digits behind 0, 62 or +62


@dataclass
class Sought:
    """The people of the sheets, by what names them."""

    niks: set[bytes] = field(default_factory=set)
    phones: set[bytes] = field(default_factory=set)
    texts: set[bytes] = field(default_factory=set)  # names, addresses, e-mail addresses; in lower case

    def add(self, *, nik: Any = None, phone: Any = None, texts: tuple[Any, ...] = ()) -> None:
        digits = _digits(nik)
        if len(digits) == _NIK_DIGITS:
            self.niks.add(digits)
        national = re.sub(rb"^(?:62|0)", b"", _digits(phone))
        if len(national) >= _SHORTEST_PHONE:
            self.phones.add(national)
        self.texts |= {" ".join(str(text).split()).lower().encode() for text in texts if text and " " in str(text)}

    def found_in(self, written: bytes) -> list[str]:
        """What names somebody in it."""
        numbers = set(_grep(written, "-E", _DIGITS.encode()))
        named = set(_grep(written, "-F", b"\n".join(sorted(self.texts)), "-i"))
        digits = (number for number in numbers if self._is_somebodys(re.sub(rb"[^0-9]", b"", number)))
        return sorted(one.decode(errors="replace") for one in {*digits, *named})

    def _is_somebodys(self, digits: bytes) -> bool:
        parts = {
            digits[at : at + length]
            for length in {_NIK_DIGITS, *map(len, self.phones)}
            for at in range(len(digits) - length + 1)
        }
        return not parts.isdisjoint(self.niks) or not parts.isdisjoint(self.phones)


def of_sheets(*folders: Path) -> Sought:
    """Everybody who stands in the sheets of applicants and alumni of these sample programmes."""
    sought = Sought()
    for path in (path for folder in folders for path in folder.glob("*.xlsx")):
        headings, *rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
        for row in rows:
            cells = {str(heading).split(" (")[0]: cell for heading, cell in zip(headings, row, strict=True) if heading}
            named = (cells.get("Nama"), cells.get("Nama Lengkap"), cells.get("Alamat"))
            sought.add(nik=cells.get("NIK"), phone=cells.get("Nomor HP"), texts=named)
            if email := cells.get("Email"):
                sought.texts.add(str(email).lower().encode())
    return sought


def _grep(written: bytes, kind: str, patterns: bytes, *options: str) -> list[bytes]:
    """The parts of it that match, by the tool that is made for a thousand patterns in a hundred megabytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(patterns)
        file.flush()
        command = ["grep", "-a", "-o", "-h", kind, *options, "-f", file.name]
        ran = subprocess.run(command, input=written, env={"LC_ALL": "C"}, capture_output=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr  # 1: nothing matches
    return ran.stdout.splitlines()


def _digits(cell: Any) -> bytes:
    return re.sub(r"[^0-9]", "", str(cell or "")).encode()
