"""What certification publishes: who finished training, assessments, and certificates."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.event import AboutApplicant, Contract, Event


class Result(StrEnum):
    COMPETENT = "competent"
    NOT_YET_COMPETENT = "not_yet_competent"


class Unit(Contract):
    code: str
    competent: bool


class FromCertification(Event):
    service: ClassVar[str] = "certification"


class TrainingCompleted(FromCertification, AboutApplicant):
    """A trainee finished the training (completed) or dropped out of it (not completed)."""

    touches_health: ClassVar[bool] = False

    person_id: str
    class_code: str
    completed: bool
    days_present: int
    days: int


class AssessmentRecorded(FromCertification, AboutApplicant):
    """A certification body's result was recorded; a later date is the next attempt."""

    touches_health: ClassVar[bool] = False

    class_code: str
    scheme: str
    certification_body: str
    attempt: int
    units: list[Unit]
    result: Result
    assessed_on: date


class CertificateIssued(FromCertification, AboutApplicant):
    """A certificate's number was recorded."""

    touches_health: ClassVar[bool] = False

    certificate_id: str
    scheme: str
    certification_body: str
    certificate_no: str
    issued_on: date
    valid_until: date
    verify_code: str = Field(description="For the public verification page.")


class CertificateRevoked(FromCertification, AboutApplicant):
    """A certificate was withdrawn."""

    touches_health: ClassVar[bool] = False

    certificate_id: str
    reason: str


EVENTS: tuple[type[Event], ...] = (TrainingCompleted, AssessmentRecorded, CertificateIssued, CertificateRevoked)
