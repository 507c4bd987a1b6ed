"""What the gateway knows of each applicant and programme, from events alone: it names nobody."""

from datetime import datetime
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, Field

from shared.contracts.certification import AssessmentRecorded, CertificateIssued, Result, TrainingCompleted
from shared.contracts.placement import JobMatched, MatchAnswered, PlacementRecorded, Source, Status
from shared.contracts.registration import ApplicantRegistered, Facts, Programme
from shared.contracts.selection import ApplicantScreened, Outcome, ScoresRecorded, SelectionDecided
from shared.contracts.selection import Stage as DecidedAt
from shared.documents import Document
from shared.meta import Meta


class Order(NamedTuple):
    """Where an event stands among those of its subject."""

    sequence: int = 0
    n: int = 0


class Screening(BaseModel):
    passed: bool
    reasons: list[str]
    order: Order


class Scores(BaseModel):
    total: float | None
    absent: bool


class Decision(BaseModel):
    outcome: Outcome
    stage: DecidedAt
    class_code: str | None
    rank: int | None
    total: float | None
    reasons: list[str]
    order: Order


class Attempt(BaseModel):
    number: int
    result: Result
    order: Order


class Certificate(BaseModel):
    """Not yet `issued` while only its revocation has arrived."""

    issued: bool = False
    revoked: bool = False


class Placement(BaseModel):
    status: Status
    wave: int | None
    source: Source
    order: Order


Ordered = TypeVar("Ordered", Attempt, Placement)


class Applicant(Document):
    """One applicant, absorbed from events in any order.

    `says_trained` is what the applicant stated about earlier training. Derived by `derive.py`, for queries: `stage`;
    `facets`, by which lists find them, and `registered_us`, by which one sorts; `block`, with whom they are counted;
    `tally`, how the funnel counts them; `portrait`, who they are as far as pictures show it.
    """

    registration_no: str | None = None
    number: int = 0
    person_id: str | None = None
    registered_at: datetime | None = None
    choices: list[str] = Field(default_factory=list)
    says_trained: bool = False
    age: int = 0
    gender: str = ""
    city: str = ""
    district: str | None = None
    facts_order: Order = Order()
    withdrawn: bool = False
    screening: Screening | None = None
    scores: Scores | None = None
    decision: Decision | None = None
    completed: bool | None = None
    attempts: dict[str, Attempt] = Field(default_factory=dict)
    certificates: dict[str, Certificate] = Field(default_factory=dict)
    matches: list[str] = Field(default_factory=list)
    refused_matches: list[str] = Field(default_factory=list)
    placements: dict[str, Placement] = Field(default_factory=dict)
    stage: str = ""
    facets: list[str] = Field(default_factory=list)
    registered_us: int | None = None
    block: int | None = None
    tally: str = ""
    portrait: str = ""

    @property
    def standing_decision(self) -> Decision | None:
        """The decision that holds: a refusal by screening ends when a later screening is passed."""
        decision, screening = self.decision, self.screening
        refused = decision is not None and decision.stage is DecidedAt.ADMINISTRATION
        overruled = decision and screening and screening.passed and screening.order > decision.order
        return None if refused and overruled else decision

    @property
    def reasons(self) -> list[str]:
        """Why somebody was refused or rejected, as far as anybody has said."""
        decision, screening = self.standing_decision, self.screening
        return decision.reasons if decision else screening.reasons if screening else []

    def registered(self, event: ApplicantRegistered, meta: Meta) -> None:
        self.registration_no = event.registration_no
        self.number = int(event.registration_no.rsplit("-", 1)[-1])
        self.registered_at = event.registered_at
        self.take_facts(event, event.person_id, meta)

    def take_facts(self, facts: Facts, person_id: str, meta: Meta) -> None:
        """The facts as of this event, unless a later one, registered or corrected, came first."""
        order = order_of(meta)
        if order > self.facts_order:
            self.choices, self.says_trained = facts.choices, facts.trained_before
            self.age, self.gender = facts.age, facts.gender.value
            self.city, self.district = facts.city, facts.district
            self.person_id, self.facts_order = person_id, order

    def withdraws(self) -> None:
        self.withdrawn = True

    def screened(self, event: ApplicantScreened, meta: Meta) -> None:
        self.screening = Screening(passed=event.passed, reasons=event.reasons, order=order_of(meta))

    def scored(self, event: ScoresRecorded) -> None:
        self.scores = Scores(total=event.total, absent=event.absent)

    def decided(self, event: SelectionDecided, meta: Meta) -> None:
        self.decision = Decision(
            outcome=event.outcome,
            stage=event.stage,
            class_code=event.class_code,
            rank=event.rank,
            total=event.total,
            reasons=event.reasons,
            order=order_of(meta),
        )

    def trained(self, event: TrainingCompleted) -> None:
        self.completed = event.completed

    # what accumulates: each says whether it was news

    def assessed(self, event: AssessmentRecorded, meta: Meta) -> bool:
        """Attempts accumulate; a correction of one replaces it."""
        attempt = Attempt(number=event.attempt, result=event.result, order=order_of(meta))
        return _keep_the_later(self.attempts, str(event.attempt), attempt)

    def certified(self, event: CertificateIssued) -> bool:
        certificate = self.certificates.setdefault(event.certificate_id, Certificate())
        is_news, certificate.issued = not certificate.issued, True
        return is_news

    def revoked(self, certificate_id: str) -> bool:
        certificate = self.certificates.setdefault(certificate_id, Certificate())
        is_news, certificate.revoked = not certificate.revoked, True
        return is_news

    def matched(self, event: JobMatched) -> bool:
        is_news = event.match_id not in self.matches
        if is_news:
            self.matches = sorted([*self.matches, event.match_id])  # the same whatever the order of events
        return is_news

    def answered(self, event: MatchAnswered) -> bool:
        """A refusal is the last that is said to a match."""
        is_news = not event.accepted and event.match_id not in self.refused_matches
        if is_news:
            self.refused_matches = sorted([*self.refused_matches, event.match_id])
        return is_news

    def placed(self, event: PlacementRecorded, meta: Meta) -> bool:
        """Waves accumulate; what is reported outside the tracer study is kept per source."""
        key = str(event.wave) if event.wave is not None else event.source.value
        placement = Placement(status=event.status, wave=event.wave, source=event.source, order=order_of(meta))
        return _keep_the_later(self.placements, key, placement)


class Person(Document):
    """The trainings that alumni lists name for one person, each with its year."""

    trainings: list[str] = Field(default_factory=list)

    def was_trained(self, training: str) -> bool:
        """Whether that was news."""
        is_news = training not in self.trainings
        if is_news:
            self.trainings = sorted([*self.trainings, training])
        return is_news


class ProgrammeView(Document):
    """A programme as last defined."""

    revision: int = 0
    programme: Programme | None = None


def order_of(meta: Meta) -> Order:
    return Order(meta.sequence, meta.n)


def _keep_the_later(held: dict[str, Ordered], key: str, told: Ordered) -> bool:
    is_news = key not in held or told.order > held[key].order
    if is_news:
        held[key] = told
    return is_news
