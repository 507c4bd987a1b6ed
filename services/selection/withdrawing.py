"""Somebody withdraws: the claim on the person is released, and a freed seat goes to the class's first reserve."""

from collections.abc import Callable, Sequence
from datetime import date

from services.selection import ruling
from services.selection.applicant import Applicant
from services.selection.applying import claim_person
from services.selection.person import Person
from services.selection.programme import Deciding, OpenProgramme
from services.selection.rescreening import programme_of, settle_all
from services.selection.roster import Roster, roster_id
from services.selection.screening import TRAINED_BEFORE
from services.selection.store import Store
from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn
from shared.ledger import signature
from shared.meta import Meta
from shared.retries import NotYet


async def withdraw(store: Store, event: ApplicantWithdrawn, meta: Meta) -> None:
    """Every step may be repeated; the mark is saved with the last one, so that a crash before repeats them all.

    Whoever withdraws is out first: a decision or a promotion that does not see it has begun before, and is seen here.
    """
    applicant = await store.applicants.change(event.applicant_id, lambda current: _withdraw(current, event))
    if applicant.has_absorbed(meta):
        return
    programme = await programme_of(store, event.programme_code)
    if programme.decision is not None and programme.decision.state is not Deciding.DONE:
        raise NotYet("the programme is being decided")
    # a decision may have come between the two reads: now that it is done, or none has begun, this one holds
    applicant = await store.applicants.get(event.applicant_id) or applicant
    if applicant.decision is not None and applicant.decision.class_code is not None:
        await _free_seat(store, programme, applicant, event.withdrawn_on)
    if event.withdrawn_on < programme.rules.training.starts:
        await _release(store, applicant)
    await store.applicants.change(event.applicant_id, lambda _: None, meta=meta)


def _withdraw(applicant: Applicant, event: ApplicantWithdrawn) -> Sequence[Event] | None:
    if applicant.facts is None:
        raise NotYet("the applicant has not arrived")
    if applicant.withdrawn:
        return None
    applicant.withdraw(event.reason, event.programme_code, signature())
    return []


async def _free_seat(store: Store, programme: OpenProgramme, applicant: Applicant, on: date) -> None:
    class_code = str(applicant.decision.class_code) if applicant.decision else ""
    roster = roster_id(programme.id, class_code)
    promote = on <= programme.reserve_until
    promoted = await _change_roster(store, roster, lambda one: one.free(applicant.id, promote=promote))
    while promoted is not None and not await _accept(store, programme, class_code, promoted, applicant.id):
        promoted = await _pass_over(store, roster, promoted, applicant.id)


async def _pass_over(store: Store, roster: str, promoted: str, freed_by: str) -> str | None:
    return await _change_roster(store, roster, lambda one: one.pass_over(promoted, freed_by))


async def _change_roster(store: Store, roster: str, change: Callable[[Roster], str | None]) -> str | None:
    promoted: str | None = None

    def apply(current: Roster) -> Sequence[Event] | None:
        nonlocal promoted
        before = current.model_copy(deep=True)
        promoted = change(current)
        return None if current == before else []

    await store.rosters.change(roster, apply)
    return promoted


async def _accept(store: Store, programme: OpenProgramme, class_code: str, applicant_id: str, freed_by: str) -> bool:
    """Accept a reserve on the seat that somebody freed.

    False when they have withdrawn, fail a rule by now, or have been accepted elsewhere.
    """
    reserve = await store.applicants.get(applicant_id)
    if reserve is None or reserve.withdrawn:
        return False
    refusal, revision = reserve.fails_as_reserve, programme.revision
    if not refusal and not await claim_person(store, programme.id, reserve.candidate(programme.rules.eligibility)):
        refusal = [TRAINED_BEFORE]
    if refusal:
        await store.applicants.change(
            applicant_id, lambda one: ruling.refuse_promotion(one, revision, refusal, freed_by)
        )
        return False
    promoted = await store.applicants.change(
        applicant_id, lambda one: ruling.promote(one, class_code, revision, freed_by)
    )
    if not promoted.is_accepted:
        await _release(store, promoted)
        return False
    await settle_all(store, set(await store.ids_of([promoted.person_id])) - {applicant_id})
    return True


async def _release(store: Store, applicant: Applicant) -> None:
    def release(person: Person) -> Sequence[Event] | None:
        before = len(person.claims)
        person.release(applicant.id)
        return [] if len(person.claims) < before else None

    await store.persons.change(applicant.person_id, release)
    await settle_all(store, set(await store.ids_of([applicant.person_id])) - {applicant.id})
