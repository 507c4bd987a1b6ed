"""What placement hears: who applies, who gets in, who completes the training and who is certified."""

from collections.abc import Callable

from services.placement.graduate import Graduate
from services.placement.programme import OpenProgramme
from services.placement.store import Store
from shared.contracts import Event
from shared.contracts.certification import CertificateIssued, CertificateRevoked, TrainingCompleted
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    ProgrammeOpened,
)
from shared.contracts.selection import SelectionDecided
from shared.ledger import signature
from shared.messaging import Subscriptions
from shared.meta import Meta

on = Subscriptions("placement")


@on(ProgrammeOpened)
async def take_definition(opened: ProgrammeOpened, meta: Meta, store: Store) -> None:
    """Keep the programme's definition: its classes and their vocations."""

    def take(programme: OpenProgramme) -> None:
        programme.open(opened)

    await store.programmes.change(opened.programme_code, take, meta=meta)


@on(ApplicantRegistered)
async def meet_applicant(registered: ApplicantRegistered, meta: Meta, store: Store) -> None:
    """Remember where an applicant lives and what they learned."""
    await store.graduates.change(registered.applicant_id, lambda one: one.know(registered, meta), meta=meta)


@on(ApplicantCorrected)
async def correct_facts(corrected: ApplicantCorrected, meta: Meta, store: Store) -> None:
    """Take over the facts as they are now."""
    await store.graduates.change(corrected.applicant_id, lambda one: one.know(corrected, meta), meta=meta)


@on(ApplicantWithdrawn)
async def take_out(withdrawal: ApplicantWithdrawn, meta: Meta, store: Store) -> None:
    """Propose who withdrew no more; a seat proposed to them is free again."""
    signed = signature()
    await store.graduates.change(withdrawal.applicant_id, lambda one: one.withdraw(withdrawal, signed), meta=meta)


@on(SelectionDecided)
async def take_decision(decided: SelectionDecided, meta: Meta, store: Store) -> None:
    """Remember the class, and with it the vocation."""
    await store.graduates.change(decided.applicant_id, lambda one: one.decide(decided), meta=meta)


@on(TrainingCompleted)
async def take_completion(training: TrainingCompleted, meta: Meta, store: Store) -> None:
    """Remember who is a graduate."""
    signed = signature()
    await store.graduates.change(training.applicant_id, lambda one: one.finish(training, signed), meta=meta)


@on(CertificateIssued)
async def take_certificate(issued: CertificateIssued, meta: Meta, store: Store) -> None:
    """Remember a certificate, and until when it is valid."""
    signed = signature()
    await _accumulate(store, issued.applicant_id, meta, lambda one: one.certify(issued, meta, signed))


@on(CertificateRevoked)
async def revoke_certificate(revoked: CertificateRevoked, meta: Meta, store: Store) -> None:
    """Count a certificate no more."""
    signed = signature()
    await _accumulate(store, revoked.applicant_id, meta, lambda one: one.revoke(revoked, signed))


async def _accumulate(store: Store, applicant_id: str, meta: Meta, absorb: Callable[[Graduate], None]) -> None:
    """Somebody may hold several certificates, so that no event about one outdates an event about another."""

    def take(graduate: Graduate) -> list[Event]:
        absorb(graduate)
        if not graduate.has_absorbed(meta):
            graduate.mark(meta)
        return []

    await store.graduates.change(applicant_id, take)
