"""The national identity number (NIK): how it is written down, and what it says about its holder."""

import re
from calendar import isleap
from datetime import date
from typing import Final, NamedTuple

from shared.cells import BadCell, Cell, text
from shared.contracts.registration import Gender

_IGNORED = re.compile(r"[\s.'`\u00b4\u02b9\u02bc\u2018\u2019\u201b\u2032\uff07]")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?e[+-]?[0-9]+", re.IGNORECASE)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_WOMEN: Final = 40  # added to a woman's day of birth


class Born(NamedTuple):
    """What a NIK states: day, month and the year's last two digits (its century is not stated), and the gender."""

    day: int
    month: int
    year: int
    gender: Gender


def clean(cell: Cell) -> str:
    """The 16 digits of a NIK, without the spaces, dots and apostrophes people put in.

    Raises BadCell: "missing"; "nik_numeric" (a spreadsheet keeps 15 digits of a number, so the last one is made up);
    "nik_not_digits"; "nik_length"; "nik_date" (its date part is no date).
    """
    if isinstance(cell, int | float):
        raise BadCell("nik_numeric")
    written = text(cell)
    if written is None:
        raise BadCell("missing")
    if _SCIENTIFIC.fullmatch(written):
        raise BadCell("nik_numeric")
    digits = _IGNORED.sub("", written)
    if not digits:
        raise BadCell("missing")
    if not (digits.isascii() and digits.isdigit()):
        raise BadCell("nik_not_digits")
    if len(digits) != 16:
        raise BadCell("nik_length")
    if not _is_date(born(digits)):
        raise BadCell("nik_date")
    return digits


def born(nik: str) -> Born:
    """The birth date and gender that the 16 digits state."""
    day = int(nik[6:8])
    gender = Gender.FEMALE if day > _WOMEN else Gender.MALE
    return Born(day - _WOMEN if day > _WOMEN else day, int(nik[8:10]), int(nik[10:12]), gender)


def differences(nik: str, birth_date: date, gender: Gender) -> list[str]:
    """Warning codes where the NIK and the stated facts disagree; NIKs outlive corrections, so this refuses nobody."""
    stated = born(nik)
    found = []
    if (stated.day, stated.month, stated.year) != (birth_date.day, birth_date.month, birth_date.year % 100):
        found.append("nik_birth_date_differs")
    if stated.gender is not gender:
        found.append("nik_gender_differs")
    return found


def _is_date(stated: Born) -> bool:
    if not 1 <= stated.month <= 12 or not 1 <= stated.day <= _DAYS[stated.month - 1]:
        return False
    # The century is not stated: 29 February stands when the year was a leap year in either.
    return (stated.day, stated.month) != (29, 2) or isleap(1900 + stated.year) or isleap(2000 + stated.year)
