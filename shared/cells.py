"""How the cells of spreadsheets and forms are read: text, days, moments, numbers, and yes or no."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AllowInfNan

# JSON has no NaN, and no cell is one
Cell = str | int | Annotated[float, AllowInfNan(False)] | bool | None

T = TypeVar("T")

JAKARTA: Final = ZoneInfo("Asia/Jakarta")

# Zero-width, direction and control characters and lone surrogates: pasted along, never meant, some not storable.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)

_LONGEST_NORMALISED = 1_000  # of accents alone a longer text would take as long as the square of its length

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari pebruari february feb peb",
            "maret march mar mrt",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt agst ags aug",
            "september sep sept",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAY: Final = r"(?:(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad)\s*,?\s+)?"
_TIME: Final = (
    r"(?:(?:\s*,?\s+|t)(?:pukul\s+|jam\s+)?(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})"
    r"(?:[:.](?P<second>[0-9]{2})(?:[.,][0-9]+)?)?\s*(?P<zone>z|wib|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATES: Final = tuple(
    re.compile(_WEEKDAY + pattern + _TIME)
    for pattern in (
        r"(?P<year>[0-9]{4})(?P<mark>[-/])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})",
        r"(?P<day>[0-9]{1,2})\s?(?P<mark>[-/.])\s?(?P<month>[0-9]{1,2})\s?(?P=mark)\s?(?P<year>[0-9]{4})",
        r"(?P<day>[0-9]{1,2})(?:\s+|\s?-\s?)(?P<month>[a-z]+)\.?(?:\s*,?\s+|\s?-\s?)(?P<year>[0-9]{4})",
    )
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|(?:,[0-9]{3}){2,}(?:\.[0-9]+)?)")
_LARGEST = Decimal(10) ** 15  # a spreadsheet keeps 15 digits: beyond that a number is no longer what was typed

_YES = frozenset(
    ["ya", "y", "iya", "sudah", "ada", "pernah", "bersedia", "punya", "mau", "setuju", "benar", "yes", "true", "1"]
)
_NO = frozenset(["tidak", "t", "tdk", "tak", "belum", "blm", "bukan", "no", "n", "false", "0"])
_UNSURE = frozenset(["tahu", "tau", "yakin", "pasti", "ingat"])


class BadCell(ValueError):
    """A cell that cannot be read as what its column holds; `reason` is the code that a report shows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def remembering(read: Callable[[Cell], T]) -> Callable[[Cell], T]:
    """The reader, remembering its last thousand answers: in some columns everybody writes one of a few words."""
    return lru_cache(maxsize=1_000, typed=True)(read)  # typed: 1, 1.0 and True are different cells


def text(cell: Cell) -> str | None:
    """The cell's text, stripped and single-spaced; None when blank; whole numbers without a fraction (16, not 16.0)."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _plain(cell)
    if isinstance(cell, int):
        return str(cell)
    if cell.isascii() and cell.isprintable():  # as most are: nothing to take out, nothing to compose
        return " ".join(cell.split()) or None
    written = " ".join(_UNSEEN.sub("", cell).split())
    return (unicodedata.normalize("NFC", written) if len(written) <= _LONGEST_NORMALISED else written) or None


def word(cell: Cell) -> str:
    """The cell's text for comparing with known words: casefolded, '' when blank."""
    return (text(cell) or "").casefold()


def day(cell: Cell) -> date:
    """A calendar day: ISO, 12/01/2001, 12-01-2001 (day first) or 12 Januari 2001; a time of day is dropped.

    Numbers are refused: a spreadsheet's serial number is a date that lost its format. Raises BadCell, "missing" or
    "not_a_date".
    """
    return moment(cell).date()


def moment(cell: Cell) -> datetime:
    """A point in time in Asia/Jakarta, in the formats of `day` with an optional time (else the day's start).

    Raises BadCell, "missing" or "not_a_date".
    """
    written = word(cell)
    if not written:
        raise BadCell("missing")
    if isinstance(cell, str):
        for pattern in _DATES:
            if found := pattern.fullmatch(written):
                return _moment_of(found.groupdict())
    raise BadCell("not_a_date")


def number(cell: Cell) -> Decimal:
    """A number with a decimal comma or point; groups of thousands only where they cannot be decimals (2.500.000).

    Raises BadCell, "missing" or "not_a_number".
    """
    written = text(cell)
    if written is None:
        raise BadCell("missing")
    if isinstance(cell, bool):
        raise BadCell("not_a_number")
    if _GROUPED.fullmatch(written):
        decimal_mark = "," if written.count(".") > 1 else "."
        written = written.replace("." if decimal_mark == "," else ",", "")
    elif not _NUMBER.fullmatch(written):
        raise BadCell("not_a_number")
    value = Decimal(written.replace(",", "."))
    if abs(value) >= _LARGEST:
        raise BadCell("not_a_number")
    return value


def whole(cell: Cell) -> int:
    """A whole number (16, "16" or 16.0). Raises BadCell, "missing", "not_a_number" or "not_whole"."""
    value = number(cell)
    if value != value.to_integral_value():
        raise BadCell("not_whole")
    return int(value)


@remembering
def yes(cell: Cell) -> bool:
    """Yes (ya, y, sudah, ada …) or no (tidak, t, belum …), also at the head of a sentence ("Ya, bersedia").

    Raises BadCell, "missing" or "not_yes_or_no".
    """
    words = re.findall(r"\w+", word(cell))
    if not word(cell):
        raise BadCell("missing")
    if words and words[0] in _NO and not _UNSURE.intersection(words):
        return False
    if words and words[0] in _YES and not _NO.intersection(words):
        return True
    raise BadCell("not_yes_or_no")


def _plain(value: float) -> str:
    if not isfinite(value):
        return str(value)
    if value.is_integer():
        return str(int(value))
    # What the spreadsheet shows: 0.1 + 0.2 is 0.3 there.
    return f"{Decimal(f'{value:.15g}'):f}"


def _moment_of(parts: dict[str, str | None]) -> datetime:
    month = parts["month"] or ""
    year = int(parts["year"] or 0)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise BadCell("not_a_date")
    try:
        on = date(year, int(month) if month.isdigit() else _MONTHS[month], int(parts["day"] or 0))
        at = time(int(parts["hour"] or 0), int(parts["minute"] or 0), int(parts["second"] or 0))
    except (ValueError, KeyError):
        raise BadCell("not_a_date") from None
    zone = parts["zone"]
    if zone in (None, "wib"):
        return datetime.combine(on, at, JAKARTA)
    offset = "+0000" if zone == "z" else str(zone).replace(":", "")
    try:
        return datetime.strptime(f"{on} {at} {offset}", "%Y-%m-%d %H:%M:%S %z").astimezone(JAKARTA)
    except ValueError:
        raise BadCell("not_a_date") from None
