"""Phone numbers and e-mail addresses: their one spelling, and which of them are obviously made up."""

import re

from shared.cells import BadCell, Cell, text

_PHONE = re.compile(r"\+?[0-9 ().\-]+")
_INDONESIAN = re.compile(r"[1-9][0-9]{7,11}")  # behind the country code: mobiles 8…, landlines with their area
_FOREIGN = re.compile(r"\+[1-9][0-9]{7,14}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
_NOBODY = frozenset({"-", "--", "tidak ada", "belum ada", "tidak punya", "belum punya", "kosong", "nihil", "none"})
_MADE_UP_EMAIL = re.compile(r"^(a+|x+|test?[0-9]*|nama|email|user|admin)@|@(example|test)\.|\.(invalid|test|example)$")
_FEWEST_DIGITS = 3  # a number made of fewer different digits was not issued to anybody


def phone(cell: Cell) -> str | None:
    """The number as +62…, another country's as it is; None when blank. Raises BadCell, "phone_unusable"."""
    written = _stated(cell)
    if written is None:
        return None
    if not _PHONE.fullmatch(written):
        raise BadCell("phone_unusable")
    digits = re.sub(r"[^0-9]", "", written)
    if written.startswith("+") and not digits.startswith("62"):
        if _FOREIGN.fullmatch(f"+{digits}"):
            return f"+{digits}"
        raise BadCell("phone_unusable")
    national = digits.removeprefix("00").removeprefix("62").removeprefix("0")
    if not _INDONESIAN.fullmatch(national):
        raise BadCell("phone_unusable")
    return f"+62{national}"


def email(cell: Cell) -> str | None:
    """The address in lower case; None when blank. Raises BadCell, "email_unusable"."""
    written = _stated(cell)
    if written is None:
        return None
    if not _EMAIL.fullmatch(written):
        raise BadCell("email_unusable")
    return written.lower()


def phone_is_made_up(number: str) -> bool:
    """Whether a number of the form +62… looks like a placeholder: 0812-3456-7890, 0888-8888-888."""
    national = number.removeprefix("+62")
    # Behind the operator's prefix, as 0812 itself begins the most popular made-up number.
    return len(set(national[2:])) < _FEWEST_DIGITS or "3456789" in national or "98765432" in national


def email_is_made_up(address: str) -> bool:
    """Whether an address looks like a placeholder: test@…, …@example.com."""
    return _MADE_UP_EMAIL.search(address) is not None


def _stated(cell: Cell) -> str | None:
    written = text(cell)
    return None if written is None or written.casefold() in _NOBODY else written
