"""An applicant in selection: screened, scored, decided; every earlier screening and decision stays on record."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from services.selection import alike, screening
from services.selection.allocation import Candidate
from services.selection.scoring import Scores
from services.selection.screening import Finding
from shared.contracts import registration
from shared.contracts.selection import Outcome, Stage
from shared.documents import Document
from shared.ledger import Entry, Signature, entry

SERVICE = "selection"


class Screening(BaseModel):
    """What the rules said, by which revision of the programme, and each failing rule with the fact it saw."""

    passed: bool
    findings: list[Finding]
    rule_version: int
    trained_in: list[str] = Field(default_factory=list)


class Decision(BaseModel):
    """The latest decision that still holds."""

    outcome: Outcome
    stage: Stage
    class_code: str | None = None
    rank: int | None = None
    reasons: list[str] = Field(default_factory=list)
    run_id: str | None = None


class Applicant(Document):
    """Someone who applied to one programme. It names nobody."""

    person_id: str = ""
    registration_no: str = ""
    registered_at: datetime | None = None
    facts: registration.Facts | None = None
    screening: Screening | None = None
    overruled: dict[str, str] = Field(default_factory=dict)
    scores: Scores | None = None
    half: dict[str, str] = Field(
        default_factory=dict, description="The one cell that was typed while the other is empty: no score row yet."
    )
    decision: Decision | None = None
    decided_by: str | None = Field(default=None, description="The event of the latest decision, held or not.")
    withdrawn: bool = False
    tasks: list[str] = Field(default_factory=list)
    ledger: list[Entry] = Field(default_factory=list)

    def registered(self, event: registration.ApplicantRegistered) -> None:
        """Take the facts in; they are screened next, unless a later correction has come first."""
        self.programme_code = event.programme_code
        self.registration_no = event.registration_no
        self.registered_at = event.registered_at
        if self.facts is None:
            self.person_id = event.person_id
            self.facts = registration.Facts.model_validate(event.model_dump())

    def corrected(self, event: registration.ApplicantCorrected, signed: Signature) -> None:
        self.programme_code = event.programme_code
        self.person_id = event.person_id
        self.facts = registration.Facts.model_validate(event.model_dump())
        self.ledger.append(entry(signed, "facts_corrected", event.reason))

    @property
    def fails_as_reserve(self) -> list[str]:
        """The rules that somebody in reserve no longer meets, as facts stand now."""
        if self.decision is None or self.decision.outcome is not Outcome.RESERVE or self.screening is None:
            return []
        return [finding.reason for finding in self.screening.findings]

    @property
    def is_accepted(self) -> bool:
        return self.decision is not None and self.decision.outcome is Outcome.ACCEPTED and not self.withdrawn

    @property
    def is_reserve(self) -> bool:
        return self.decision is not None and self.decision.outcome is Outcome.RESERVE and not self.withdrawn

    @property
    def is_ranked(self) -> bool:
        """A run has decided about this person, whatever an older reading of the programme says."""
        return self.decision is not None and self.decision.run_id is not None

    def candidate(self, rules: registration.Eligibility) -> Candidate:
        """This person as the allocation sees them; only for someone who is screened and scored."""
        if self.facts is None or self.registered_at is None or self.scores is None:
            raise LookupError(f"applicant {self.id} cannot be ranked yet")
        return Candidate(
            applicant_id=self.id,
            person_id=self.person_id,
            registration_no=self.registration_no,
            registered_at=alike.moment(self.registered_at),
            choices=alike.texts(tuple(self.facts.choices)),
            willing_to_move=self.facts.willing_to_move,
            written=_shared(self.scores.written),
            total=_shared(self.scores.total),
            exclusive=rules.never_trained and screening.TRAINED_BEFORE not in self.overruled,
        )

    def withdraw(self, reason: str, programme_code: str, signed: Signature) -> None:
        self.programme_code = programme_code
        self.withdrawn = True
        self.ledger.append(entry(signed, "withdrawn", reason))

    def note_task(self, task: str) -> None:
        if task not in self.tasks:
            self.tasks.append(task)


def _shared(score: Decimal | None) -> Decimal | None:
    return None if score is None else alike.score(str(score))


def as_float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
