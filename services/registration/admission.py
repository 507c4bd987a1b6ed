"""Who is registered: one submission per person and programme, within the window, numbered in order of submission."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from services.registration.cleaning import Cleaned
from shared.cells import JAKARTA
from shared.contracts.registration import Window


class HandedIn(Protocol):
    """What admission goes by: a usable row's number in the file, when it was handed in, and who it is about."""

    @property
    def row(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def person_id(self) -> str: ...
    @property
    def phone(self) -> str | None: ...


H = TypeVar("H", bound=HandedIn)


@dataclass(frozen=True)
class Submission:
    """Somebody's registration as it was handed in, ready to be put down.

    `consent` is the version of the words that the person has agreed to; None where staff or a sheet hands it in.
    """

    row: int
    at: datetime
    person_id: str
    cleaned: Cleaned
    consent: str | None = None

    @property
    def phone(self) -> str | None:
        return self.cleaned.person.phone


@dataclass
class Admission(Generic[H]):
    """What becomes of the submissions of one import; every submission is in exactly one list."""

    admitted: list[H] = field(default_factory=list)  # in order of submission
    repeated: list[H] = field(default_factory=list)
    refused: list[tuple[H, str]] = field(default_factory=list)


def admit(submissions: Iterable[H], registered: Collection[str], window: Window) -> Admission[H]:
    """Judge submissions in order of their time, then their row. `registered` holds the person ids known already.

    Somebody registered is a duplicate whenever they submit again; a first submission must be inside the window
    (reasons "not_open", "closed").
    """
    result = Admission[H]()
    people = set(registered)
    by_row = sorted(submissions, key=attrgetter("row"))  # twice, for pairs of a hundred thousand would take memory
    for submission in sorted(by_row, key=attrgetter("at")):
        if submission.person_id in people:
            result.repeated.append(submission)
        elif reason := outside(window, submission.at):
            result.refused.append((submission, reason))
        else:
            people.add(submission.person_id)
            result.admitted.append(submission)
    return result


def outside(window: Window, at: datetime) -> str | None:
    """Why registration is not possible at that moment: "not_open" or "closed"; None when it is."""
    on = at.astimezone(JAKARTA).date()
    if on < window.opens:
        return "not_open"
    return "closed" if on > window.closes else None


def shared_phones(submissions: Iterable[HandedIn], known: Mapping[str, str]) -> set[int]:
    """The rows whose phone number somebody else also gave; `known` holds person ids by number."""
    rows = list(submissions)
    first = dict(known)
    shared = {one.phone for one in rows if one.phone and first.setdefault(one.phone, one.person_id) != one.person_id}
    return {one.row for one in rows if one.phone in shared}


def registration_no(programme_code: str, number: int) -> str:
    """The number an applicant is given: LPKS-2025-0001."""
    return f"{programme_code}-{number:04d}"


def number_in(written: str, programme_code: str) -> int | None:
    """The number that a registration number of the programme states; None when it is none of them."""
    found = re.fullmatch(rf"{re.escape(programme_code)}-([0-9]{{4,12}})", written, re.IGNORECASE)
    return int(found[1]) if found else None


def unused(used: Collection[int], above: int, last: int) -> list[int]:
    """Numbers above the one and up to the other that nobody got.

    They were reserved by an import that was cut short, so they are free for those it missed.
    """
    return sorted(set(range(above + 1, last + 1)).difference(used))
