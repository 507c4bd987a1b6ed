"""Who gets in: trying the selection out, deciding it, and the record of a run."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.caught_up import caught_up
from services.gateway.services import ROWS_TIMEOUT_S, at

router = APIRouter(tags=["selection"])


class Decide(BaseModel):
    run_id: str | None = Field(default=None, description="A simulation: decide only if its inputs are still the same.")


@router.post("/programmes/{code}/selection/simulate")
async def simulate(code: str, gateway: TheGateway, caller: Known) -> Any:
    """What a decision would bring now, without deciding."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "selection", code, caller)
    path = at("/programmes/{code}/selection/simulate", code=code)
    return await gateway.services.post("selection", path, caller, timeout_s=ROWS_TIMEOUT_S)


@router.post("/programmes/{code}/selection/decide")
async def decide(code: str, gateway: TheGateway, caller: Known, body: Decide | None = None) -> Any:
    """Decide. 409 `scores_missing` lists who passed and has no scores; 409 `inputs_changed` after a simulation."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "selection", code, caller)
    path = at("/programmes/{code}/selection/decide", code=code)
    wanted = (body or Decide()).model_dump(exclude_none=True)
    return await gateway.services.post("selection", path, caller, wanted, timeout_s=ROWS_TIMEOUT_S)


@router.get("/programmes/{code}/selection/runs/{run_id}")
async def show_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """A run with its inputs and its outcome, for anyone who wants to replay it."""
    path = at("/programmes/{code}/selection/runs/{run_id}", code=code, run_id=run_id)
    return await gateway.services.get("selection", path, caller)


@router.get("/programmes/{code}/selection/runs/{run_id}/replay")
async def replay_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """Allocate anew from what the run recorded: `replays`, and the `differences` from what was decided."""
    path = at("/programmes/{code}/selection/runs/{run_id}/replay", code=code, run_id=run_id)
    return await gateway.services.get("selection", path, caller)
