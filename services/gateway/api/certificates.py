"""Certificates: anybody may verify one, staff may revoke one."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import PUBLIC, Known
from services.gateway.services import at

public = APIRouter(tags=["certificates"])
router = APIRouter(tags=["certificates"])


class Revocation(BaseModel):
    reason: str = Field(min_length=1)


@public.get("/verify/{verify_code}")
async def verify(verify_code: str, gateway: TheGateway) -> dict[str, Any]:
    """Whether a certificate is valid, expired or revoked (with the reason); needs no token, names nobody."""
    path = at("/verify/{verify_code}", verify_code=verify_code)
    found: dict[str, Any] = await gateway.services.get("certification", path, PUBLIC)
    of_holder = at("/applicants/{applicant_id}", applicant_id=found.pop("applicant_id"))
    holder = await gateway.services.get("registration", of_holder, PUBLIC)
    return {**found, "initials": holder["initials"]}


@router.post("/certificates/{certificate_id}/revocation")
async def revoke(certificate_id: str, revocation: Revocation, gateway: TheGateway, caller: Known) -> Any:
    """Withdraw a certificate, with the reason that whoever verifies it gets to read."""
    path = at("/certificates/{certificate_id}/revocation", certificate_id=certificate_id)
    return await gateway.services.post("certification", path, caller, revocation.model_dump())
