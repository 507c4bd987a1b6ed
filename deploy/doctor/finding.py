"""What was looked at, how it stands, and what to do about it."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    WELL = "well"
    NOTE = "note"  # worth knowing; nothing is wrong
    WRONG = "wrong"


class Finding(NamedTuple):
    """`advice` is empty where nothing is to be done."""

    level: Level
    about: str
    what: str
    advice: str = ""


def well(about: str, what: str) -> Finding:
    return Finding(Level.WELL, about, what)


def note(about: str, what: str, advice: str = "") -> Finding:
    return Finding(Level.NOTE, about, what, advice)


def wrong(about: str, what: str, advice: str) -> Finding:
    return Finding(Level.WRONG, about, what, advice)
