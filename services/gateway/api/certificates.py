"""Certificates: anybody may verify one, staff may enter and revoke one."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import PUBLIC, Known
from services.gateway.discretion import naming_nobody
from services.gateway.rates import network
from services.gateway.roles import PREFIX
from services.gateway.services import Refused, at

public = APIRouter(prefix=PREFIX, tags=["certificates"])
at_the_root = APIRouter(tags=["certificates"])  # where it is short enough to be printed
router = APIRouter(prefix=PREFIX, tags=["certificates"])


class EnteredCertificate(BaseModel):
    """`seen` is `certificate_changes` of the trainee as they were when somebody sat down to enter this."""

    certificate_no: str = Field(max_length=500)
    scheme: str = Field(max_length=500)
    issued_on: date
    valid_until: date | None = Field(default=None, description="Three years on unless it is given.")
    seen: int = Field(ge=0)


class Revocation(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")


@public.get("/verify/{verify_code}")
@at_the_root.get("/verify/{verify_code}")
async def verify(verify_code: str, request: Request, gateway: TheGateway) -> dict[str, Any]:
    """Whether a certificate is valid, expired or revoked (with the reason); needs no token, names nobody.

    429 after too many, sooner when the codes are unknown.
    """
    where = network(request)
    gateway.rates.unknown_codes.check(where)
    gateway.rates.verifications.take(where)
    path = at("/verify/{verify_code}", verify_code=verify_code)
    try:
        found: dict[str, Any] = await gateway.services.get("certification", path, PUBLIC)
    except Refused:
        gateway.rates.unknown_codes.count(where)
        raise
    of_holder = at("/applicants/{applicant_id}", applicant_id=found.pop("applicant_id"))
    holder = await gateway.services.get("registration", of_holder, PUBLIC)
    return {**found, "initials": holder["initials"]}


@router.post("/applicants/{applicant_id}/certificates")
async def enter(applicant_id: str, entered: EnteredCertificate, gateway: TheGateway, caller: Known) -> Any:
    """Record a certificate that a certification body has issued, or correct it, as from a sheet.

    409 `changed_meanwhile`, 422 `certificate_refused` with the `errors`.
    """
    cells = entered.model_dump(mode="json", exclude={"seen"})
    unnamed = at("/applicants/{applicant_id}/unnamed", applicant_id=applicant_id)
    told = await gateway.services.post("registration", unnamed, caller, {"text": entered.certificate_no})
    cells["certificate_no"] = told["text"]
    path = at("/applicants/{applicant_id}/certificates", applicant_id=applicant_id)
    return await gateway.services.post("certification", path, caller, {"cells": cells, "seen": entered.seen})


@router.post("/certificates/{certificate_id}/revocation")
async def revoke(certificate_id: str, revocation: Revocation, gateway: TheGateway, caller: Known) -> Any:
    """Withdraw a certificate, with the reason that whoever verifies it gets to read."""
    path = at("/certificates/{certificate_id}/revocation", certificate_id=certificate_id)
    held = await gateway.services.get("certification", at("/certificates/{id}", id=certificate_id), caller)
    reason = await naming_nobody(gateway.services, held["applicant_id"], revocation.reason, caller)
    return await gateway.services.post("certification", path, caller, {"reason": reason})
