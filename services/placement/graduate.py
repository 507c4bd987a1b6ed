"""What placement knows of one applicant on the way to work; facts may arrive in any order."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from services.placement.confirmation import Confirmation
from services.placement.match import Answered, Match
from shared.contracts.certification import CertificateIssued, CertificateRevoked, TrainingCompleted
from shared.contracts.placement import JobMatched, MatchAnswered, Status
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered, ApplicantWithdrawn
from shared.contracts.selection import Outcome, SelectionDecided
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.meta import Meta
from shared.problems import NotFound

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


class Graduate(Document):
    """An applicant as placement sees them; `id` is the applicant's. A graduate is one who completed the training.

    `superseded` keeps the answers that corrections replaced, `confirmations` all that employers have said, the last at
    the end; `facts_sequence` says how new city and education are, `refused` are the matches that came to nothing: those
    vacancies are not for this graduate.
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
    confirmations: list[Confirmation] = Field(default_factory=list)
    match: Match | None = None
    refused: list[Match] = Field(default_factory=list)
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def status(self) -> Status | None:
        """What the latest wave found; None while nothing is known."""
        latest = max(self.answers, key=lambda answer: answer.wave, default=None)
        return None if latest is None else latest.status

    @property
    def placed(self) -> bool:
        return self.status in PLACED

    @property
    def refuses(self) -> frozenset[str]:
        """The vacancies that came to nothing."""
        return frozenset(match.vacancy_id for match in self.refused)

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

    def propose(self, match: Match, signed: Signature, *, warnings: Sequence[str] = ()) -> JobMatched | None:
        """Propose somebody for a vacancy, in spite of `warnings` where staff do it by hand.

        None for whoever was proposed, has found a place, withdrew or refused it.
        """
        if self.match is not None or self.placed or self.withdrawn or match.vacancy_id in self.refuses:
            return None
        self.match = match
        why = match.model_dump(include={"run_id", "vacancy_id", "score", "reasons"})
        if match.fair_id is not None:
            why["fair_id"] = match.fair_id
        if warnings:
            why["warnings"] = list(warnings)
        self.write(signed, "proposed", **why, city=self.city, education=self.education, total=self.total)
        fields = match.model_dump(include=set(JobMatched.model_fields))
        return JobMatched(applicant_id=self.id, programme_code=self.programme_code, **fields)

    def answer(self, match_id: str, answered: Answered, reason: str | None, signed: Signature) -> MatchAnswered | None:
        """Note what one side says to the proposal; None when that is what it said last.

        A refusal ends the match and frees the seat. Raises Conflict `match_over` for one that has ended,
        `changed_meanwhile` when the other side, or another clerk, has answered since.
        """
        over = next((one for one in self.refused if one.match_id == match_id), None)
        if over is not None:
            over.check_repeated(answered)
            return None
        match = self.match
        if match is None or match.match_id != match_id:
            raise NotFound("unknown_match", "Nobody is proposed so.")
        if not match.take(answered):
            return None
        if not answered.accepted:
            self.match, self.refused = None, [*self.refused, match]
        what = "match_accepted" if answered.accepted else "match_refused"
        told = match.model_dump(include={"match_id", "vacancy_id", "employer", "position"})
        self.write(signed, what, reason, **told, party=answered.party)
        return MatchAnswered(
            applicant_id=self.id,
            programme_code=self.programme_code,
            match_id=match_id,
            vacancy_id=match.vacancy_id,
            party=answered.party,
            accepted=answered.accepted,
            agreed=match.agreed,
        )

    def _certificate(self, certificate_id: str) -> Certificate:
        for held in self.certificates:
            if held.certificate_id == certificate_id:
                return held
        self.certificates.append(Certificate(certificate_id=certificate_id))
        return self.certificates[-1]
