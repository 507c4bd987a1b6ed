"""Placements as their employers have confirmed them or not, and who has not been heard for how long."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from services.placement.confirmation import Confirmation
from services.placement.confirming import at, placement, said_last
from services.placement.graduate import Answer
from services.placement.match import Match
from shared.cells import JAKARTA, word


class Standing(StrEnum):
    """WAITING while the employer has said nothing; the others as it said last."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    LEFT = "left"


class Reported(BaseModel):
    """A graduate who is reported to work somewhere; `position` is that of the proposal that both sides accepted."""

    applicant_id: str
    class_code: str | None
    employer: str
    position: str | None
    started_on: date | None
    wave: int
    reported_on: date | None
    standing: Standing
    confirmation: Confirmation | None

    def waits(self, days: int, today: date) -> bool:
        """Whether the employer has been silent for more than so many days."""
        if self.standing is not Standing.WAITING:
            return False
        return self.reported_on is None or (today - self.reported_on).days > days


class Waiting(BaseModel):
    """One employer in a programme: how many are reported there, and of how many it has said nothing."""

    employer: str
    reported: int = 0
    waiting: int = 0


def reported(graduates: Iterable[dict[str, Any]]) -> list[Reported]:
    """Of graduates as they are stored (see Store.placements): those who can be confirmed, the longest known first."""
    found = [one for stored in graduates if (one := _reported(stored)) is not None]
    return sorted(found, key=lambda one: (one.reported_on or date.min, word(one.employer), one.applicant_id))


def employers(found: Iterable[Reported]) -> list[Waiting]:
    """By name; under the spelling that was reported first."""
    by_name: dict[str, Waiting] = {}
    for one in found:
        mine = by_name.setdefault(word(one.employer), Waiting(employer=one.employer))
        mine.reported += 1
        mine.waiting += one.standing is Standing.WAITING
    return [by_name[name] for name in sorted(by_name)]


def _reported(stored: dict[str, Any]) -> Reported | None:
    answers = [Answer.model_validate(one) for one in stored["answers"]]
    held = placement(answers)
    if held is None or held.employer is None:
        return None
    said = said_last(held, [Confirmation.model_validate(one) for one in stored.get("confirmations", ())])
    match = Match.model_validate(stored["match"]) if stored.get("match") else None
    agreed = match is not None and match.agreed and word(match.employer) == word(held.employer)
    return Reported(
        applicant_id=stored["_id"],
        class_code=stored.get("class_code"),
        employer=held.employer,
        position=match.position if match is not None and agreed else None,
        started_on=held.started_on,
        wave=held.wave,
        reported_on=_reported_on(stored.get("ledger", ()), [one.wave for one in answers if at(one, held.employer)]),
        standing=Standing.WAITING if said is None else Standing(said.says.value),
        confirmation=said,
    )


def _reported_on(ledger: Iterable[dict[str, Any]], waves: list[int]) -> date | None:
    """The day on which the first of these waves' answers, as they are now, was put down."""
    last = {one["detail"].get("wave"): datetime.fromisoformat(one["at"]) for one in ledger}
    known = [last[wave] for wave in waves if wave in last]
    return min(known).astimezone(JAKARTA).date() if known else None
