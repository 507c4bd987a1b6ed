"""What selection publishes: who passed screening, the scores, and who gets in."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.event import AboutApplicant, Event


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    RESERVE = "reserve"
    REJECTED = "rejected"


class Stage(StrEnum):
    """Where a decision was taken."""

    ADMINISTRATION = "administration"
    RANKING = "ranking"
    PROMOTION = "promotion"


class FromSelection(Event):
    service: ClassVar[str] = "selection"


class ApplicantScreened(FromSelection, AboutApplicant):
    """The programme's eligibility rules were applied."""

    touches_health: ClassVar[bool] = True

    passed: bool
    reasons: list[str]
    rule_version: int


class ScoresRecorded(FromSelection, AboutApplicant):
    """Scores were recorded or corrected."""

    touches_health: ClassVar[bool] = False

    written: float | None = None
    interview: float | None = None
    total: float | None = Field(default=None, description="Weighted, 0 to 100, two places; none when absent.")
    absent: bool = False


class SelectionDecided(FromSelection, AboutApplicant):
    """Who gets in: refused by screening, decided by allocation, promoted from reserve, or corrected."""

    touches_health: ClassVar[bool] = True

    person_id: str
    outcome: Outcome
    stage: Stage
    class_code: str | None = None
    rank: int | None = Field(default=None, description="Place in the ranking of the programme, from 1.")
    total: float | None = None
    reasons: list[str] = Field(default_factory=list)
    rule_version: int
    supersedes: str | None = Field(default=None, description="The ce-id of the decision that this one replaces.")


EVENTS: tuple[type[Event], ...] = (ApplicantScreened, ScoresRecorded, SelectionDecided)
