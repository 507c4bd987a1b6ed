"""What a run brings, class by class, and how two runs differ: who gets in, who stays out, who is in reserve."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel

from services.selection.applicant import Applicant, as_float
from services.selection.roster import Filled
from shared.contracts.registration import ClassOffer, Programme
from shared.contracts.selection import Outcome

Rows = Iterable[Mapping[str, Any]]


class Placing(BaseModel):
    """One person's outcome. `choice` says which of their choices, from 1, the class is; None for another one.

    `until` is the last day on which a reserve can confirm the seat that is offered to them.
    """

    applicant_id: str
    registration_no: str
    outcome: Outcome
    class_code: str | None = None
    rank: int | None = None
    total: float | None = None
    choice: int | None = None
    reasons: list[str] = []
    until: date | None = None


class ClassResult(BaseModel):
    """`cut_off` is the lowest total that got in; `first_choice` counts the accepted who wanted it most.
    `offered` are those of the reserves to whom a seat is offered.
    """

    code: str
    name: str
    provider: str
    seats: int
    accepted: int = 0
    reserve: int = 0
    offered: int = 0
    first_choice: int = 0
    cut_off: float | None = None


class Difference(NamedTuple):
    """Somebody whom two runs place differently; None where a run does not know them."""

    applicant_id: str
    registration_no: str
    first: Placing | None
    second: Placing | None


def placings(inputs: Rows, outcome: Rows) -> list[Placing]:
    """Everybody in a run, in ranking order; whoever has no rank comes last."""
    known = {row["applicant_id"]: row for row in inputs}
    found = [placing(row, known[row["applicant_id"]]) for row in outcome]
    return sorted(found, key=lambda one: (one.rank is None, one.rank or 0, one.registration_no))


def placing(placed: Mapping[str, Any], candidate: Mapping[str, Any]) -> Placing:
    code, choices = placed["class_code"], candidate["choices"]
    return Placing(
        applicant_id=placed["applicant_id"],
        registration_no=candidate["registration_no"],
        outcome=placed["outcome"],
        class_code=code,
        rank=placed["rank"],
        total=None if candidate["total"] is None else float(candidate["total"]),
        choice=choices.index(code) + 1 if code in choices else None,
        reasons=list(placed["reasons"]),
    )


def standing(applicant: Applicant, class_code: str, outcome: Outcome, until: date | None = None) -> Placing:
    """Somebody who holds a seat of a class, or is in reserve for it, now."""
    choices = applicant.facts.choices if applicant.facts else []
    return Placing(
        applicant_id=applicant.id,
        registration_no=applicant.registration_no,
        outcome=outcome,
        class_code=class_code,
        rank=applicant.decision.rank if applicant.decision else None,
        total=as_float(applicant.scores.total) if applicant.scores else None,
        choice=choices.index(class_code) + 1 if class_code in choices else None,
        until=until,
    )


def per_class(programme: Programme, everybody: Iterable[Placing]) -> list[ClassResult]:
    """The classes in the programme's order; each of these people comes once."""
    classes = {one.code: empty_class(one) for one in programme.classes}
    for one in everybody:
        held = classes.get(one.class_code or "")
        if held is None:
            continue
        if one.outcome is Outcome.RESERVE:
            held.reserve += 1
        elif one.outcome is Outcome.ACCEPTED:
            held.accepted += 1
            held.first_choice += one.choice == 1
            if one.total is not None:
                held.cut_off = one.total if held.cut_off is None else min(held.cut_off, one.total)
    return list(classes.values())


def empty_class(offer: ClassOffer) -> ClassResult:
    return ClassResult.model_validate(offer.model_dump())


def filled(offer: ClassOffer, now: Filled, first_choice: int, last: Mapping[str, Applicant]) -> ClassResult:
    """A class as it is filled now; `last` knows those of its holders who may be the last that got in."""
    scores = [last[who].scores for who in now.last if who in last]
    return empty_class(offer).model_copy(
        update={
            "accepted": now.accepted,
            "reserve": now.offered + now.waiting,
            "offered": now.offered,
            "first_choice": first_choice,
            "cut_off": min((float(one.total) for one in scores if one and one.total is not None), default=None),
        }
    )


def differences(first: Iterable[Placing], second: Iterable[Placing]) -> list[Difference]:
    """Whom the second run gives another outcome or class: those it takes in before those it leaves out."""
    before, after = ({one.applicant_id: one for one in run} for run in (first, second))
    found = []
    for applicant_id in before.keys() | after.keys():
        was, now = before.get(applicant_id), after.get(applicant_id)
        if _what(was) != _what(now):
            known = now or was
            found.append(Difference(applicant_id, known.registration_no if known else "", was, now))
    return sorted(found, key=_order)


def _what(one: Placing | None) -> tuple[Outcome | None, str | None]:
    return (one.outcome, one.class_code) if one else (None, None)


def _order(one: Difference) -> tuple[int, int, str]:
    known = one.second or one.first
    gets_in = one.second is not None and one.second.outcome is Outcome.ACCEPTED
    rank = known.rank if known and known.rank else 1 << 30
    return (0 if gets_in else 1, rank, one.registration_no)
