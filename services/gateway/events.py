"""What the gateway listens to: every event, absorbed into the read model."""

from services.gateway.readmodel import Person, ProgrammeView
from services.gateway.store import Store
from shared.contracts import Event
from shared.contracts.certification import (
    AssessmentRecorded,
    CertificateIssued,
    CertificateRevoked,
    TrainingCompleted,
)
from shared.contracts.placement import JobMatched, MatchAnswered, PlacementRecorded
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    PriorTrainingRecorded,
    ProgrammeOpened,
)
from shared.contracts.selection import ApplicantScreened, ScoresRecorded, SelectionDecided
from shared.messaging import Subscriptions
from shared.meta import Meta

on = Subscriptions("gateway")


@on(ProgrammeOpened)
async def show_programme(event: ProgrammeOpened, meta: Meta, store: Store) -> None:
    def decide(view: ProgrammeView) -> list[Event]:
        view.programme_code, view.revision, view.programme = event.programme_code, event.revision, event.programme
        return []

    await store.programmes.change(event.programme_code, decide, meta=meta)


@on(PriorTrainingRecorded)
async def note_earlier_training(event: PriorTrainingRecorded, meta: Meta, store: Store) -> None:
    def decide(person: Person) -> list[Event] | None:
        return [] if person.was_trained(f"{event.programme_name} ({event.year})") else None

    await store.people.change(event.person_id, decide)


@on(ApplicantRegistered)
async def register(event: ApplicantRegistered, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.registered(event, meta), meta)


@on(ApplicantCorrected)
async def correct(event: ApplicantCorrected, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.take_facts(event, event.person_id, meta), meta)


@on(ApplicantWithdrawn)
async def withdraw(event: ApplicantWithdrawn, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.withdraws(), meta)


@on(ApplicantScreened)
async def screen(event: ApplicantScreened, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.screened(event, meta), meta)


@on(ScoresRecorded)
async def score(event: ScoresRecorded, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.scored(event), meta)


@on(SelectionDecided)
async def decide_on(event: SelectionDecided, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.decided(event, meta), meta)


@on(TrainingCompleted)
async def train(event: TrainingCompleted, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.trained(event), meta)


# what follows accumulates: several of one type concern one applicant, in any order


@on(AssessmentRecorded)
async def assess(event: AssessmentRecorded, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.assessed(event, meta))


@on(CertificateIssued)
async def certify(event: CertificateIssued, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.certified(event))


@on(CertificateRevoked)
async def revoke(event: CertificateRevoked, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.revoked(event.certificate_id))


@on(JobMatched)
async def match(event: JobMatched, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.matched(event))


@on(MatchAnswered)
async def answer(event: MatchAnswered, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.answered(event))


@on(PlacementRecorded)
async def place(event: PlacementRecorded, meta: Meta, store: Store) -> None:
    await store.note(event, lambda applicant: applicant.placed(event, meta))
