"""What certification knows of one trainee: class, attendance, assessments, certificates, and the ledger of it all."""

from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from shared.contracts.certification import Result, Unit
from shared.contracts.selection import Outcome
from shared.documents import Document
from shared.ledger import Entry, Signature, entry


class Presence(StrEnum):
    """How somebody spent one day of training; an excused day was not attended either."""

    PRESENT = "present"
    EXCUSED = "excused"
    ABSENT = "absent"


class Source(StrEnum):
    """Where the numbers of days come from: a sheet's totals, or the marks of each day."""

    SHEET = "sheet"
    DAILY = "daily"


class Attendance(BaseModel):
    """How many of the training's days somebody was present, and whether that completes it."""

    class_code: str
    days: int
    present: int
    note: str | None
    completed: bool
    source: Source = Source.SHEET


class Attempt(BaseModel):
    """One assessment by a certification body; the first is attempt 1."""

    attempt: int
    class_code: str
    scheme: str
    certification_body: str
    units: list[Unit]
    result: Result
    assessed_on: date
    recommendation: str | None
    assessor: str | None


class Revocation(BaseModel):
    reason: str
    revoked_on: date


class Certificate(BaseModel):
    """A certificate as its body issued it; `number_key` is what its number is compared by."""

    certificate_id: str
    class_code: str
    scheme: str
    certification_body: str
    certificate_no: str
    number_key: str
    issued_on: date
    valid_until: date
    verify_code: str
    revocation: Revocation | None = None


class TrainingCertificate(BaseModel):
    """The office's own certificate of having completed the training, as it was issued: what it states stays.

    `number` counts the certificates of a class, `skipped` the numbers that restores had left out before it.
    """

    certificate_no: str
    class_code: str
    number: int
    skipped: int
    verify_code: str
    issued_on: date
    programme_name: str
    class_name: str
    provider: str
    starts: date
    ends: date
    days: int
    present: int
    revocation: Revocation | None = None


class AppealDecision(BaseModel):
    """`outcome` is upheld or dismissed; `competent` are the units that upholding it made so."""

    outcome: str
    competent: list[str]
    reason: str
    decided_on: date


class Appeal(BaseModel):
    """An appeal against the result of an attempt; open until it has a decision, which is due on `due_on`."""

    number: int
    attempt: int
    scheme: str
    explained: bool
    discussed: bool
    others_involved: bool
    reason: str
    filed_on: date
    due_on: date
    assessor: str | None = None
    decision: AppealDecision | None = None


class Insurance(StrEnum):
    """What BPJS Ketenagakerjaan insures a trainee against: accidents at work (JKK), and death (JKM)."""

    JKK = "jkk"
    JKM = "jkm"


class CoverState(StrEnum):
    """A cover counts once BPJS has confirmed it: only then is it active."""

    REQUESTED = "requested"
    ACTIVE = "active"
    CANCELLED = "cancelled"


class Cover(BaseModel):
    """That somebody is insured from one day to another, both included."""

    insurances: list[Insurance]
    starts: date
    ends: date
    state: CoverState


class Trainee(Document):
    """An applicant about whom selection has decided; `id` is the applicant's.

    `superseded` keeps the results that corrections replaced; `daily` has the marks of days, by ISO date.
    """

    person_id: str = ""
    outcome: Outcome | None = None
    class_code: str | None = None
    withdrawn: bool = False
    attendance: Attendance | None = None
    daily: dict[str, Presence] = Field(default_factory=dict)
    covers: list[Cover] = Field(default_factory=list)
    attempts: list[Attempt] = Field(default_factory=list)
    superseded: list[Attempt] = Field(default_factory=list)
    appeals: list[Appeal] = Field(default_factory=list)
    certificates: list[Certificate] = Field(default_factory=list)
    training_certificates: list[TrainingCertificate] = Field(default_factory=list)
    ledger: list[Entry] = Field(default_factory=list)

    def days_present(self) -> int:
        """How many days are marked as attended."""
        return sum(mark is Presence.PRESENT for mark in self.daily.values())

    def changes(self) -> int:
        """How many results were recorded, corrections included: whoever has seen as many has seen the latest."""
        return len(self.attempts) + len(self.superseded)

    def competent_in(self, class_code: str) -> bool:
        """Whether the assessment of that class was passed, in any attempt."""
        return any(attempt.result is Result.COMPETENT for attempt in self.attempts if attempt.class_code == class_code)

    def write(self, signed: Signature, what: str, reason: str | None = None, **detail: Any) -> None:
        """Add to the ledger."""
        self.ledger.append(entry(signed, what, reason, **detail))
