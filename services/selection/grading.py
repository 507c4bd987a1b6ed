"""What the test and the interview gave an applicant: scores recorded, corrected, weighed again."""

from services.selection import reasons, scoring
from services.selection.applicant import SERVICE, Applicant, as_float
from services.selection.programme import OpenProgramme
from services.selection.scoring import Scores
from shared.contracts import Event
from shared.contracts.selection import ScoresRecorded
from shared.judging import RowWaits, refused
from shared.ledger import Signature, automatic, entry


def record_scores(
    applicant: Applicant, scores: Scores, programme: OpenProgramme, signed: Signature
) -> list[Event] | None:
    """Record or correct scores; None when they are known already. Raises RowRefused, RowWaits."""
    if applicant.screening is None:
        raise RowWaits(reasons.NOT_SCREENED_YET)
    if applicant.scores == scores:
        return None
    may_be_scored(applicant, programme)
    return [_take_scores(applicant, scores, programme, signed)]


def may_be_scored(applicant: Applicant, programme: OpenProgramme) -> None:
    """Raises RowRefused for who has withdrawn, was refused or is decided about."""
    if applicant.withdrawn:
        raise refused(reasons.WITHDRAWN)
    if applicant.screening is None or not applicant.screening.passed:
        raise refused(reasons.NOT_PASSED)
    if programme.decided or applicant.is_ranked:
        raise refused(reasons.ALREADY_DECIDED)


def weigh_again(applicant: Applicant, programme: OpenProgramme) -> list[Event]:
    """The total by the weights as they are now."""
    if applicant.scores is None:
        return []
    now = scoring.total(applicant.scores.written, applicant.scores.interview, programme.rules.selection)
    if now == applicant.scores.total:
        return []
    return [_take_scores(applicant, applicant.scores.model_copy(update={"total": now}), programme, automatic(SERVICE))]


def _take_scores(applicant: Applicant, scores: Scores, programme: OpenProgramme, signed: Signature) -> ScoresRecorded:
    replaced = applicant.scores.model_dump(mode="json") if applicant.scores else None
    applicant.scores, applicant.half = scores, {}
    rule = programme.rules.selection
    applicant.ledger.append(
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
        applicant_id=applicant.id,
        programme_code=applicant.programme_code,
        written=as_float(scores.written),
        interview=as_float(scores.interview),
        total=as_float(scores.total),
        absent=scores.absent,
    )
