"""Carries out what a run decided: claims people for the programme, fills the classes, tells every applicant."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from services.selection import ruling
from services.selection.allocation import Candidate, Placed
from services.selection.person import Person
from services.selection.rescreening import settle_all, side_by_side
from services.selection.roster import Roster, roster_id
from services.selection.run import Counts, Run, count, placed_of
from services.selection.store import HowFar, Store
from shared.contracts import Event
from shared.contracts.registration import ClassOffer
from shared.contracts.selection import Outcome
from shared.ledger import Signature, signature


async def claim_accepted(store: Store, code: str, candidates: list[Candidate], outcome: list[Placed]) -> set[str]:
    """Claim the accepted for this programme; answers those who cannot be."""
    accepted = {one.applicant_id for one in outcome if one.outcome is Outcome.ACCEPTED}
    wanted = {one.applicant_id: one for one in candidates if one.applicant_id in accepted}
    refused: set[str] = set()

    async def claim(applicant_id: str) -> None:
        if not await claim_person(store, code, wanted[applicant_id]):
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


async def apply(store: Store, run: Run, candidates: list[Candidate], far: HowFar) -> None:
    """Write the outcome to the classes, then to every applicant, then screen anew whom it concerns elsewhere.

    `far` is told how many applicants have theirs.
    """
    rows = store.run_chunks.each(run.id, run.outcome)
    outcome = {row["applicant_id"]: placed_of(row) async for some in rows for row in some}
    by_id = {one.applicant_id: one for one in candidates}
    signed = Signature(run.by, signature().at, run.role)
    in_class: dict[str, list[Placed]] = defaultdict(list)
    for placed in outcome.values():
        if placed.class_code is not None:
            in_class[placed.class_code].append(placed)
    for offer in run.rules.classes:
        await _fill(store, run, offer, in_class[offer.code])

    async def tell(applicant_id: str) -> None:
        placed, candidate = outcome[applicant_id], by_id[applicant_id]
        await store.applicants.change(
            applicant_id,
            lambda applicant: ruling.decide(applicant, placed, candidate, run.id, run.rule_version, signed),
        )

        far.told += 1

    await side_by_side(store, tell, list(outcome))
    counts = await asyncio.to_thread(count, candidates, list(outcome.values()))
    await store.runs.change(run.id, lambda current: _with_counts(current, counts))
    accepted = [by_id[one.applicant_id].person_id for one in outcome.values() if one.outcome is Outcome.ACCEPTED]
    elsewhere = set(await store.ids_of(accepted)) - set(by_id)
    await settle_all(store, elsewhere)


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
