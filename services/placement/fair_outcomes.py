"""What came of a job fair: of so many graduates who came, who was proposed there, agreed on, and works since."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from pydantic import BaseModel, Field

from services.placement.graduate import Answer
from services.placement.match import Match
from services.placement.match_list import Standing, standing
from shared.contracts.placement import Status

_WORKING = frozenset({Status.EMPLOYED, Status.SELF_EMPLOYED})


class Work(StrEnum):
    """Whether somebody works, by their latest answer, and since when: SINCE the fair's day, or BEFORE it."""

    SINCE = "since"
    BEFORE = "before"
    START_UNKNOWN = "start_unknown"
    NO = "no"
    UNKNOWN = "unknown"


class Visitor(BaseModel):
    """A graduate who came, as far as outcomes go."""

    applicant_id: str = Field(alias="_id")
    programme_code: str = ""
    class_code: str | None = None
    answers: list[Answer] = Field(default_factory=list)
    match: Match | None = None
    refused: list[Match] = Field(default_factory=list)

    def proposals(self, fair_id: str) -> list[Match]:
        """Those made at that fair, the one that stands first."""
        return [one for one in (self.match, *self.refused) if one is not None and one.fair_id == fair_id]

    def work(self, held_on: date) -> Work:
        latest = max(self.answers, key=lambda one: one.wave, default=None)
        if latest is None or latest.status is Status.UNREACHABLE:
            return Work.UNKNOWN
        if latest.status not in _WORKING:
            return Work.NO
        if latest.started_on is None:
            return Work.START_UNKNOWN
        return Work.SINCE if latest.started_on >= held_on else Work.BEFORE


class Outcomes(BaseModel):
    """People, of the graduates who `came`; `proposals` alone counts proposals.

    `agreed`: both sides accepted; `refused`: every proposal of theirs came to nothing. `working` since the fair's day
    or later, at whichever employer; of `start_unknown` nobody knows whether that is so.
    """

    came: int = 0
    proposed: int = 0
    proposals: int = 0
    agreed: int = 0
    refused: int = 0
    working: int = 0
    start_unknown: int = 0


class Proposed(BaseModel):
    """What came of one vacancy at a fair."""

    proposed: int = 0
    agreed: int = 0


def outcomes(visitors: Iterable[Visitor], fair_id: str, held_on: date) -> Outcomes:
    found = Outcomes()
    for one in visitors:
        stand = [standing(match) for match in one.proposals(fair_id)]
        work = one.work(held_on)
        found.came += 1
        found.proposed += bool(stand)
        found.proposals += len(stand)
        found.agreed += Standing.AGREED in stand
        found.refused += bool(stand) and set(stand) == {Standing.REFUSED}
        found.working += work is Work.SINCE
        found.start_unknown += work is Work.START_UNKNOWN
    return found


def per_vacancy(visitors: Iterable[Visitor], fair_id: str) -> dict[str, Proposed]:
    """By vacancy, of those for which somebody was proposed at the fair."""
    made = [match for one in visitors for match in one.proposals(fair_id)]
    proposed = Counter(match.vacancy_id for match in made)
    agreed = Counter(match.vacancy_id for match in made if standing(match) is Standing.AGREED)
    return {one: Proposed(proposed=proposed[one], agreed=agreed[one]) for one in proposed}
