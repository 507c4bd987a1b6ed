"""What certification hears: programmes, who gets in, and who withdraws."""

from services.certification import enrolment
from services.certification.programme import OpenProgramme
from services.certification.store import Store
from services.certification.trainee import Trainee
from shared.contracts.registration import ApplicantWithdrawn, ProgrammeOpened
from shared.contracts.selection import SelectionDecided
from shared.ledger import signature
from shared.messaging import Subscriptions
from shared.meta import Meta

on = Subscriptions("certification")


@on(ProgrammeOpened)
async def take_definition(opened: ProgrammeOpened, meta: Meta, store: Store) -> None:
    """Keep the programme's definition: its classes, their schemes and bodies, and the attendance it asks for."""

    def take(programme: OpenProgramme) -> None:
        programme.open(opened)

    await store.programmes.change(opened.programme_code, take, meta=meta)


@on(SelectionDecided)
async def take_decision(decided: SelectionDecided, meta: Meta, store: Store) -> None:
    """Enrol who is accepted, and remember who is not."""
    signed = signature()

    def take(trainee: Trainee) -> None:
        enrolment.decide(trainee, decided, signed)

    await store.trainees.change(decided.applicant_id, take, meta=meta)


@on(ApplicantWithdrawn)
async def take_out(withdrawal: ApplicantWithdrawn, meta: Meta, store: Store) -> None:
    """Take out who withdraws."""
    signed = signature()

    def take(trainee: Trainee) -> None:
        enrolment.withdraw(trainee, withdrawal, signed)

    await store.trainees.change(withdrawal.applicant_id, take, meta=meta)
