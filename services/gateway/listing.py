"""One applicant as a list shows them: where they stand and why, without a name unless it is revealed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from services.gateway.masking import without_health
from services.gateway.readmodel import Applicant
from services.gateway.stages import Stage
from shared.contracts.selection import Outcome
from shared.problems import Invalid

Revealable = Literal["nik", "name", "phone", "email", "address", "birth_date", "kpj"]
REVEALABLE = get_args(Revealable)


class Item(BaseModel):
    """`says_trained` is what the applicant stated; `trained_in` what alumni lists tell, `accepted_in` which other
    programmes here gave them a place. Revealed fields (`nik`, `name`, …) stand beside the others, or `erased` does.
    """

    model_config = ConfigDict(extra="allow")

    applicant_id: str
    registration_no: str
    programme_code: str
    registered_at: datetime | None
    stage: Stage
    outcome: Outcome | None
    class_code: str | None
    rank: int | None
    total: float | None
    absent: bool
    reasons: list[str]
    choices: list[str]
    says_trained: bool
    trained_in: list[str]
    accepted_in: list[str]


class Page(BaseModel):
    """`next_cursor` is None on the last page."""

    items: list[Item]
    next_cursor: str | None = None


def item(
    applicant: Applicant, trained_in: list[str], accepted_in: set[str], revealed: Mapping[str, Any], *, health: bool
) -> Item:
    """`health` says whether the reader may see reasons that touch it."""
    decision, scores, reasons = applicant.standing_decision, applicant.scores, applicant.reasons
    return Item(
        applicant_id=applicant.id,
        registration_no=applicant.registration_no or "",
        programme_code=applicant.programme_code,
        registered_at=applicant.registered_at,
        stage=Stage(applicant.stage),
        outcome=decision.outcome if decision else None,
        class_code=decision.class_code if decision else None,
        rank=decision.rank if decision else None,
        total=scores.total if scores else None,
        absent=scores.absent if scores else False,
        reasons=reasons if health else without_health(reasons),
        choices=applicant.choices,
        says_trained=applicant.says_trained,
        trained_in=trained_in,
        accepted_in=sorted(accepted_in - {applicant.programme_code}),
        **revealed,
    )


def fields(reveal: str | None) -> list[str]:
    """The personal fields that `reveal=nik,name` asks for. Raises Invalid for a field there is not."""
    asked = [field.strip() for field in (reveal or "").split(",") if field.strip()]
    unknown = [field for field in asked if field not in REVEALABLE]
    if unknown:
        raise Invalid(
            "unknown_field",
            f"These fields can be revealed: {', '.join(REVEALABLE)}.",
            errors=[{"field": "reveal", "value": field, "reason": "unknown_field"} for field in unknown],
        )
    return asked
