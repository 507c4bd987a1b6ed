"""An applicant in selection follows the programme's rules until the selection is decided."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.selection import eligibility, grading, scoring
from services.selection.applicant import Applicant
from services.selection.programme import Deciding, Decision, OpenProgramme
from shared.contracts.selection import ApplicantScreened, ScoresRecorded
from shared.ledger import Signature
from tests.builders import facts, programme

SIGNED = Signature("petugas", datetime(2030, 2, 1, tzinfo=UTC))


def opened(revision: int = 1, **selection: Any) -> OpenProgramme:
    rule = {"written_weight": 0.6, "interview_weight": 0.4, "pass_mark": 55} | selection
    return OpenProgramme(_id="UJI-1", revision=revision, definition=programme(selection=rule))


def scored(written: Any, interview: Any) -> Applicant:
    applicant = Applicant(_id="a1", programme_code="UJI-1", facts=facts())
    eligibility.screen(applicant, opened(), [])
    scores, _ = scoring.read({"written": written, "interview": interview}, opened().rules.selection)
    grading.record_scores(applicant, scores, opened(), SIGNED)
    return applicant


def test_other_weights_make_another_total() -> None:
    applicant = scored(80, 60)
    screened, weighed = eligibility.screen(applicant, opened(2, written_weight=0.25, interview_weight=0.75), []) or []
    assert isinstance(screened, ApplicantScreened) and isinstance(weighed, ScoresRecorded)
    assert (weighed.written, weighed.interview, weighed.total) == (80, 60, 65)
    assert applicant.scores is not None and applicant.scores.total == Decimal("65.00")
    assert applicant.ledger[-1].detail["replaced"]["total"] == "72.00"


def test_a_total_that_stays_is_not_published_again() -> None:
    assert len(eligibility.screen(scored(80, 60), opened(2), []) or []) == 1
    assert len(eligibility.screen(scored("-", 60), opened(2, written_weight=0.5, interview_weight=0.5), []) or []) == 1


def test_what_was_decided_keeps_its_totals() -> None:
    applicant = scored(80, 60)
    later = opened(2, written_weight=0.25, interview_weight=0.75)
    later.decision = Decision(run_id="r1", state=Deciding.DONE)
    eligibility.screen(applicant, later, [])
    assert applicant.scores is not None and applicant.scores.total == Decimal("72.00")
