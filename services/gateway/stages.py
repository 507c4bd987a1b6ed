"""Where an applicant stands, what they wait for, and which counts include them; derived from the read model alone."""

from collections.abc import Callable
from enum import StrEnum

from services.gateway.readmodel import Applicant, Placement
from shared.contracts.certification import Result
from shared.contracts.placement import Status
from shared.contracts.selection import Outcome
from shared.contracts.selection import Stage as DecidedAt


class Stage(StrEnum):
    """The furthest an applicant has come, or where their way ended."""

    REGISTERED = "registered"
    REFUSED = "refused"
    PASSED = "passed"
    SCORED = "scored"
    ACCEPTED = "accepted"
    RESERVE = "reserve"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"
    DROPPED_OUT = "dropped_out"
    COMPETENT = "competent"
    NOT_YET_COMPETENT = "not_yet_competent"
    CERTIFIED = "certified"
    PLACED = "placed"


class Awaits(StrEnum):
    """What somebody has to do before an applicant goes on; lists find by it as by a stage."""

    SCREENING = "awaits_screening"
    SCORES = "awaits_scores"
    CERTIFICATE = "awaits_certificate"


ASSESSED, MATCHED, REACHED, PLACED_AS = "assessed", "matched", "reached", "placed."

# the way through a programme: whoever is counted at one step is counted at every step before it
WAY = (
    *(Stage.REGISTERED.value, Stage.PASSED.value, Stage.SCORED.value, Stage.ACCEPTED.value, Stage.COMPLETED.value),
    *(ASSESSED, Stage.COMPETENT.value, Stage.CERTIFIED.value),
)

_PLACED = (Status.EMPLOYED, Status.SELF_EMPLOYED, Status.STUDYING)


def stage(applicant: Applicant) -> Stage:
    """The one stage that a list shows."""
    if ended := _ended(applicant):
        return ended
    furthest = _furthest(applicant)
    current = placement(applicant)
    if furthest >= WAY.index(Stage.COMPLETED) and current and current.status in _PLACED:
        return Stage.PLACED
    return Stage.NOT_YET_COMPETENT if WAY[furthest] == ASSESSED else Stage(WAY[furthest])


def counted_in(applicant: Applicant) -> list[str]:
    """The names of the funnel's counts that include this applicant; none before the registration is known."""
    if applicant.registration_no is None:
        return []
    ended = _ended(applicant)
    furthest = min(_furthest(applicant), _LAST_STEP.get(ended, len(WAY) - 1) if ended else len(WAY) - 1)
    counts = list(WAY[: furthest + 1])
    if awaited := awaits(applicant):
        counts.append(awaited.value)
    if ended and ended is not Stage.DROPPED_OUT:
        counts.append(ended.value)
    if Stage.COMPLETED.value in counts:
        if set(applicant.matches) - set(applicant.refused_matches):
            counts.append(MATCHED)
        if current := placement(applicant):
            counts.append(PLACED_AS + current.status.value)
            if current.status is not Status.UNREACHABLE:
                counts.append(REACHED)
    return counts


def awaits(applicant: Applicant) -> Awaits | None:
    """What is missing for an applicant whose way has not ended, if it is for somebody else to do."""
    if applicant.registration_no is None or _ended(applicant):
        return None
    if not _has_passed(applicant):
        return Awaits.SCREENING
    if applicant.standing_decision is None:
        return Awaits.SCORES if applicant.scores is None else None
    certified = any(one.issued for one in applicant.certificates.values())
    return Awaits.CERTIFICATE if _latest_result(applicant) is Result.COMPETENT and not certified else None


# where a way has ended, the last step that still counts
_LAST_STEP = {
    Stage.WITHDRAWN: WAY.index(Stage.SCORED),
    Stage.REFUSED: WAY.index(Stage.REGISTERED),
    Stage.REJECTED: WAY.index(Stage.SCORED),
    Stage.RESERVE: WAY.index(Stage.SCORED),
    Stage.DROPPED_OUT: WAY.index(Stage.ACCEPTED),
}


def placement(applicant: Applicant) -> Placement | None:
    """What became of them as of the latest wave; what is told outside the waves counts when it came last."""
    known = applicant.placements.values()
    waves = [placed for placed in known if placed.wave is not None]
    latest_wave = max(waves, key=lambda placed: placed.wave or 0, default=None)
    told = max((placed for placed in known if placed.wave is None), key=lambda placed: placed.order, default=None)
    if told and (latest_wave is None or told.order > latest_wave.order):
        return told
    return latest_wave


def _ended(applicant: Applicant) -> Stage | None:
    if applicant.withdrawn:
        return Stage.WITHDRAWN
    decision, screening = applicant.standing_decision, applicant.screening
    if decision is None:
        return Stage.REFUSED if screening and not screening.passed else None
    if decision.outcome is Outcome.ACCEPTED:
        return Stage.DROPPED_OUT if applicant.completed is False else None
    if decision.outcome is Outcome.RESERVE:
        return Stage.RESERVE
    return Stage.REFUSED if decision.stage is DecidedAt.ADMINISTRATION else Stage.REJECTED


def _furthest(applicant: Applicant) -> int:
    """The furthest step in `WAY` that is known to be reached, whatever has not arrived yet before it."""
    return next(step for step, is_reached in _REACHED if is_reached(applicant))


def _latest_result(applicant: Applicant) -> Result | None:
    attempts = applicant.attempts.values()
    return max(attempts, key=lambda attempt: attempt.number).result if attempts else None


def _is_accepted(applicant: Applicant) -> bool:
    return applicant.decision is not None and applicant.decision.outcome is Outcome.ACCEPTED


def _is_scored(applicant: Applicant) -> bool:
    return applicant.scores is not None and applicant.scores.total is not None


def _has_passed(applicant: Applicant) -> bool:
    screening, decision = applicant.screening, applicant.decision
    return bool(screening and screening.passed) or bool(decision and decision.stage is not DecidedAt.ADMINISTRATION)


# places in WAY, the furthest first; only as many are tried as are needed
_REACHED: tuple[tuple[int, Callable[[Applicant], bool]], ...] = (
    (
        WAY.index(Stage.CERTIFIED),
        lambda one: any(held.issued and not held.revoked for held in one.certificates.values()),
    ),
    (WAY.index(Stage.COMPETENT), lambda one: _latest_result(one) is Result.COMPETENT),
    (WAY.index(ASSESSED), lambda one: bool(one.attempts)),
    (WAY.index(Stage.COMPLETED), lambda one: one.completed is True),
    (WAY.index(Stage.ACCEPTED), _is_accepted),
    (WAY.index(Stage.SCORED), _is_scored),
    (WAY.index(Stage.PASSED), _has_passed),
    (WAY.index(Stage.REGISTERED), lambda one: True),
)
