"""What is decided about an applicant, by the rules, by a run or by promotion; a later decision supersedes."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.selection import reasons
from services.selection.allocation import Placed
from services.selection.applicant import SERVICE, Applicant, Decision, as_float
from shared.contracts import Event
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from shared.documents import event_id
from shared.ledger import Signature, automatic, entry


def decide(
    applicant: Applicant, placed: Placed, total: Decimal | None, run_id: str, rule_version: int, signed: Signature
) -> list[Event] | None:
    """Apply a run's outcome, to which somebody came with that total, once; `signed` by who decided the run."""
    if applicant.decision is not None and applicant.decision.run_id == run_id:
        return None
    if applicant.scores is None or applicant.scores.total != total:
        applicant.note_task(reasons.SCORES_DIFFER)
    if applicant.screening is None or not applicant.screening.passed:
        applicant.note_task(reasons.INELIGIBLE)
    return [put_down(applicant, placed, Stage.RANKING, rule_version, signed, run_id=run_id)]


class Why(NamedTuple):
    """Why a reserve gets a seat, or does not: somebody freed it, and who has said what about it, if not the rules."""

    freed_by: str
    signed: Signature | None = None
    answer: str | None = None
    reason: str | None = None


def promote(applicant: Applicant, class_code: str, rule_version: int, why: Why) -> list[Event] | None:
    """A reserve takes the seat that somebody freed, once."""
    if applicant.decision is None or applicant.decision.outcome is not Outcome.RESERVE or applicant.withdrawn:
        return None
    placed = Placed(applicant.id, Outcome.ACCEPTED, class_code, applicant.decision.rank)
    return [_promoted(applicant, placed, rule_version, why)]


def offer(applicant: Applicant, class_code: str, until: date, freed_by: str) -> list[Event] | None:
    """Note, once, that a seat is kept for a reserve until the end of that day."""
    noted = entry(automatic(SERVICE), "seat_offered", class_code=class_code, until=until.isoformat(), freed_by=freed_by)
    if any(one.what == noted.what and one.detail == noted.detail for one in applicant.ledger):
        return None
    applicant.ledger.append(noted)
    return []


def refuse_promotion(applicant: Applicant, rule_version: int, reasons: Sequence[str], why: Why) -> list[Event] | None:
    """A reserve whose turn it was cannot be accepted after all."""
    if applicant.decision is None or applicant.decision.outcome is not Outcome.RESERVE:
        return None
    placed = Placed(applicant.id, Outcome.REJECTED, None, applicant.decision.rank, tuple(reasons))
    return [_promoted(applicant, placed, rule_version, why)]


def put_down(
    applicant: Applicant,
    placed: Placed,
    stage: Stage,
    rule_version: int,
    signed: Signature,
    *,
    run_id: str | None = None,
    n: int = 0,
    **facts: Any,
) -> SelectionDecided:
    """Let this be the decision from now on; `n` is the place of the event among those of the same write."""
    supersedes, applicant.decided_by = applicant.decided_by, event_id(SERVICE, "applicant", applicant, n)
    applicant.decision = Decision(
        outcome=placed.outcome,
        stage=stage,
        class_code=placed.class_code,
        rank=placed.rank,
        reasons=list(placed.reasons),
        run_id=run_id,
    )
    applicant.ledger.append(
        entry(
            signed,
            "decided",
            **applicant.decision.model_dump(mode="json"),
            total=None if applicant.scores is None or applicant.scores.total is None else str(applicant.scores.total),
            rule_version=rule_version,
            supersedes=supersedes,
            **facts,
        )
    )
    return SelectionDecided(
        applicant_id=applicant.id,
        programme_code=applicant.programme_code,
        person_id=applicant.person_id,
        outcome=placed.outcome,
        stage=stage,
        class_code=placed.class_code,
        rank=placed.rank,
        total=as_float(applicant.scores.total) if applicant.scores else None,
        reasons=list(placed.reasons),
        rule_version=rule_version,
        supersedes=supersedes,
    )


def _promoted(applicant: Applicant, placed: Placed, rule_version: int, why: Why) -> SelectionDecided:
    run_id = applicant.decision.run_id if applicant.decision else None
    signed = why.signed or automatic(SERVICE)
    told: dict[str, Any] = {"reason": why.reason, "answer": why.answer} if why.answer else {}
    return put_down(
        applicant, placed, Stage.PROMOTION, rule_version, signed, run_id=run_id, freed_by=why.freed_by, **told
    )
