"""Scores typed cell by cell: somebody is scored when both cells say something, a number or a dash for absent."""

from typing import Literal

from services.selection import grading, reasons, scoring
from services.selection.applicant import Applicant
from services.selection.programme import OpenProgramme
from services.selection.scoring import Scores
from shared.cells import text
from shared.contracts import Event
from shared.judging import refused
from shared.ledger import Signature, entry
from shared.problems import Conflict

Part = Literal["written", "interview"]
PARTS: tuple[Part, Part] = ("written", "interview")
_RECORDED = ("scores_recorded", "score_entered")


def read(typed: str) -> str:
    """What was typed as a cell shows it: "" for nothing, "-" for absent. Raises BadCell."""
    if text(typed) is None:
        return ""
    score = scoring.score(typed)
    return scoring.told(score)


def cells(applicant: Applicant) -> dict[str, str]:
    """Both cells as they stand."""
    if applicant.scores is not None:
        return {part: scoring.told(getattr(applicant.scores, part)) for part in PARTS}
    return {part: applicant.half.get(part, "") for part in PARTS}


def enter(
    applicant: Applicant, part: Part, said: str, expected: str, programme: OpenProgramme, signed: Signature
) -> list[Event] | None:
    """Put `said` into one cell that showed `expected`; None when it stands there already.

    One cell alone is kept, but counts for nothing: an empty one does not make somebody absent. Raises Conflict
    `changed_meanwhile` with what stands there, RowRefused.
    """
    standing = cells(applicant)
    if standing[part] == said:
        return None
    grading.may_be_scored(applicant, programme)
    if standing[part] != expected:
        raise _changed_meanwhile(applicant, standing[part])
    if not said and applicant.scores is not None:
        raise refused(reasons.CANNOT_BE_EMPTIED, part)
    typed = standing | {part: said}
    if all(typed.values()):
        written, interview = (scoring.score(typed[one]) for one in PARTS)
        total = scoring.total(written, interview, programme.rules.selection)
        return grading.record_scores(
            applicant, Scores(written=written, interview=interview, total=total), programme, signed
        )
    applicant.half = {one: value for one, value in typed.items() if value}
    applicant.ledger.append(entry(signed, "score_entered", part=part, value=said, replaced=standing[part]))
    return []


def _changed_meanwhile(applicant: Applicant, theirs: str) -> Conflict:
    last = next((one for one in reversed(applicant.ledger) if one.what in _RECORDED), None)
    return Conflict(
        "changed_meanwhile",
        "Somebody else has changed this score meanwhile.",
        theirs=theirs,
        by=last.by if last else None,
        at=last.at.isoformat() if last else None,
    )
