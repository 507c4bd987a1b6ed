"""Vacancies as staff look at them: how each stands today, which are asked for, and what each employer offers."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from pydantic import BaseModel, Field

from services.placement.vacancy import Closing, State, Terms, Vacancy, state
from shared.cells import word


class Seats(NamedTuple):
    """Of one vacancy: how many are proposed to somebody, and how many of those both sides have agreed on."""

    taken: int = 0
    agreed: int = 0


class Listed(BaseModel):
    """One vacancy in a list; `version` is what a change must name."""

    vacancy_id: str
    version: int
    state: State
    closing: Closing | None
    seats_taken: int
    seats_agreed: int
    terms: Terms

    @property
    def seats_left(self) -> int:
        return max(0, self.terms.seats - self.seats_taken)


class Wanted(BaseModel):
    """Which vacancies: in a state, of a vocation, with these words in code, employer or position, or that took
    applications until that day or longer.
    """

    state: State | None = None
    vocation: str = ""
    search: str = ""
    closes_from: date | None = None

    def wants(self, one: Listed) -> bool:
        if self.state is not None and one.state is not self.state:
            return False
        if self.vocation and word(one.terms.vocation) != word(self.vocation):
            return False
        if self.closes_from is not None and one.terms.closes_on < self.closes_from:
            return False
        text = word(f"{one.terms.code} {one.terms.employer} {one.terms.position}")
        return all(part in text for part in word(self.search).split())


class Employer(BaseModel):
    """What one employer, however they are written, has offered and what came of it."""

    employer: str
    vacancies: int = 0
    open: int = 0
    seats: int = 0
    seats_taken: int = Field(default=0, description="Proposed to somebody.")
    seats_agreed: int = Field(default=0, description="Accepted by the graduate and by the employer.")


def listed(vacancies: Iterable[Vacancy], seats: Mapping[str, Seats], today: date) -> list[Listed]:
    """Those that were ever reported: first what is open, the one that closes first before the others; what is over
    last, the latest first.
    """
    found = []
    for one in vacancies:
        if one.terms is not None:
            taken, agreed = seats.get(one.id, Seats())
            found.append(
                Listed(
                    vacancy_id=one.id,
                    version=one.version,
                    state=state(one.terms, one.closing, taken, today),
                    closing=one.closing,
                    seats_taken=taken,
                    seats_agreed=agreed,
                    terms=one.terms,
                )
            )
    return sorted(found, key=_order)


def _order(one: Listed) -> tuple[int, int, str, str]:
    over = one.state in (State.EXPIRED, State.CLOSED)
    day = one.terms.closes_on.toordinal()
    return list(State).index(one.state), -day if over else day, one.terms.code, one.vacancy_id
