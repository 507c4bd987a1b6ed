"""What registration publishes: programmes, who applies, and what they were trained in before."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.event import AboutApplicant, Contract, Event


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"


class Occupation(StrEnum):
    NONE = "none"
    EMPLOYED = "employed"
    STUDYING = "studying"
    SELF_EMPLOYED = "self_employed"


class Window(Contract):
    """Registration is open from the first day's start to the last day's end, Asia/Jakarta."""

    opens: date
    closes: date


class Training(Contract):
    starts: date
    ends: date
    minimum_attendance: float | None = Field(
        default=None, description="Share of the days, 0 to 1; none means that presence alone does not decide."
    )


class SelectionRule(Contract):
    written_weight: float = Field(description="0 to 1; the two weights add up to 1.")
    interview_weight: float
    pass_mark: float = Field(description="0 to 100; a total below it is rejected.")
    reserves_per_class: int = 0
    reserve_until: date | None = Field(
        default=None, description="Last day on which a freed seat goes to a reserve; none means the training's start."
    )
    reserve_confirm_days: int | None = Field(
        default=None,
        description="Days a reserve has to confirm a seat that became free; none means that they get it at once.",
    )


class Eligibility(Contract):
    """The administrative rules; a rule that is absent or false is not applied."""

    resident_of: str | None = None
    minimum_age: int | None = Field(default=None, description="In years, at the training's start.")
    healthy: bool = False
    never_trained: bool = False
    not_employed: bool = False
    not_studying: bool = False
    follows_social_media: bool = False


class Retention(Contract):
    personal_data_months: int = Field(
        description="How many months after the training's end registration keeps who the applicants are."
    )


class ClassOffer(Contract):
    code: str
    name: str
    vocation: str
    provider: str
    provider_kind: str
    seats: int
    lsp: str = Field(description="The certification body that assesses this class.")
    scheme: str = Field(description="The certification scheme its trainees are assessed against.")


class Programme(Contract):
    """A training programme as the labour office defines it."""

    code: str
    name: str
    fund: str
    city: str
    registration: Window
    training: Training
    selection: SelectionRule
    eligibility: Eligibility
    retention: Retention | None = Field(default=None, description="None: personal data are kept.")
    classes: list[ClassOffer]

    def class_of(self, code: str) -> ClassOffer | None:
        return next((offer for offer in self.classes if offer.code == code), None)


class Facts(Contract):
    """What the rules need to know about an applicant. It names nobody."""

    choices: list[str] = Field(description="Class codes, first choice first.")
    willing_to_move: bool
    city: str
    district: str | None = None
    age: int = Field(description="Whole years at the training's start.")
    education: str
    gender: Gender
    occupation: Occupation
    health_certificate: bool
    trained_before: bool = Field(description="As stated by the applicant.")
    follows_social_media: bool


class FromRegistration(Event):
    service: ClassVar[str] = "registration"


class ProgrammeOpened(FromRegistration):
    """A programme was defined, or changed (then with a higher revision)."""

    touches_health: ClassVar[bool] = False

    programme_code: str
    revision: int
    programme: Programme


class ApplicantRegistered(FromRegistration, AboutApplicant, Facts):
    """A registration was accepted."""

    touches_health: ClassVar[bool] = True

    registration_no: str
    person_id: str = Field(description="The same person across programmes; a keyed hash that cannot be reversed.")
    registered_at: datetime


class ApplicantCorrected(FromRegistration, AboutApplicant, Facts):
    """A fact about an applicant was corrected; carries all facts as they are now."""

    touches_health: ClassVar[bool] = True

    person_id: str
    previous_person_id: str
    reason: str


class ApplicantWithdrawn(FromRegistration, AboutApplicant):
    """An applicant withdrew."""

    touches_health: ClassVar[bool] = True

    reason: str
    withdrawn_on: date


class PriorTrainingRecorded(FromRegistration):
    """An alumni list names this person."""

    touches_health: ClassVar[bool] = False

    person_id: str
    programme_name: str
    year: int


EVENTS: tuple[type[Event], ...] = (
    ProgrammeOpened,
    ApplicantRegistered,
    ApplicantCorrected,
    ApplicantWithdrawn,
    PriorTrainingRecorded,
)
