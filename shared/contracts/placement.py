"""What placement publishes: proposals of graduates for vacancies, their answers, and what became of graduates."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.event import AboutApplicant, Event


class Status(StrEnum):
    EMPLOYED = "employed"
    SELF_EMPLOYED = "self_employed"
    STUDYING = "studying"
    UNEMPLOYED = "unemployed"
    UNREACHABLE = "unreachable"


class Source(StrEnum):
    EMPLOYER = "employer"
    TRACER = "tracer"
    STAFF = "staff"


class Party(StrEnum):
    """Who answers a proposal."""

    GRADUATE = "graduate"
    EMPLOYER = "employer"


class EmployerSays(StrEnum):
    """What an employer says of somebody who is reported to work there; LEFT for one who did and has left."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    LEFT = "left"


class FromPlacement(Event):
    service: ClassVar[str] = "placement"


class JobMatched(FromPlacement, AboutApplicant):
    """A graduate is proposed for a vacancy."""

    touches_health: ClassVar[bool] = False

    match_id: str
    vacancy_id: str
    employer: str
    position: str
    score: float = Field(description="0 to 100: up to 60 for the place, up to 40 for the wage.")
    reasons: list[str]


class MatchAnswered(FromPlacement, AboutApplicant):
    """The graduate or the employer accepts a proposal, or refuses it, which ends it for good and frees the seat."""

    touches_health: ClassVar[bool] = False

    match_id: str
    vacancy_id: str
    party: Party
    accepted: bool
    agreed: bool = Field(description="Both have accepted, with this answer.")


class PlacementRecorded(FromPlacement, AboutApplicant):
    """What became of a graduate, as of one wave of the tracer study; again when the employer says whether it is so."""

    touches_health: ClassVar[bool] = False

    status: Status
    employer: str | None = None
    started_on: date | None = None
    source: Source
    wave: int | None = Field(default=None, description="Months after the training; none outside the tracer study.")
    employer_says: EmployerSays | None = Field(
        default=None, description="What this employer said last; none while it has said nothing."
    )


EVENTS: tuple[type[Event], ...] = (JobMatched, MatchAnswered, PlacementRecorded)
