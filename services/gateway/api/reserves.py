"""Reserves: what they say about a seat that is offered to them, and seats that staff give them."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.gateway.api.applicants import Reason
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.discretion import naming_nobody
from services.gateway.roles import PREFIX
from services.gateway.services import at

router = APIRouter(prefix=PREFIX, tags=["selection"])


class Confirmation(BaseModel):
    reason: Reason | None = None


class Because(BaseModel):
    reason: Reason


@router.post("/applicants/{applicant_id}/seat/confirmation")
async def confirm(applicant_id: str, body: Confirmation, gateway: TheGateway, caller: Known) -> Any:
    """A reserve takes the seat that is offered to them. 409 `no_offer`, `not_reserve`, `already_answered`."""
    return await _post("/applicants/{applicant_id}/seat/confirmation", applicant_id, body.reason, gateway, caller)


@router.post("/applicants/{applicant_id}/seat/refusal")
async def decline(applicant_id: str, body: Because, gateway: TheGateway, caller: Known) -> Any:
    """A reserve does not want the seat: it is offered to the next one."""
    return await _post("/applicants/{applicant_id}/seat/refusal", applicant_id, body.reason, gateway, caller)


@router.post("/applicants/{applicant_id}/promotion")
async def promote(applicant_id: str, body: Because, gateway: TheGateway, caller: Known) -> Any:
    """Give a reserve a free seat of their class, whoever is before them. 409 `no_free_seat`, `not_reserve`."""
    return await _post("/applicants/{applicant_id}/promotion", applicant_id, body.reason, gateway, caller)


async def _post(path: str, applicant_id: str, reason: str | None, gateway: Gateway, caller: Caller) -> Any:
    said = await naming_nobody(gateway.services, applicant_id, reason, caller) if reason else None
    return await gateway.services.post(
        "selection", at(path, applicant_id=applicant_id), caller, {"reason": said} if said else {}
    )
