"""Which certificates are expected: somebody was found competent, and the body's certificate has not come yet."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from services.certification.trainee import Attempt, Trainee
from shared.contracts.certification import Result


class Awaited(BaseModel):
    """One certificate that has not come, `days` after the assessment."""

    applicant_id: str
    class_code: str
    certification_body: str
    scheme: str
    assessed_on: date
    days: int


class OfScheme(BaseModel):
    """How many of a body's certificates of a scheme are due, and how many have come; one that came may be revoked."""

    certification_body: str
    scheme: str
    competent: int
    received: int
    waiting: int


class Expected(BaseModel):
    """`waiting` begins with whoever has waited longest."""

    schemes: list[OfScheme]
    waiting: list[Awaited]


def expected(trainees: Iterable[Trainee], today: date) -> Expected:
    """What is due from each body and scheme as of a day."""
    competent: Counter[tuple[str, str]] = Counter()
    received: Counter[tuple[str, str]] = Counter()
    waiting = []
    for trainee in trainees:
        passed = _passed(trainee)
        if passed is None:
            continue
        scheme = (passed.certification_body, passed.scheme)
        competent[scheme] += 1
        if any(held.class_code == passed.class_code for held in trainee.certificates):
            received[scheme] += 1
            continue
        days = (today - passed.assessed_on).days
        known = passed.model_dump(include={"class_code", "certification_body", "scheme", "assessed_on"})
        waiting.append(Awaited(applicant_id=trainee.id, days=days, **known))
    schemes = [
        OfScheme(
            certification_body=body,
            scheme=scheme,
            competent=due,
            received=received[body, scheme],
            waiting=due - received[body, scheme],
        )
        for (body, scheme), due in sorted(competent.items())
    ]
    return Expected(schemes=schemes, waiting=sorted(waiting, key=lambda one: (one.assessed_on, one.applicant_id)))


def _passed(trainee: Trainee) -> Attempt | None:
    """The attempt by which the trainee is competent in the class they are in."""
    for attempt in trainee.attempts:
        if attempt.result is Result.COMPETENT and attempt.class_code == trainee.class_code:
            return attempt
    return None
