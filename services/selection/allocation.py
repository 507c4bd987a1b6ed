"""Who gets which seat: the ranking, the seats in its order, then the reserves."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass
class Allocation(Iterable[Placed]):
    """Everybody's outcome: the accepted, then who was left over, each in ranking order, then who is not ranked.

    It can be gone through again and again. Outcomes are made on the way: of a million, nearly all say the same.
    """

    ranked: list[str] = field(default_factory=list)  # the applicant with rank 1, 2, …
    accepted: dict[int, str] = field(default_factory=dict)  # the class of a rank
    reserves: dict[int, str] = field(default_factory=dict)
    below: list[str] = field(default_factory=list)  # applicants below the pass mark, and without a total
    absent: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Placed]:
        for rank, code in self.accepted.items():
            yield Placed(self.ranked[rank - 1], Outcome.ACCEPTED, code, rank)
        for rank, applicant_id in enumerate(self.ranked, start=1):
            if rank in self.reserves:
                yield Placed(applicant_id, Outcome.RESERVE, self.reserves[rank], rank)
            elif rank not in self.accepted:
                yield Placed(applicant_id, Outcome.REJECTED, None, rank, (NO_SEAT,))
        for applicant_id in self.below:
            yield Placed(applicant_id, Outcome.REJECTED, None, None, (BELOW_PASS_MARK,))
        for applicant_id in self.absent:
            yield Placed(applicant_id, Outcome.REJECTED, None, None, (ABSENT,))


def allocate(programme: Programme, candidates: Sequence[Candidate]) -> Allocation:
    """Seats, reserves and rejections for all candidates. Who they are it does not ask: `person_id` may be blank.

    Applicant-proposing deferred acceptance; every class ranks people alike, so letting each choose in ranking order
    gives the same: nobody can point at a class that took someone behind them.
    """
    pass_mark = Decimal(str(programme.selection.pass_mark))
    seats = {offer.code: offer.seats for offer in programme.classes}
    anywhere = _not_full(seats)
    places = {offer.code: programme.selection.reserves_per_class for offer in programme.classes}
    found = Allocation(absent=[one.applicant_id for one in candidates if one.total is None])

    for rank, candidate in enumerate(ranking(candidates), start=1):
        if (candidate.total or 0) < pass_mark:  # as are all behind
            found.below.append(candidate.applicant_id)
            continue
        found.ranked.append(candidate.applicant_id)
        choices = candidate.choices
        if code := _first_with_room(chain(choices, anywhere) if candidate.willing_to_move else choices, seats):
            found.accepted[rank] = code
        elif code := _first_with_room(choices, places):
            found.reserves[rank] = code
    return found


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
