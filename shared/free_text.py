"""Free text that people type travels in events, so what identifies somebody by number or address is taken out of it."""

import re
from typing import Final

HIDDEN: Final = "…"
_NUMBER: Final = re.compile(r"\+?[0-9](?:[\s.'()-]{0,2}[0-9])*")
_NIK: Final = re.compile(r"[0-9]{6}(?:[04][1-9]|[1256][0-9]|[37][01])(?:0[1-9]|1[0-2])[0-9]{6}")
# begins where a word does: tried from every letter of a long word, it would take as long as the word's square
_EMAIL: Final = re.compile(r"(?<![^\s@,;<>()])[^\s@,;<>()]+@[^\s@,;<>()]+")
_SHORTEST_PHONE, _LONGEST_PHONE_OR_NIK = 9, 17  # digits; numbers of certificates are longer


def discreet(written: str) -> str:
    """The text, single-spaced, without e-mail addresses and numbers as long as a phone's or a NIK, however grouped."""
    return scrubbed(" ".join(written.split()))


def scrubbed(written: str) -> str:
    """The text, its lines as they are, without e-mail addresses and numbers as long as a phone's or a NIK."""
    return _NUMBER.sub(_hide, _EMAIL.sub(HIDDEN, written))


def holds_nik(written: str) -> bool:
    """Whether a number in the text has the form of a NIK: 16 digits, however grouped, with a date in the middle."""
    numbers = (re.sub(r"[^0-9]", "", found.group()) for found in _NUMBER.finditer(written))
    return any(_NIK.fullmatch(number) for number in numbers)


def _hide(number: re.Match[str]) -> str:
    digits = sum(character.isdigit() for character in number.group())
    return HIDDEN if _SHORTEST_PHONE <= digits <= _LONGEST_PHONE_OR_NIK else number.group()
