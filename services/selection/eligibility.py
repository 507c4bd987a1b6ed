"""Whether an applicant meets the programme's rules: screened by them, or overruled by staff."""

from services.selection import grading, reasons, ruling, screening
from services.selection.allocation import Placed
from services.selection.applicant import SERVICE, Applicant, Screening
from services.selection.programme import OpenProgramme
from shared.contracts import Event, registration
from shared.contracts.selection import ApplicantScreened, Outcome, Stage
from shared.ledger import Signature, automatic, entry


def is_screened_by(applicant: Applicant, programme: OpenProgramme, trained_in: list[str]) -> bool:
    """Whether the latest screening is still what the rules say."""
    return applicant.facts is None or applicant.screening == _screened(
        applicant, applicant.facts, programme, trained_in
    )


def screen(applicant: Applicant, programme: OpenProgramme, trained_in: list[str]) -> list[Event] | None:
    """Apply the programme's rules to the facts, and its weights to the scores; None when that changes nothing.

    A refusal is a decision at once, unless the selection has been decided: then what is found becomes a task.
    """
    if applicant.facts is None or applicant.withdrawn:
        return None
    earlier, now = applicant.screening, _screened(applicant, applicant.facts, programme, trained_in)
    if now == earlier:
        return None
    applicant.screening = now
    codes = [finding.reason for finding in now.findings]
    applicant.ledger.append(
        entry(
            automatic(SERVICE),
            "screened",
            passed=now.passed,
            findings=[list(finding) for finding in now.findings],
            rule_version=now.rule_version,
            # all that a later reader needs to apply the rules again
            rules=programme.rules.eligibility.model_dump(mode="json"),
            facts=applicant.facts.model_dump(mode="json"),
            trained_in=now.trained_in,
            overruled=sorted(applicant.overruled),
        )
    )
    events: list[Event] = [
        ApplicantScreened(
            applicant_id=applicant.id,
            programme_code=applicant.programme_code,
            passed=now.passed,
            reasons=codes,
            rule_version=now.rule_version,
        )
    ]
    too_late = programme.decided or applicant.is_ranked
    if too_late and earlier is not None:
        _tasks_after_decision(applicant, earlier, now)
    elif not now.passed:
        refusal = Placed(applicant.id, Outcome.REJECTED, None, None, tuple(codes))
        events.append(
            ruling.put_down(applicant, refusal, Stage.ADMINISTRATION, now.rule_version, automatic(SERVICE), n=1)
        )
    else:
        applicant.decision = None  # an earlier refusal no longer holds; the ledger keeps it
        if too_late:
            applicant.note_task(reasons.PASSED_LATE)
    return events if too_late else [*events, *grading.weigh_again(applicant, programme)]


def overrule(applicant: Applicant, rule: str, reason: str, signed: Signature) -> None:
    """Staff decide that a rule does not count for this person; `screen` applies that."""
    applicant.overruled[rule] = reason
    applicant.ledger.append(entry(signed, "rule_overruled", reason, rule=rule))


def _screened(
    applicant: Applicant, facts: registration.Facts, programme: OpenProgramme, trained_in: list[str]
) -> Screening:
    findings = screening.screen(programme.rules.eligibility, facts, trained_in, applicant.overruled)
    return Screening(
        passed=not findings, findings=findings, rule_version=programme.revision, trained_in=sorted(trained_in)
    )


def _tasks_after_decision(applicant: Applicant, earlier: Screening, now: Screening) -> None:
    if len(now.trained_in) > len(earlier.trained_in):
        applicant.note_task(reasons.PRIOR_TRAINING_FOUND)
    elif earlier.passed and not now.passed:
        applicant.note_task(reasons.INELIGIBLE)
    elif now.passed and not earlier.passed:
        applicant.note_task(reasons.PASSED_LATE)
