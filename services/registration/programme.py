"""A programme's definition as the labour office hands it in: checked strictly, every error named by its field."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import isclose
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from shared.cells import BadCell, Cell, day, remembering, word
from shared.contracts import registration as contract
from shared.free_text import holds_nik
from shared.places import place


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its path ("classes[0].seats"), a reason code, and a sentence."""

    field: str
    reason: str
    message: str


class BadDefinition(ValueError):
    """A definition that cannot be used, with every error that was found."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.reason}" for error in errors))
        self.errors = errors


def parse(definition: object) -> contract.Programme:
    """The programme that a definition (the mapping read from YAML or JSON) describes. Raises BadDefinition."""
    try:
        checked = _Programme.model_validate(definition)
    except ValidationError as invalid:
        raise BadDefinition([_field_error(error) for error in invalid.errors(include_url=False)]) from None
    return contract.Programme.model_validate(checked.model_dump())


def class_called(programme: contract.Programme, cell: Cell) -> contract.ClassOffer | None:
    """The class that an answer names by its code or name, in any case and spacing."""
    stated = _called(cell)
    return next((offer for offer in programme.classes if stated in (_called(offer.code), _called(offer.name))), None)


@remembering
def _called(cell: Cell) -> str:
    return word(cell).replace(" ", "")


def _read_day(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        return day(value if isinstance(value, str) else None)
    except BadCell:
        raise PydanticCustomError("not_a_date", "a date is needed, as 2025-04-14") from None


def _read_city(value: object) -> object:
    try:
        return place(value) if isinstance(value, str) else value
    except BadCell:
        raise PydanticCustomError("not_a_place", "the name of a city or regency is needed") from None


def _nobodys_nik(code: str) -> str:
    if holds_nik(code):
        raise PydanticCustomError("looks_like_nik", "a code is published everywhere, so it must not be a NIK")
    return code


Day = Annotated[date, BeforeValidator(_read_day)]
Code = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40),
    AfterValidator(_nobodys_nik),
]
Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
City = Annotated[Text, BeforeValidator(_read_city)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class _Window(contract.Window, extra="forbid"):
    opens: Day
    closes: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes < self.opens:
            raise _error_at("closes", "before_opens", "registration closes before it opens", self.closes)
        return self


class _Training(contract.Training, extra="forbid"):
    starts: Day
    ends: Day
    minimum_attendance: Share | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.starts:
            raise _error_at("ends", "before_starts", "the training ends before it starts", self.ends)
        return self


class _SelectionRule(contract.SelectionRule, extra="forbid"):
    written_weight: Share
    interview_weight: Share
    pass_mark: Annotated[float, Field(strict=True, ge=0, le=100)]
    reserves_per_class: Annotated[StrictInt, Field(ge=0, le=10_000)] = 0
    reserve_until: Day | None = None
    reserve_confirm_days: Annotated[StrictInt, Field(ge=1, le=60)] | None = None

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        if not isclose(self.written_weight + self.interview_weight, 1, abs_tol=1e-9):
            raise _error_at("interview_weight", "weights_do_not_add_up", "the weights must add up to 1", None)
        return self


class _Eligibility(contract.Eligibility, extra="forbid"):
    resident_of: City | None = None
    minimum_age: Annotated[StrictInt, Field(ge=0, le=120)] | None = None
    healthy: StrictBool = False
    never_trained: StrictBool = False
    not_employed: StrictBool = False
    not_studying: StrictBool = False
    follows_social_media: StrictBool = False


class _Retention(contract.Retention, extra="forbid"):
    personal_data_months: Annotated[StrictInt, Field(ge=0, le=1_200)]


class _ClassOffer(contract.ClassOffer, extra="forbid"):
    code: Code
    name: Text
    vocation: Text
    provider: Text
    provider_kind: Text
    seats: Annotated[StrictInt, Field(ge=1, le=100_000)]
    lsp: Text
    scheme: Text


class _Programme(contract.Programme, extra="forbid"):
    code: Code
    name: Text
    fund: Text
    city: City
    registration: _Window
    training: _Training
    selection: _SelectionRule
    eligibility: _Eligibility
    retention: _Retention | None = None
    classes: Annotated[list[_ClassOffer], Field(min_length=1, max_length=1_000)]  # type: ignore[assignment]

    @model_validator(mode="after")
    def _classes_can_be_told_apart(self) -> Self:
        # A choice on the form names a class by either, so no code may be another class's name.
        called: dict[str, int] = {}
        for at, offer in enumerate(self.classes):
            for part, stated in (("code", _called(offer.code)), ("name", _called(offer.name))):
                if called.setdefault(stated, at) != at:
                    raise _error_at(f"classes[{at}].{part}", "not_unique", "another class is called the same", stated)
        return self


_REASONS: Final = {
    "extra_forbidden": "unknown_field",
    "missing": "missing",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "string_type": "not_text",
    "string_too_short": "missing",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "not_a_code",
    "int_type": "not_a_whole_number",
    "float_type": "not_a_number",
    "finite_number": "not_a_number",
    "bool_type": "not_true_or_false",
    "list_type": "not_a_list",
    "too_short": "empty",
    "too_long": "too_many",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
}


def _error_at(field: str, reason: str, message: str, value: Any) -> ValidationError:
    error = InitErrorDetails(type=PydanticCustomError(reason, message), loc=(field,), input=value)
    return ValidationError.from_exception_data("Programme", [error])


def _field_error(error: ErrorDetails) -> FieldError:
    path = "".join(_steps(error["loc"]))
    reason = _REASONS.get(error["type"], error["type"])
    if reason == "unknown_field" and error["loc"][0] == "eligibility":
        return FieldError(path, "unknown_rule", "There is no such rule.")
    return FieldError(path, reason, error["msg"].partition(" or instance of")[0])


def _steps(location: tuple[int | str, ...]) -> Iterator[str]:
    for at, step in enumerate(location):
        yield f"[{step}]" if isinstance(step, int) else f".{step}" if at else step
