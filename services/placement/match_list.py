"""Matches as staff look at them: who is proposed where, and how far each has come."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from services.placement.match import Match


class Standing(StrEnum):
    """How far a match has come; ACCEPTED by one side, AGREED by both."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    REFUSED = "refused"


class Proposed(BaseModel):
    """One match in a list."""

    applicant_id: str
    programme_code: str
    class_code: str | None
    standing: Standing
    match: Match


class Wanted(BaseModel):
    """Which matches: of a standing, or for a vacancy."""

    standing: Standing | None = None
    vacancy_id: str = ""

    def wants(self, one: Proposed) -> bool:
        if self.standing is not None and one.standing is not self.standing:
            return False
        return not self.vacancy_id or one.match.vacancy_id == self.vacancy_id


def standing(match: Match) -> Standing:
    if any(not one.accepted for one in match.answers):
        return Standing.REFUSED
    if match.agreed:
        return Standing.AGREED
    return Standing.ACCEPTED if match.answers else Standing.PROPOSED


def listed(graduates: Iterable[dict[str, Any]]) -> list[Proposed]:
    """Of graduates as they are stored, every match: by employer and position, those that came to nothing last."""
    found = []
    for one in graduates:
        for held in filter(None, (one.get("match"), *one.get("refused", ()))):
            match = Match.model_validate(held)
            found.append(
                Proposed(
                    applicant_id=one["_id"],
                    programme_code=one["programme_code"],
                    class_code=one.get("class_code"),
                    standing=standing(match),
                    match=match,
                )
            )
    return sorted(found, key=_order)


def _order(one: Proposed) -> tuple[bool, str, str, float, str]:
    refused = one.standing is Standing.REFUSED
    return refused, one.match.employer.casefold(), one.match.position.casefold(), -one.match.score, one.applicant_id
