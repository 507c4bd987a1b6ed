"""What selection hears from registration."""

from collections.abc import Sequence

from services.selection.applicant import Applicant
from services.selection.applying import claim_person
from services.selection.person import Person
from services.selection.programme import OpenProgramme
from services.selection.rescreening import absorb, programme_of, settle_all
from services.selection.store import Store
from services.selection.withdrawing import withdraw
from shared.contracts import Event
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    PriorTrainingRecorded,
    ProgrammeOpened,
)
from shared.ledger import signature
from shared.messaging import Subscriptions
from shared.meta import Meta

on = Subscriptions("selection")


@on(ProgrammeOpened)
async def take_rules(opened: ProgrammeOpened, meta: Meta, store: Store) -> None:
    """Keep the programme's rules; when they change, everybody still undecided is screened anew."""

    def take(programme: OpenProgramme) -> Sequence[Event]:
        programme.programme_code = opened.programme_code
        programme.revision, programme.definition = opened.revision, opened.programme
        return []

    programme = await store.programmes.change(opened.programme_code, take, meta=meta)
    if not programme.decided:
        await settle_all(store, await store.ids_in(opened.programme_code))


@on(ApplicantRegistered)
async def screen_applicant(registered: ApplicantRegistered, meta: Meta, store: Store) -> None:
    """Take the facts in and apply the programme's rules to them."""
    await absorb(
        store,
        registered.applicant_id,
        registered.programme_code,
        registered.person_id,
        lambda applicant: applicant.registered(registered),
        meta,
    )


@on(ApplicantCorrected)
async def screen_again(corrected: ApplicantCorrected, meta: Meta, store: Store) -> None:
    """Take the corrected facts in; the earlier screening and decision stay on record."""
    signed = signature()
    applicant = await absorb(
        store,
        corrected.applicant_id,
        corrected.programme_code,
        corrected.person_id,
        lambda current: current.corrected(corrected, signed),
        meta,
    )
    if corrected.person_id != corrected.previous_person_id and applicant.is_accepted:
        await _move_claim(store, applicant, corrected)


@on(ApplicantWithdrawn)
async def free_seat(withdrawn: ApplicantWithdrawn, meta: Meta, store: Store) -> None:
    """Take somebody out, and let a reserve have the seat."""
    await withdraw(store, withdrawn, meta)


@on(PriorTrainingRecorded)
async def remember_training(recorded: PriorTrainingRecorded, meta: Meta, store: Store) -> None:
    """Remember an earlier training, and screen this person's registrations again."""

    def remember(person: Person) -> Sequence[Event] | None:
        return [] if person.record_training(recorded.programme_name, recorded.year) else None

    # no mark: a person's trainings come one event each, and each of them counts whatever the order
    await store.persons.change(recorded.person_id, remember)
    await settle_all(store, await store.ids_of([recorded.person_id]))


async def _move_claim(store: Store, applicant: Applicant, corrected: ApplicantCorrected) -> None:
    programme = await programme_of(store, applicant.programme_code)
    candidate = applicant.candidate(programme.rules.eligibility)
    await claim_person(store, applicant.programme_code, candidate._replace(exclusive=False))

    def release(person: Person) -> Sequence[Event]:
        person.release(applicant.id)
        return []

    await store.persons.change(corrected.previous_person_id, release)
