"""A reserve gets a seat: the person is claimed for the programme, and told."""

from collections.abc import Sequence

from services.selection import ruling
from services.selection.applicant import Applicant
from services.selection.applying import claim_person
from services.selection.person import Person
from services.selection.programme import OpenProgramme
from services.selection.rescreening import settle_all
from services.selection.ruling import Why
from services.selection.screening import TRAINED_BEFORE
from services.selection.store import Store
from shared.contracts import Event


async def accept(store: Store, programme: OpenProgramme, class_code: str, applicant_id: str, why: Why) -> bool:
    """Accept a reserve on a seat that is free.

    False when they have withdrawn, fail a rule by now, or have been accepted elsewhere.
    """
    reserve = await store.applicants.get(applicant_id)
    if reserve is None or reserve.withdrawn:
        return False
    refusal, revision = reserve.fails_as_reserve, programme.revision
    if not refusal and not await claim_person(store, programme.id, reserve.candidate(programme.rules.eligibility)):
        refusal = [TRAINED_BEFORE]
    if refusal:
        await store.applicants.change(applicant_id, lambda one: ruling.refuse_promotion(one, revision, refusal, why))
        return False
    promoted = await store.applicants.change(applicant_id, lambda one: ruling.promote(one, class_code, revision, why))
    if not promoted.is_accepted:
        await release(store, promoted)
        return False
    await settle_all(store, set(await store.ids_of([promoted.person_id])) - {applicant_id})
    return True


async def release(store: Store, applicant: Applicant) -> None:
    """The person may be accepted elsewhere again."""

    def let_go(person: Person) -> Sequence[Event] | None:
        before = len(person.claims)
        person.release(applicant.id)
        return [] if len(person.claims) < before else None

    await store.persons.change(applicant.person_id, let_go)
    await settle_all(store, set(await store.ids_of([applicant.person_id])) - {applicant.id})
