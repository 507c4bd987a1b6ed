"""One applicant as a list shows them: where they stand and why, without a name unless it is revealed."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from services.gateway.masking import without_health
from services.gateway.readmodel import Applicant
from services.gateway.stages import Stage
from shared.contracts.selection import Outcome
from shared.problems import Invalid

_HIGHEST_NUMBER = 1 << 53
Revealable = Literal["nik", "name", "phone", "email", "address", "birth_date"]
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
    decision, screening, scores = applicant.standing_decision, applicant.screening, applicant.scores
    reasons = decision.reasons if decision else screening.reasons if screening else []
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


def cursor(last: Applicant) -> str:
    """Where the page behind `last` begins."""
    return base64.urlsafe_b64encode(f"{last.number}.{last.id}".encode()).decode()


def after(cursor: str | None) -> tuple[int, str]:
    """The (number, id) behind which a page begins. Raises Invalid for a cursor we did not give."""
    if cursor is None:
        return (0, "")
    try:
        number, applicant_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(".", 1)
        place = (int(number), applicant_id)
    except (ValueError, binascii.Error):
        place = None
    if place is None or not 0 <= place[0] <= _HIGHEST_NUMBER:
        raise Invalid("bad_cursor", "The cursor is not one of ours.")
    return place


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
