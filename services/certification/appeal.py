"""Appeals (banding, FR.AK.04): filed against a result, judged by an assessor who did not test the appellant."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from services.certification import assessment, enrolment
from services.certification.trainee import Appeal, AppealDecision, Attempt, Trainee
from shared.cells import word
from shared.contracts.certification import Result, Unit
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.ledger import Signature
from shared.problems import Conflict, Invalid, NotFound

_TITLE: Final = re.compile(r"\w+\.")  # Drs., Ir., H.; those behind a comma go with it


class Outcome(StrEnum):
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Filing(BaseModel):
    """The form's three questions, and why: whether the procedure was explained, whether the result was discussed with
    the assessor, whether somebody else shall take part.
    """

    explained: bool
    discussed: bool
    others_involved: bool
    reason: str


def file(
    trainee: Trainee, attempt: int, filing: Filing, programme: Programme, today: date, days: int, signed: Signature
) -> Change | None:
    """Appeal against a result; it is to be decided within `days`. None when the very same appeal is filed already.

    Raises NotFound, and Conflict: "not_appealable" (the person is competent, or a later attempt has been made) or
    "appealed_before".
    """
    enrolment.class_of(trainee, programme)
    against = _attempt(trainee, attempt)
    before = next((one for one in trainee.appeals if one.attempt == attempt), None)
    if before is not None:
        if before.decision is None and filing == Filing.model_validate(before.model_dump()):
            return None
        raise Conflict("appealed_before", "There is an appeal against this result already.")
    if against.result is Result.COMPETENT or against is not trainee.attempts[-1]:
        raise Conflict("not_appealable", "Only the latest result can be appealed against, when it is not competent.")
    number = len(trainee.appeals) + 1
    due = today + timedelta(days=days)
    appeal = Appeal(
        number=number, attempt=attempt, scheme=against.scheme, filed_on=today, due_on=due, **filing.model_dump()
    )
    trainee.appeals.append(appeal)
    said = filing.model_dump(exclude={"reason"})
    trainee.write(signed, "appeal_filed", filing.reason, appeal=number, attempt=attempt, due_on=due.isoformat(), **said)
    return Change([], [])


def assign(trainee: Trainee, number: int, assessor: str, seen: str, signed: Signature) -> Change | None:
    """Give an open appeal to an assessor in the place of the one `seen`, "" for nobody. None when that is so already.

    Raises NotFound, and Conflict: "assigned_meanwhile" (with who it is now, by whom), "appeal_decided",
    "assessor_tested" (whoever tested the appellant, in whatever attempt, judges none of their appeals) or
    "assessor_not_recorded" (it is not known who tested them).
    """
    appeal = _open(trainee, number)
    if appeal.assessor is not None and word(appeal.assessor) == word(assessor):
        return None
    if word(appeal.assessor) != word(seen):
        raise _assigned_meanwhile(trainee, appeal)
    tested = [*trainee.attempts, *trainee.superseded]
    if any(one.assessor and same_person(one.assessor, assessor) for one in tested):
        raise Conflict("assessor_tested", "This assessor has tested the appellant.")
    if _attempt(trainee, appeal.attempt).assessor is None:
        raise Conflict("assessor_not_recorded", "It is not on record who tested the appellant.")
    appeal.assessor = assessor
    trainee.write(signed, "appeal_assigned", appeal=number)  # no name: the audit names nobody but staff
    return Change([], [])


def decide(
    trainee: Trainee,
    number: int,
    outcome: Outcome,
    competent: frozenset[str],
    reason: str,
    today: date,
    signed: Signature,
) -> Change | None:
    """Decide an appeal. Upheld, it makes the units named `competent` so: the result is superseded, and published.
    Dismissed, it changes none, whatever was named.

    None when it was decided just so. Raises NotFound; Conflict: "appeal_decided", "no_assessor", "result_changed" (the
    result appealed against has been corrected since); Invalid: "nothing_upheld".
    """
    appeal = _found(trainee, number)
    upheld = sorted(competent) if outcome is Outcome.UPHELD else []
    decision = AppealDecision(outcome=outcome, competent=upheld, reason=reason, decided_on=today)
    if appeal.decision is not None:
        if decision.model_copy(update={"decided_on": appeal.decision.decided_on}) == appeal.decision:
            return None
        raise _decided()
    if appeal.assessor is None:
        raise Conflict("no_assessor", "An assessor has to judge this appeal first.")
    appeal.decision = decision
    trainee.write(signed, "appeal_decided", reason, appeal=number, outcome=outcome, competent=upheld)
    if outcome is Outcome.DISMISSED:
        return Change([], [])
    against = _attempt(trainee, appeal.attempt)
    if against.result is Result.COMPETENT:
        raise Conflict("result_changed", "The result has been corrected since the appeal was filed.")
    lacking = {unit.code for unit in against.units if not unit.competent}
    if not competent or competent - lacking:
        raise Invalid("nothing_upheld", "Name the units that are competent after all.", units=sorted(lacking))
    units = [Unit(code=one.code, competent=one.competent or one.code in competent) for one in against.units]
    return assessment.supersede(trainee, against, units, signed)


def same_person(one: str, other: str) -> bool:
    """Whether two written names may be one person's: titles apart, all words of one are among the other's."""
    names = sorted((_words(one), _words(other)), key=len)
    return bool(names[0]) and names[0] <= names[1]


def _words(name: str) -> frozenset[str]:
    return frozenset(_TITLE.sub(" ", word(name).partition(",")[0]).split())


def _attempt(trainee: Trainee, attempt: int) -> Attempt:
    for one in trainee.attempts:
        if one.attempt == attempt:
            return one
    raise NotFound("unknown_attempt", "There is no such result.")


def _found(trainee: Trainee, number: int) -> Appeal:
    for appeal in trainee.appeals:
        if appeal.number == number:
            return appeal
    raise NotFound("unknown_appeal", "There is no such appeal.")


def _open(trainee: Trainee, number: int) -> Appeal:
    appeal = _found(trainee, number)
    if appeal.decision is not None:
        raise _decided()
    return appeal


def _assigned_meanwhile(trainee: Trainee, appeal: Appeal) -> Conflict:
    done = [one for one in trainee.ledger if (one.what, one.detail.get("appeal")) == ("appeal_assigned", appeal.number)]
    return Conflict(
        "assigned_meanwhile",
        "Somebody else has given this appeal to an assessor meanwhile.",
        theirs=appeal.assessor,
        by=done[-1].by if done else None,
        at=done[-1].at.isoformat() if done else None,
    )


def _decided() -> Conflict:
    return Conflict("appeal_decided", "This appeal has been decided.")
