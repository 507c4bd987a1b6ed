"""An applicant in selection: screened, scored, decided; every earlier screening and decision stays on record."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from services.selection import reasons, scoring, screening
from services.selection.allocation import Candidate, Placed
from services.selection.programme import OpenProgramme
from services.selection.scoring import Scores
from services.selection.screening import Finding
from shared.contracts import Event, registration
from shared.contracts.selection import ApplicantScreened, Outcome, ScoresRecorded, SelectionDecided, Stage
from shared.documents import Document, event_id
from shared.judging import RowWaits, refused
from shared.ledger import Entry, Signature, automatic, entry

_SERVICE = "selection"


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
    def is_ranked(self) -> bool:
        """A run has decided about this person, whatever an older reading of the programme says."""
        return self.decision is not None and self.decision.run_id is not None

    def is_screened_by(self, programme: OpenProgramme, trained_in: list[str]) -> bool:
        """Whether the latest screening is still what the rules say."""
        return self.facts is None or self.screening == self._screened(self.facts, programme, trained_in)

    def screen(self, programme: OpenProgramme, trained_in: list[str]) -> list[Event] | None:
        """Apply the programme's rules to the facts, and its weights to the scores; None when that changes nothing.

        A refusal is a decision at once, unless the selection has been decided: then what is found becomes a task.
        """
        if self.facts is None or self.withdrawn:
            return None
        earlier, now = self.screening, self._screened(self.facts, programme, trained_in)
        if now == earlier:
            return None
        self.screening = now
        codes = [finding.reason for finding in now.findings]
        self.ledger.append(
            entry(
                automatic(_SERVICE),
                "screened",
                passed=now.passed,
                findings=[list(finding) for finding in now.findings],
                rule_version=now.rule_version,
                # all that a later reader needs to apply the rules again
                rules=programme.rules.eligibility.model_dump(mode="json"),
                facts=self.facts.model_dump(mode="json"),
                trained_in=now.trained_in,
                overruled=sorted(self.overruled),
            )
        )
        events: list[Event] = [
            ApplicantScreened(
                applicant_id=self.id,
                programme_code=self.programme_code,
                passed=now.passed,
                reasons=codes,
                rule_version=now.rule_version,
            )
        ]
        too_late = programme.decided or self.is_ranked
        if too_late and earlier is not None:
            self._tasks_after_decision(earlier, now)
        elif not now.passed:
            refusal = Placed(self.id, Outcome.REJECTED, None, None, tuple(codes))
            events.append(self._decide(refusal, Stage.ADMINISTRATION, now.rule_version, automatic(_SERVICE), n=1))
        else:
            self.decision = None  # an earlier refusal no longer holds; the ledger keeps it
            if too_late:
                self._task(reasons.PASSED_LATE)
        return events if too_late else [*events, *self._weigh_again(programme)]

    def overrule(self, rule: str, reason: str, signed: Signature) -> None:
        """Staff decide that a rule does not count for this person; `screen` applies that."""
        self.overruled[rule] = reason
        self.ledger.append(entry(signed, "rule_overruled", reason, rule=rule))

    def record_scores(self, scores: Scores, programme: OpenProgramme, signed: Signature) -> list[Event] | None:
        """Record or correct scores; None when they are known already. Raises RowRefused, RowWaits."""
        if self.screening is None:
            raise RowWaits(reasons.NOT_SCREENED_YET)
        if self.scores == scores:
            return None
        if self.withdrawn:
            raise refused(reasons.WITHDRAWN)
        if not self.screening.passed:
            raise refused(reasons.NOT_PASSED)
        if programme.decided or self.is_ranked:
            raise refused(reasons.ALREADY_DECIDED)
        return [self._take_scores(scores, programme, signed)]

    def candidate(self, rules: registration.Eligibility) -> Candidate:
        """This person as the allocation sees them; only for someone who is screened and scored."""
        if self.facts is None or self.registered_at is None or self.scores is None:
            raise LookupError(f"applicant {self.id} cannot be ranked yet")
        return Candidate(
            applicant_id=self.id,
            person_id=self.person_id,
            registration_no=self.registration_no,
            registered_at=self.registered_at,
            choices=tuple(self.facts.choices),
            willing_to_move=self.facts.willing_to_move,
            written=self.scores.written,
            total=self.scores.total,
            exclusive=rules.never_trained and screening.TRAINED_BEFORE not in self.overruled,
        )

    def decide(
        self, placed: Placed, candidate: Candidate, run_id: str, rule_version: int, signed: Signature
    ) -> list[Event] | None:
        """Apply a run's outcome, once; `signed` by who decided the run."""
        if self.decision is not None and self.decision.run_id == run_id:
            return None
        if self.scores is None or self.scores.total != candidate.total:
            self._task(reasons.SCORES_DIFFER)
        if self.screening is None or not self.screening.passed:
            self._task(reasons.INELIGIBLE)
        return [self._decide(placed, Stage.RANKING, rule_version, signed, run_id=run_id)]

    def promote(self, class_code: str, rule_version: int, freed_by: str) -> list[Event] | None:
        """A reserve takes the seat that somebody freed, once."""
        if self.decision is None or self.decision.outcome is not Outcome.RESERVE or self.withdrawn:
            return None
        placed = Placed(self.id, Outcome.ACCEPTED, class_code, self.decision.rank)
        return [self._promoted(placed, rule_version, self.decision.run_id, freed_by)]

    def refuse_promotion(self, rule_version: int, reasons: Sequence[str], freed_by: str) -> list[Event] | None:
        """A reserve whose turn it was cannot be accepted after all."""
        if self.decision is None or self.decision.outcome is not Outcome.RESERVE:
            return None
        placed = Placed(self.id, Outcome.REJECTED, None, self.decision.rank, tuple(reasons))
        return [self._promoted(placed, rule_version, self.decision.run_id, freed_by)]

    def withdraw(self, reason: str, programme_code: str, signed: Signature) -> None:
        self.programme_code = programme_code
        self.withdrawn = True
        self.ledger.append(entry(signed, "withdrawn", reason))

    def _take_scores(self, scores: Scores, programme: OpenProgramme, signed: Signature) -> ScoresRecorded:
        replaced = self.scores.model_dump(mode="json") if self.scores else None
        self.scores = scores
        rule = programme.rules.selection
        self.ledger.append(
            entry(
                signed,
                "scores_recorded",
                replaced=replaced,
                **scores.model_dump(mode="json"),
                weights={"written": rule.written_weight, "interview": rule.interview_weight},
                rule_version=programme.revision,
            )
        )
        return ScoresRecorded(
            applicant_id=self.id,
            programme_code=self.programme_code,
            written=_float(scores.written),
            interview=_float(scores.interview),
            total=_float(scores.total),
            absent=scores.absent,
        )

    def _weigh_again(self, programme: OpenProgramme) -> list[Event]:
        """The total by the weights as they are now."""
        if self.scores is None:
            return []
        now = scoring.total(self.scores.written, self.scores.interview, programme.rules.selection)
        if now == self.scores.total:
            return []
        return [self._take_scores(self.scores.model_copy(update={"total": now}), programme, automatic(_SERVICE))]

    def _screened(self, facts: registration.Facts, programme: OpenProgramme, trained_in: list[str]) -> Screening:
        findings = screening.screen(programme.rules.eligibility, facts, trained_in, self.overruled)
        return Screening(
            passed=not findings, findings=findings, rule_version=programme.revision, trained_in=sorted(trained_in)
        )

    def _tasks_after_decision(self, earlier: Screening, now: Screening) -> None:
        if len(now.trained_in) > len(earlier.trained_in):
            self._task(reasons.PRIOR_TRAINING_FOUND)
        elif earlier.passed and not now.passed:
            self._task(reasons.INELIGIBLE)
        elif now.passed and not earlier.passed:
            self._task(reasons.PASSED_LATE)

    def _task(self, task: str) -> None:
        if task not in self.tasks:
            self.tasks.append(task)

    def _promoted(self, placed: Placed, rule_version: int, run_id: str | None, freed_by: str) -> SelectionDecided:
        return self._decide(
            placed, Stage.PROMOTION, rule_version, automatic(_SERVICE), run_id=run_id, freed_by=freed_by
        )

    def _decide(
        self,
        placed: Placed,
        stage: Stage,
        rule_version: int,
        signed: Signature,
        *,
        run_id: str | None = None,
        n: int = 0,
        **facts: Any,
    ) -> SelectionDecided:
        supersedes, self.decided_by = self.decided_by, event_id(_SERVICE, "applicant", self, n)
        self.decision = Decision(
            outcome=placed.outcome,
            stage=stage,
            class_code=placed.class_code,
            rank=placed.rank,
            reasons=list(placed.reasons),
            run_id=run_id,
        )
        self.ledger.append(
            entry(
                signed,
                "decided",
                **self.decision.model_dump(mode="json"),
                total=None if self.scores is None or self.scores.total is None else str(self.scores.total),
                rule_version=rule_version,
                supersedes=supersedes,
                **facts,
            )
        )
        return SelectionDecided(
            applicant_id=self.id,
            programme_code=self.programme_code,
            person_id=self.person_id,
            outcome=placed.outcome,
            stage=stage,
            class_code=placed.class_code,
            rank=placed.rank,
            total=_float(self.scores.total) if self.scores else None,
            reasons=list(placed.reasons),
            rule_version=rule_version,
            supersedes=supersedes,
        )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
