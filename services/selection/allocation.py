"""Who gets which seat: the ranking, the seats in its order, then the reserves."""

import contextlib
import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain
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


def ranking(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """The higher total first, then the higher written score, the earlier registration, the registration number.

    Those without a total are left out.
    """
    by_total: dict[Decimal, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.total is not None:
            by_total[candidate.total].append(candidate)
    # totals have two decimals, so that many people share few of them: short sorts instead of one long one; and whoever
    # has had their turn is held no longer
    for total in sorted(by_total, reverse=True):
        yield from sorted(
            by_total.pop(total), key=lambda one: (-(one.written or 0), one.registered_at, one.registration_no)
        )


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without looks for garbage: there is none, and among a million people they take as long as the allocation."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@_uncollected()
def allocate(programme: Programme, candidates: Iterable[Candidate]) -> list[Placed]:
    """Seats, reserves and rejections for all candidates. Who they are it does not ask: `person_id` may be blank.

    Applicant-proposing deferred acceptance; every class ranks people alike, so letting each choose in ranking order
    gives the same: nobody can point at a class that took someone behind them.
    """
    pass_mark = Decimal(str(programme.selection.pass_mark))
    seats = {offer.code: offer.seats for offer in programme.classes}
    anywhere = _not_full(seats)
    places = {offer.code: programme.selection.reserves_per_class for offer in programme.classes}
    no_seat, below_pass_mark, absent = (NO_SEAT,), (BELOW_PASS_MARK,), (ABSENT,)  # each once, not for everybody

    accepted: list[Placed] = []
    left_over: list[Placed] = []
    below: list[Placed] = []
    missing: list[Placed] = []

    def present() -> Iterator[Candidate]:
        for candidate in candidates:
            if candidate.total is None:
                missing.append(Placed(candidate.applicant_id, Outcome.REJECTED, None, None, absent))
            else:
                yield candidate

    for rank, candidate in enumerate(ranking(present()), start=1):
        if (candidate.total or 0) < pass_mark:  # as are all behind
            below.append(Placed(candidate.applicant_id, Outcome.REJECTED, None, None, below_pass_mark))
            continue
        choices = candidate.choices
        code = _first_with_room(chain(choices, anywhere) if candidate.willing_to_move else choices, seats)
        if code is not None:
            accepted.append(Placed(candidate.applicant_id, Outcome.ACCEPTED, code, rank))
            continue
        code = _first_with_room(choices, places)
        if code is not None:
            left_over.append(Placed(candidate.applicant_id, Outcome.RESERVE, code, rank))
        else:
            left_over.append(Placed(candidate.applicant_id, Outcome.REJECTED, None, rank, no_seat))

    return accepted + left_over + below + missing


def _not_full(seats: Mapping[str, int]) -> Iterator[str]:
    """The classes in the programme's order, each again and again as long as it has a seat.

    Shared by all who are willing to move: a full class is passed by once, not once a person. Whoever comes to it has
    found their choices full, so that what it gives is another class.
    """
    for code in seats:
        while seats[code] > 0:
            yield code


def _first_with_room(codes: Iterable[str], room: dict[str, int]) -> str | None:
    """The first class that still has room, taking one place there."""
    for code in codes:
        if room.get(code, 0) > 0:
            room[code] -= 1
            return code
    return None
