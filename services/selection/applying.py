"""Carries out what a run decided: claims people for the programme, fills the classes, tells every applicant."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, Self

from services.selection import ruling
from services.selection.allocation import Candidate, Placed
from services.selection.person import Person
from services.selection.rescreening import settle_all, side_by_side
from services.selection.roster import Roster, roster_id
from services.selection.run import Counts, Run, candidate_of, placed_of
from services.selection.store import HowFar, Store
from shared.contracts import Event
from shared.contracts.registration import ClassOffer
from shared.contracts.selection import Outcome
from shared.ledger import Signature, signature


async def claim_accepted(store: Store, run: Run, outcome: Iterable[Placed]) -> set[str]:
    """Claim the accepted for the run's programme; answers those who cannot be."""
    accepted = {one.applicant_id for one in outcome if one.outcome is Outcome.ACCEPTED}
    refused: set[str] = set()
    async for some in _inputs(store, run):
        wanted = {one.applicant_id: one for one in some if one.applicant_id in accepted}

        async def claim(applicant_id: str, wanted: dict[str, Candidate] = wanted) -> None:
            if not await claim_person(store, run.programme_code, wanted[applicant_id]):
                refused.add(applicant_id)

        await side_by_side(store, claim, list(wanted))
    return refused


async def claim_person(store: Store, programme_code: str, candidate: Candidate) -> bool:
    """Accept a person for a programme, unless an earlier training stands against it."""
    answer = False

    def claim(person: Person) -> Sequence[Event] | None:
        nonlocal answer
        before = len(person.claims)
        answer = person.claim(programme_code, candidate.applicant_id, exclusive=candidate.exclusive)
        return [] if len(person.claims) > before else None

    await store.persons.change(candidate.person_id, claim)
    return answer


async def apply(store: Store, run: Run, far: HowFar) -> None:
    """Write the outcome to the classes, then to every applicant, then screen anew whom it concerns elsewhere.

    `far` is told how many applicants have theirs.
    """
    outcome, totals, counts = await _as_registered(store, run)
    far.of = len(outcome)
    signed = Signature(run.by, signature().at, run.role)
    in_class: dict[str, list[Placed]] = defaultdict(list)
    for placed in outcome:
        if placed.class_code is not None:
            in_class[placed.class_code].append(placed)
    for offer in run.rules.classes:
        await _fill(store, run, offer, in_class.pop(offer.code, []))

    async def tell(n: int) -> None:
        placed, total = outcome[n], totals[n]
        await store.applicants.change(
            placed.applicant_id,
            lambda applicant: ruling.decide(applicant, placed, total, run.id, run.rule_version, signed),
        )
        far.told += 1

    await side_by_side(store, tell, range(len(outcome)))
    await store.runs.change(run.id, lambda current: _with_counts(current, counts))
    await settle_all(store, await _elsewhere(store, run, outcome))


async def _as_registered(store: Store, run: Run) -> tuple[list[Placed], list[Decimal | None], Counts]:
    """The outcome in the order of registration, the total of each, and the counts.

    So people lie in the databases of all services: told in this order, neighbours are changed together.
    """
    stated = {one.applicant_id: _Stated.by(one) async for some in _inputs(store, run) for one in some}
    outcome = [placed async for some in _outcome(store, run) for placed in some]
    outcome.sort(key=lambda placed: stated[placed.applicant_id].order)
    counts = Counts(candidates=len(outcome))
    for placed in outcome:
        counts.add(placed, stated[placed.applicant_id].first_choice)
    return outcome, [stated[placed.applicant_id].total for placed in outcome], counts


class _Stated(NamedTuple):
    """What of a candidate is asked for when the outcome is written."""

    registration_no: str
    total: Decimal | None
    first_choice: str | None

    @classmethod
    def by(cls, candidate: Candidate) -> Self:
        return cls(candidate.registration_no, candidate.total, candidate.choices[0] if candidate.choices else None)

    @property
    def order(self) -> tuple[int, str]:
        """That of registration numbers."""
        return len(self.registration_no), self.registration_no


async def _inputs(store: Store, run: Run) -> AsyncIterator[list[Candidate]]:
    async for rows in store.run_chunks.each(run.id, run.inputs):
        yield [candidate_of(row) for row in rows]


async def _outcome(store: Store, run: Run) -> AsyncIterator[list[Placed]]:
    async for rows in store.run_chunks.each(run.id, run.outcome):
        yield [placed_of(row) for row in rows]


async def _elsewhere(store: Store, run: Run, outcome: Sequence[Placed]) -> set[str]:
    """The registrations that those who were accepted have in other programmes."""
    here = {placed.applicant_id for placed in outcome}
    accepted = {placed.applicant_id for placed in outcome if placed.outcome is Outcome.ACCEPTED}
    elsewhere: set[str] = set()
    async for some in _inputs(store, run):
        people = [one.person_id for one in some if one.applicant_id in accepted]
        elsewhere |= {found for found in await store.ids_of(people) if found not in here}
    return elsewhere


async def _fill(store: Store, run: Run, offer: ClassOffer, placed: list[Placed]) -> None:
    ranked = sorted(placed, key=lambda one: one.rank or 0)

    def fill(roster: Roster) -> Sequence[Event] | None:
        if roster.exists:
            return None
        roster.programme_code, roster.class_code, roster.seats = run.programme_code, offer.code, offer.seats
        roster.holders = [one.applicant_id for one in ranked if one.outcome is Outcome.ACCEPTED]
        roster.reserves = [one.applicant_id for one in ranked if one.outcome is Outcome.RESERVE]
        return []

    await store.rosters.change(roster_id(run.programme_code, offer.code), fill)


def _with_counts(run: Run, counts: Counts) -> Sequence[Event] | None:
    if run.counts == counts:
        return None
    run.counts = counts
    return []
