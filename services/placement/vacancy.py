"""Vacancies, as employers and job fairs report them: a code at an employer, with seats, a place and a wage."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from services.placement import education
from shared.cells import BadCell, Cell, day, text, whole, word
from shared.contracts import Event
from shared.documents import Document
from shared.free_text import discreet, holds_nik
from shared.judging import Change, Text, read, refused
from shared.ledger import Entry, Signature, entry
from shared.places import place

_HIGHEST_WAGE: Final = 1_000_000_000  # rupiah a month; beyond it lies a typing error


def stated(cell: Cell) -> str:
    """Text that may not be blank. Raises BadCell, "missing", also for what no cell holds."""
    written = None if isinstance(cell, list | dict) else text(cell)
    if written is None:
        raise BadCell("missing")
    return written


def rupiah(cell: Cell) -> int:
    """A wage in whole rupiah: 2500000, 2.500.000 or Rp 2.500.000. Raises BadCell."""
    if isinstance(cell, str):
        cell = word(cell).removeprefix("rp").strip(" .").removesuffix(",-").removesuffix(",00")
    return whole(cell)


def no_nik(written: str) -> str:
    """A code that is nobody's NIK. Raises BadCell, "looks_like_nik"."""
    if holds_nik(written):
        raise BadCell("looks_like_nik")
    return written


Stated = Annotated[str, BeforeValidator(stated), Field(max_length=300)]
Published = Annotated[Stated, AfterValidator(discreet)]
Rupiah = Annotated[int, BeforeValidator(rupiah), Field(gt=0, le=_HIGHEST_WAGE)]


class Work(BaseModel):
    """What of a vacancy decides whom it suits; wages in rupiah a month, `education` None when anyone will do."""

    vocation: Published
    location: Annotated[str, BeforeValidator(place), Field(max_length=300)]
    education: Annotated[str | None, BeforeValidator(education.minimum)]
    wage_min: Rupiah
    wage_max: Rupiah

    @property
    def twice_the_wage(self) -> int:
        """Twice the midpoint of the wage, which keeps it whole."""
        return self.wage_min + self.wage_max


class Terms(Work):
    """What a vacancy offers and asks for."""

    code: Annotated[Stated, AfterValidator(no_nik)]
    employer: Published
    position: Published
    seats: Annotated[int, BeforeValidator(whole), Field(ge=1, le=100_000)]
    closes_on: Annotated[date, BeforeValidator(day)]
    source: Text


class State(StrEnum):
    """Whether anybody can still be proposed; FILLED when every seat is proposed to somebody."""

    OPEN = "open"
    FILLED = "filled"
    EXPIRED = "expired"
    CLOSED = "closed"


class Closing(BaseModel):
    """Who closed a vacancy before its day, and why."""

    by: str
    at: datetime
    reason: str


class Vacancy(Document):
    """`closing` is set while staff have closed it; reporting it anew does not open it again."""

    terms: Terms | None = None
    closing: Closing | None = None
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def offered(self) -> Terms:
        """Its terms, as reported last."""
        if self.terms is None:
            raise LookupError(f"vacancy {self.id} was never reported")
        return self.terms

    def report(self, terms: Terms, signed: Signature) -> Change | None:
        """Take over what an employer reports; None when it is known already. Other services hear nothing of it."""
        before = self.terms
        if terms == before:
            return None
        self.terms = terms
        replaced = {} if before is None else {"before": before.model_dump()}
        self.ledger.append(entry(signed, "vacancy_changed" if before else "vacancy_reported", None, **replaced))
        return Change([], [])

    def close(self, reason: str, signed: Signature) -> list[Event] | None:
        """Propose nobody for it any more; None when it is closed already."""
        if self.closing is not None:
            return None
        self.closing = Closing(by=signed.by, at=signed.at, reason=discreet(reason))
        self.ledger.append(entry(signed, "vacancy_closed", reason))
        return []

    def reopen(self, reason: str, signed: Signature) -> list[Event] | None:
        """Undo `close`; None when it is not closed."""
        if self.closing is None:
            return None
        self.closing = None
        self.ledger.append(entry(signed, "vacancy_reopened", reason))
        return []


def state(terms: Terms, closing: Closing | None, taken: int, on: date) -> State:
    """How a vacancy stands on that day, with so many seats proposed to somebody."""
    if closing is not None:
        return State.CLOSED
    if terms.closes_on < on:
        return State.EXPIRED
    return State.FILLED if taken >= terms.seats else State.OPEN


def read_terms(cells: dict[str, Cell]) -> Terms:
    """The terms in a row whose columns are named as the fields of Terms. Raises RowRefused."""
    terms = read(Terms, cells)
    if terms.wage_max < terms.wage_min:
        raise refused("below_minimum", "wage_max", cells.get("wage_max"))
    return terms


def vacancy_id(terms: Terms) -> str:
    """A vacancy is identified by its code and its employer, in any case and spacing."""
    return hashlib.sha256(f"{word(terms.code)}\n{word(terms.employer)}".encode()).hexdigest()[:24]
