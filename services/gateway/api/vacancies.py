"""Vacancies and who offers them: listed, written by form, closed."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.roles import PREFIX
from services.gateway.services import at
from shared.cells import Cell
from shared.problems import Invalid

router = APIRouter(prefix=PREFIX, tags=["vacancies"])

State = Literal["open", "filled", "expired", "closed"]


class Written(BaseModel):
    """The columns of the sheet of vacancies; `vacancy_id` and `version` of the one that is changed, if any."""

    model_config = ConfigDict(allow_inf_nan=False)

    cells: dict[str, Cell]
    vacancy_id: str | None = None
    version: int = 0


class Closing(BaseModel):
    closed: bool = Field(description="False opens it again.")
    reason: str = Field(max_length=500, pattern=r"\S")


@router.get("/vacancies")
async def list_vacancies(
    gateway: TheGateway,
    caller: Known,
    state: State | None = None,
    vocation: Annotated[str, Query(max_length=300)] = "",
    search: Annotated[str, Query(max_length=200, description="Words of code, employer and position.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
    closes_from: Annotated[date | None, Query(description="That took applications on this day, or will.")] = None,
) -> dict[str, Any]:
    """Vacancies, open ones first, by closing day; `states` counts all there are."""
    skip = place_of(cursor)
    asked: dict[str, Any] = {"state": state, "vocation": vocation, "search": search, "closes_from": closes_from}
    asked |= {"skip": skip, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value})
    answer = await gateway.services.get("placement", f"/vacancies?{query}", caller)
    items, total = answer["vacancies"], answer["total"]
    counts = {name: answer[name] for name in ("total", "states", "vocations")}
    return {"items": items, "next_cursor": further(skip, len(items), total), **counts}


@router.post("/vacancies")
async def write_vacancy(written: Written, gateway: TheGateway, caller: Known) -> Any:
    """Add a vacancy or change one. 409 `vacancy_known`, `changed_meanwhile` (with what it is `now`)."""
    return await gateway.services.post("placement", "/vacancies/form", caller, written.model_dump())


@router.get("/vacancies/{vacancy_id}")
async def show_vacancy(vacancy_id: str, gateway: TheGateway, caller: Known) -> Any:
    """One vacancy, with the ledger of who changed what."""
    return await gateway.services.get("placement", at("/vacancies/{id}", id=vacancy_id), caller)


@router.post("/vacancies/{vacancy_id}/state")
async def close_vacancy(vacancy_id: str, closing: Closing, gateway: TheGateway, caller: Known) -> Any:
    """Close a vacancy before its day, or open it again; nobody is proposed for a closed one."""
    path = at("/vacancies/{id}/state", id=vacancy_id)
    return await gateway.services.post("placement", path, caller, closing.model_dump())


@router.get("/employers")
async def list_employers(
    gateway: TheGateway,
    caller: Known,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """What each employer offers, and how many seats of it are proposed and agreed on, by name."""
    skip = place_of(cursor)
    answer = await gateway.services.get("placement", f"/employers?skip={skip}&limit={limit}", caller)
    items, total = answer["employers"], answer["total"]
    return {"items": items, "next_cursor": further(skip, len(items), total), "total": total}


def place_of(cursor: str | None) -> int:
    """How many a page leaves behind it. Raises Invalid `bad_cursor`."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 7):
        raise Invalid("bad_cursor", "This is no cursor of this list.")
    return int(cursor)


def further(skip: int, shown: int, total: int) -> str | None:
    """The cursor of the next page; None on the last."""
    return str(skip + shown) if shown and skip + shown < total else None
