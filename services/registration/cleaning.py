"""From the cells of one form or sheet row to a person and the facts the rules need, or to what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from services.registration import answers, contacts, nik
from services.registration.people import Person
from services.registration.programme import class_called
from shared.cells import BadCell, Cell, day, text, yes
from shared.contracts.registration import Facts, Programme
from shared.places import kind_is_stated, place
from shared.rows import Problem

T = TypeVar("T")

CHOICES: Final = tuple(f"choice_{place}" for place in range(1, 10))
COLUMNS: Final = (
    *("name", "nik", "birth_place", "birth_date", "gender", "address", "village", "district", "city", "phone", "email"),
    *("education", *CHOICES, "willing_to_move", "health_certificate", "trained_before", "occupation"),
    "follows_social_media",
)
_LONGEST: Final = 300  # characters of one cell
_OLDEST: Final = 120  # years


@dataclass(frozen=True)
class Cleaned:
    """A usable row: who it is about, the facts, and what looks odd but was taken."""

    person: Person
    facts: Facts
    warnings: list[Problem]


class Unusable(ValueError):
    """A row that cannot be used, with every problem found in it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{problem.column}: {problem.reason}" for problem in problems))
        self.problems = problems


def clean(cells: Mapping[str, Cell], programme: Programme, submitted_on: date) -> Cleaned:
    """Reads the cells (by our column names, see COLUMNS) of somebody who applied for `programme` on `submitted_on`.

    Raises Unusable.
    """
    reading = _Reading(cells)
    person = _person(reading, submitted_on)
    facts = _facts(reading, programme, person)
    if reading.problems or person is None or facts is None:
        raise Unusable(reading.problems)
    if not kind_is_stated(person.city):
        reading.warn("city", "city_or_regency_not_stated")
    for reason in nik.differences(person.nik, person.birth_date, person.gender):
        reading.warn("nik", reason)
    return Cleaned(person, facts, reading.warnings)


def as_cells(person: Person, facts: Facts) -> dict[str, Cell]:
    """The cells that `clean` reads as this person and these facts: what a correction starts from."""
    cells: dict[str, Cell] = dict(person.written())
    cells.update(zip(CHOICES, facts.choices, strict=False))
    cells["education"] = facts.education
    cells["occupation"] = answers.AS_ANSWERED[facts.occupation]
    for column in ("willing_to_move", "health_certificate", "trained_before", "follows_social_media"):
        cells[column] = "ya" if getattr(facts, column) else "tidak"
    return cells


def age_on(birth_date: date, on: date) -> int:
    """Whole years; somebody born on 29 February grows older on 1 March."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


class _Reading:
    """Reads one row's cells and collects what is wrong with them, so that a report names every bad cell at once."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self.cells = cells
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def get(self, column: str, read: Callable[[Cell], T]) -> T | None:
        try:
            return read(_short(self.cells.get(column)))
        except BadCell as bad:
            self.refuse(column, bad.reason)
            return None

    def get_or_warn(
        self, column: str, read: Callable[[Cell], str | None], made_up: Callable[[str], bool]
    ) -> str | None:
        """A cell nobody is refused for: what cannot be read is kept as it stands, for staff to see."""
        try:
            value = read(self.cells.get(column))
        except BadCell as bad:
            self.warn(column, bad.reason)
            return self.get(column, text)
        if value is not None and made_up(value):
            self.warn(column, f"{column}_made_up")
        return value

    def refuse(self, column: str, reason: str) -> None:
        self.problems.append(Problem(column=column, reason=reason, value=self.cells.get(column)))

    def warn(self, column: str, reason: str) -> None:
        self.warnings.append(Problem(column=column, reason=reason, value=self.cells.get(column)))


def _person(reading: _Reading, submitted_on: date) -> Person | None:
    name = reading.get("name", needed)
    number = reading.get("nik", nik.clean)
    born = reading.get("birth_date", lambda cell: _birth_date(cell, submitted_on))
    gender = reading.get("gender", answers.gender)
    city = reading.get("city", place)
    others = {column: reading.get(column, text) for column in ("birth_place", "address", "village", "district")}
    phone = reading.get_or_warn("phone", contacts.phone, contacts.phone_is_made_up)
    email = reading.get_or_warn("email", contacts.email, contacts.email_is_made_up)
    if name is None or number is None or born is None or gender is None or city is None:
        return None
    return Person(name, number, born, gender, city, **others, phone=phone, email=email)


def _facts(reading: _Reading, programme: Programme, person: Person | None) -> Facts | None:
    rules = programme.eligibility
    education = reading.get("education", answers.education)
    choices = _choices(reading, programme)
    willing = reading.get("willing_to_move", yes)
    healthy = reading.get("health_certificate", _asked(rules.healthy))
    trained = reading.get("trained_before", _asked(rules.never_trained))
    occupation = reading.get("occupation", answers.occupation)
    follows = reading.get("follows_social_media", _asked(rules.follows_social_media))
    if person is None or education is None or occupation is None:
        return None
    if willing is None or healthy is None or trained is None or follows is None:
        return None
    return Facts(
        choices=choices,
        willing_to_move=willing,
        city=person.city,
        district=person.district,
        age=age_on(person.birth_date, programme.training.starts),
        education=education,
        gender=person.gender,
        occupation=occupation,
        health_certificate=healthy,
        trained_before=trained,
        follows_social_media=follows,
    )


def _choices(reading: _Reading, programme: Programme) -> list[str]:
    chosen: list[str] = []
    for at, column in enumerate(CHOICES):
        cell = reading.get(column, text if at else needed)
        if cell is None:
            continue
        offer = class_called(programme, cell)
        if offer is None:
            reading.refuse(column, "unknown_class")
        elif offer.code in chosen:
            reading.warn(column, "chosen_before")
        else:
            chosen.append(offer.code)
    return chosen


def needed(cell: Cell) -> str:
    """The text of a cell that must not be blank. Raises BadCell, "missing"."""
    written = text(cell)
    if written is None:
        raise BadCell("missing")
    return written


def _short(cell: Cell) -> Cell:
    if isinstance(cell, str) and len(cell) > _LONGEST:
        raise BadCell("too_long")
    return cell


def _asked(rule_applies: bool) -> Callable[[Cell], bool]:
    """Reads a yes or no that may stay blank (no) where the programme has no rule about it."""
    return lambda cell: yes(cell) if rule_applies or text(cell) is not None else False


def _birth_date(cell: Cell, submitted_on: date) -> date:
    born = day(cell)
    if born > submitted_on or age_on(born, submitted_on) > _OLDEST:
        raise BadCell("impossible_date")
    return born
