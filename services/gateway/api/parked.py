"""Parked messages, for operators: what could not be handled is looked at, replayed or discarded."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.roles import PREFIX
from shared.parking_api import MOST_ITEMS, Wanted

router = APIRouter(prefix=f"{PREFIX}/parked", tags=["parked messages"])


@router.get("")
async def list_parked(
    gateway: TheGateway,
    caller: Known,
    queue: str | None = None,
    cause: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: str = "",
) -> dict[str, Any]:
    """Groups by queue and cause, and messages in the order in which they were parked."""
    return await gateway.parked.page(queue, cause, cursor, limit, caller)


@router.get("/{message_id}")
async def show(message_id: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """One message: headers, body, and what operators did with it before."""
    return await gateway.parked.show(message_id, caller)


@router.post("/replay")
async def replay(wanted: Wanted, gateway: TheGateway, caller: Known) -> dict[str, int]:
    """Send messages to the one queue they came from again, under their own ids."""
    return await gateway.parked.do("replay", wanted, caller)


@router.post("/discard")
async def discard(wanted: Wanted, gateway: TheGateway, caller: Known) -> dict[str, int]:
    """Throw messages away on purpose; nobody waits for them any more."""
    return await gateway.parked.do("discard", wanted, caller)
