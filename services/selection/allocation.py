"""Who gets which seat: the ranking, the seats in its order, then the reserves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.selection.reasons import ABSENT, BELOW_PASS_MARK, NO_SEAT
from shared.contracts.registration import Programme
from shared.contracts.selection import Outcome


class Candidate(NamedTuple):
    """Someone who passed screening, as the allocation sees them. No total means absent."""

    applicant_id: str
    person_id: str
    registration_no: str
    registered_at: datetime
    choices: tuple[str, ...]
    willing_to_move: bool
    written: Decimal | None
    total: Decimal | None
    # whether an earlier training keeps this person out: then accepting must claim them for this programme alone
    exclusive: bool = True


class Placed(NamedTuple):
    """The outcome for one candidate. `rank` counts from 1 over everybody at or above the pass mark."""

    applicant_id: str
    outcome: Outcome
    class_code: str | None
    rank: int | None
    reasons: tuple[str, ...] = ()


def ranking(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The higher total first, then the higher written score, the earlier registration, the registration number."""
    return sorted(
        (candidate for candidate in candidates if candidate.total is not None),
        key=lambda one: (-(one.total or 0), -(one.written or 0), one.registered_at, one.registration_no),
    )


def allocate(programme: Programme, candidates: Sequence[Candidate]) -> list[Placed]:
    """Seats, reserves and rejections for all candidates.

    Applicant-proposing deferred acceptance; every class ranks people alike, so letting each choose in ranking order
    gives the same: nobody can point at a class that took someone behind them.
    """
    pass_mark = Decimal(str(programme.selection.pass_mark))
    order = [offer.code for offer in programme.classes]
    seats = {offer.code: offer.seats for offer in programme.classes}
    ranked = ranking(candidates)
    above = [candidate for candidate in ranked if (candidate.total or 0) >= pass_mark]

    placed: list[Placed] = []
    left_over: list[tuple[int, Candidate]] = []
    for rank, candidate in enumerate(above, start=1):
        code = _first_with_room(_preferences(candidate, order), seats)
        if code is None:
            left_over.append((rank, candidate))
        else:
            placed.append(Placed(candidate.applicant_id, Outcome.ACCEPTED, code, rank))

    places = {offer.code: programme.selection.reserves_per_class for offer in programme.classes}
    for rank, candidate in left_over:
        code = _first_with_room(candidate.choices, places)
        if code is None:
            placed.append(Placed(candidate.applicant_id, Outcome.REJECTED, None, rank, (NO_SEAT,)))
        else:
            placed.append(Placed(candidate.applicant_id, Outcome.RESERVE, code, rank))

    below = ranked[len(above) :]
    placed += (Placed(one.applicant_id, Outcome.REJECTED, None, None, (BELOW_PASS_MARK,)) for one in below)
    absent = (one for one in candidates if one.total is None)
    placed += (Placed(one.applicant_id, Outcome.REJECTED, None, None, (ABSENT,)) for one in absent)
    return placed


def _preferences(candidate: Candidate, order: Sequence[str]) -> Iterable[str]:
    """The stated choices, then, for someone willing to move, every other class in the programme's order."""
    yield from candidate.choices
    if candidate.willing_to_move:
        yield from (code for code in order if code not in candidate.choices)


def _first_with_room(codes: Iterable[str], room: dict[str, int]) -> str | None:
    """The first class that still has room, taking one place there."""
    for code in codes:
        if room.get(code, 0) > 0:
            room[code] -= 1
            return code
    return None
