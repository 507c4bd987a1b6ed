"""Who works: proposing graduates for vacancies, and the record of a run."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.caught_up import caught_up
from services.gateway.roles import PREFIX
from services.gateway.services import ROWS_TIMEOUT_S, at

router = APIRouter(prefix=PREFIX, tags=["matching"])


class Matching(BaseModel):
    as_of: date | None = Field(default=None, description="Which day decides what is open and valid; default today.")


@router.post("/programmes/{code}/matching/run")
async def match(code: str, gateway: TheGateway, caller: Known, body: Matching | None = None) -> Any:
    """Propose graduates for vacancies; a second run proposes only what is new."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "placement", code, caller)
    path = at("/programmes/{code}/matching", code=code)
    wanted = (body or Matching()).model_dump(mode="json", exclude_none=True)
    return await gateway.services.post("placement", path, caller, wanted, timeout_s=ROWS_TIMEOUT_S)


@router.get("/programmes/{code}/matching/runs/{run_id}")
async def show_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """A run with its candidates, openings and proposals, by ids, for anyone who wants to replay it."""
    path = at("/programmes/{code}/matching/runs/{run_id}", code=code, run_id=run_id)
    return await gateway.services.get("placement", path, caller, timeout_s=ROWS_TIMEOUT_S)


@router.get("/programmes/{code}/matching/runs/{run_id}/replay")
async def replay_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """Match anew from what the run recorded: `replays`, and the `differences` from what was proposed."""
    path = at("/programmes/{code}/matching/runs/{run_id}/replay", code=code, run_id=run_id)
    return await gateway.services.get("placement", path, caller, timeout_s=ROWS_TIMEOUT_S)
