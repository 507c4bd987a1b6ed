"""What placement knows of one applicant on the way to work; facts may arrive in any order."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from shared.contracts.certification import CertificateIssued, CertificateRevoked, TrainingCompleted
from shared.contracts.placement import JobMatched, Status
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered, ApplicantWithdrawn
from shared.contracts.selection import Outcome, SelectionDecided
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.meta import Meta

PLACED = frozenset({Status.EMPLOYED, Status.SELF_EMPLOYED, Status.STUDYING})


class Certificate(BaseModel):
    """A certificate as far as it is known here: a revocation may arrive before the certificate itself.

    `sequence` is that of the last CertificateIssued about it.
    """

    certificate_id: str
    issued_on: date | None = None
    valid_until: date | None = None
    sequence: int = -1
    revoked: bool = False

    def valid(self, on: date) -> bool:
        if self.revoked or self.issued_on is None or self.valid_until is None:
            return False
        return self.issued_on <= on <= self.valid_until


class Answer(BaseModel):
    """What became of a graduate, as of one wave of the tracer study (months after the training)."""

    wave: int
    status: Status
    employer: str | None
    started_on: date | None


class Match(BaseModel):
    """The vacancy a graduate was proposed for, and why."""

    match_id: str
    run_id: str
    vacancy_id: str
    employer: str
    position: str
    score: float
    reasons: list[str]


class Graduate(Document):
    """An applicant as placement sees them; `id` is the applicant's. A graduate is one who completed the training.

    `superseded` keeps the answers that corrections replaced, `facts_sequence` says how new city and education are.
    """

    city: str | None = None
    education: str | None = None
    facts_sequence: int = -1
    outcome: Outcome | None = None
    class_code: str | None = None
    total: float | None = None
    withdrawn: bool = False
    completed: bool | None = None
    certificates: list[Certificate] = Field(default_factory=list)
    answers: list[Answer] = Field(default_factory=list)
    superseded: list[Answer] = Field(default_factory=list)
    match: Match | None = None
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def status(self) -> Status | None:
        """What the latest wave found; None while nothing is known."""
        latest = max(self.answers, key=lambda answer: answer.wave, default=None)
        return None if latest is None else latest.status

    @property
    def placed(self) -> bool:
        return self.status in PLACED

    def certified(self, on: date) -> bool:
        """Whether a certificate is valid on that day."""
        return any(certificate.valid(on) for certificate in self.certificates)

    def write(self, signed: Signature, what: str, reason: str | None = None, **detail: Any) -> None:
        """Add to the ledger."""
        self.ledger.append(entry(signed, what, reason, **detail))

    def know(self, facts: ApplicantRegistered | ApplicantCorrected, meta: Meta) -> None:
        """Take over where somebody lives and what they learned, unless something newer is known."""
        self.programme_code = facts.programme_code
        if meta.sequence > self.facts_sequence:
            self.facts_sequence = meta.sequence
            self.city, self.education = facts.city, facts.education

    def decide(self, decided: SelectionDecided) -> None:
        self.programme_code = decided.programme_code
        self.outcome = decided.outcome
        self.class_code = decided.class_code if decided.outcome is Outcome.ACCEPTED else None
        self.total = decided.total

    def withdraw(self, withdrawal: ApplicantWithdrawn, signed: Signature) -> None:
        self.programme_code = withdrawal.programme_code
        self.withdrawn = True
        self.write(signed, "withdrawn", withdrawal.reason)

    def finish(self, training: TrainingCompleted, signed: Signature) -> None:
        self.programme_code = training.programme_code
        self.completed = training.completed
        self.write(signed, "training_completed" if training.completed else "training_not_completed")

    def certify(self, issued: CertificateIssued, meta: Meta, signed: Signature) -> None:
        """Take over a certificate, or its newer dates; several may arrive, in any order."""
        self.programme_code = issued.programme_code
        held = self._certificate(issued.certificate_id)
        if meta.sequence > held.sequence:
            held.sequence = meta.sequence
            held.issued_on, held.valid_until = issued.issued_on, issued.valid_until
            self.write(signed, "certificate_issued", certificate_id=held.certificate_id)

    def revoke(self, revoked: CertificateRevoked, signed: Signature) -> None:
        self.programme_code = revoked.programme_code
        held = self._certificate(revoked.certificate_id)
        if not held.revoked:
            held.revoked = True
            self.write(signed, "certificate_revoked", revoked.reason, certificate_id=held.certificate_id)

    def propose(self, match: Match, signed: Signature) -> JobMatched | None:
        """Propose somebody for a vacancy; None for whoever was proposed, has found a place or withdrew meanwhile."""
        if self.match is not None or self.placed or self.withdrawn:
            return None
        self.match = match
        why = match.model_dump(include={"run_id", "vacancy_id", "score", "reasons"})
        self.write(signed, "proposed", **why, city=self.city, education=self.education, total=self.total)
        fields = match.model_dump(include=set(JobMatched.model_fields))
        return JobMatched(applicant_id=self.id, programme_code=self.programme_code, **fields)

    def _certificate(self, certificate_id: str) -> Certificate:
        for held in self.certificates:
            if held.certificate_id == certificate_id:
                return held
        self.certificates.append(Certificate(certificate_id=certificate_id))
        return self.certificates[-1]
