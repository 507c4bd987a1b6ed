"""Who is registered: one submission per person and programme, within the window, numbered in order of submission."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.registration.cleaning import Cleaned
from shared.cells import JAKARTA
from shared.contracts.registration import Window


@dataclass(frozen=True)
class Submission:
    """A usable row: its number in the file, when it was handed in, and who it is about.

    `consent` is the version of the words that the person has agreed to; None where staff or a sheet hands it in.
    """

    row: int
    at: datetime
    person_id: str
    cleaned: Cleaned
    consent: str | None = None


@dataclass
class Admission:
    """What becomes of the submissions of one import; every submission is in exactly one list."""

    admitted: list[Submission] = field(default_factory=list)  # in order of submission
    repeated: list[Submission] = field(default_factory=list)
    refused: list[tuple[Submission, str]] = field(default_factory=list)


def admit(submissions: Iterable[Submission], registered: Collection[str], window: Window) -> Admission:
    """Judge submissions in order of their time, then their row. `registered` holds the person ids known already.

    Somebody registered is a duplicate whenever they submit again; a first submission must be inside the window
    (reasons "not_open", "closed").
    """
    result = Admission()
    people = set(registered)
    for submission in sorted(submissions, key=lambda one: (one.at, one.row)):
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


def shared_phones(submissions: Iterable[Submission], known: Mapping[str, str]) -> set[int]:
    """The rows whose phone number somebody else also gave; `known` holds person ids by number."""
    holders: dict[str, set[str]] = {number: {person_id} for number, person_id in known.items()}
    rows = list(submissions)
    for submission in rows:
        if number := submission.cleaned.person.phone:
            holders.setdefault(number, set()).add(submission.person_id)
    return {one.row for one in rows if len(holders.get(one.cleaned.person.phone or "", ())) > 1}


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
