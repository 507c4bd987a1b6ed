"""Scores as they are typed: the grid of those who are to be scored, and one cell of it."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.gateway.api.applicants import MOST_ITEMS
from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.roles import PREFIX
from services.gateway.services import at

router = APIRouter(prefix=PREFIX, tags=["selection"])

Part = Literal["written", "interview"]
# a string, as it was typed: a decimal comma is fine, and a dash means absent
Typed = Annotated[str, Field(max_length=40)]


class ScoreCell(BaseModel):
    value: Typed
    expected: Typed = Field(description="What the cell showed before; empty when nothing was known.")


class Scored(BaseModel):
    """A cell is "" when nothing is known, "-" when the person was absent. Without both there is no score row yet."""

    applicant_id: str
    registration_no: str
    choices: list[str]
    written: str
    interview: str
    total: float | None


class ScoreGrid(BaseModel):
    """`missing` counts those without a score row; 1001 stands for more than a thousand."""

    items: list[Scored]
    next_cursor: str | None
    missing: int
    decided: bool


@router.get("/programmes/{code}/scores")
async def list_scores(
    code: str,
    gateway: TheGateway,
    caller: Known,
    class_code: Annotated[str | None, Query(alias="class", max_length=200, description="Their first choice.")] = None,
    missing: Annotated[bool, Query(description="Only those who lack scores.")] = False,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> ScoreGrid:
    """Those who passed the administrative stage, by registration number, with what was typed so far."""
    asked = {"class": class_code, "missing": str(missing), "after": cursor, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    path = f"{at('/programmes/{code}/scores', code=code)}?{query}"
    return ScoreGrid.model_validate(await gateway.services.get("selection", path, caller))


@router.put("/applicants/{applicant_id}/scores/{part}")
async def enter_score(applicant_id: str, part: Part, cell: ScoreCell, gateway: TheGateway, caller: Known) -> Scored:
    """Record one cell. 409 `changed_meanwhile` tells what somebody else has written there, who, and when."""
    path = at("/applicants/{applicant_id}/scores/{part}", applicant_id=applicant_id, part=part)
    return Scored.model_validate(await gateway.services.put("selection", path, caller, cell.model_dump()))
