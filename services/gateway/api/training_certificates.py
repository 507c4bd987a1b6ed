"""The office's own training certificates: issuing them, to a class or to one, revoking, and printing."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.gateway.api.applicants import Why
from services.gateway.api.classes import PDF, show_class
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.discretion import naming_nobody
from services.gateway.names import names_of, numbers_of
from services.gateway.roles import PREFIX
from services.gateway.services import at
from services.gateway.workbook import PDF_TYPE, as_file
from shared.problems import Invalid, NotFound

router = APIRouter(prefix=PREFIX, tags=["training certificates"])


class Issue(BaseModel):
    again: bool = Field(default=False, description="Another one, under another number, although one was revoked.")


class Revocation(BaseModel):
    certificate_no: str = Field(max_length=200)
    reason: str = Field(max_length=500, pattern=r"\S")


@router.post("/programmes/{code}/classes/{class_code}/training-certificates")
async def issue_to_class(code: str, class_code: str, gateway: TheGateway, caller: Known) -> Any:
    """Issue to everybody of a class who has completed the training and was never issued one, by registration number."""
    people = (await show_class(code, class_code, gateway, caller))["people"]
    path = at("/programmes/{code}/classes/{class_code}/training-certificates", code=code, class_code=class_code)
    body = {"order": [one["applicant_id"] for one in people]}
    return await gateway.services.post("certification", path, caller, body)


@router.post("/applicants/{applicant_id}/training-certificates")
async def issue_to_one(applicant_id: str, issue: Issue, gateway: TheGateway, caller: Known) -> Any:
    """Issue to one; who holds a valid one keeps it. 409 `training_not_completed`, `training_certificate_revoked`."""
    return await gateway.services.post("certification", _of(applicant_id), caller, issue.model_dump())


@router.post("/applicants/{applicant_id}/training-certificates/revocation")
async def revoke(applicant_id: str, revocation: Revocation, gateway: TheGateway, caller: Known) -> Any:
    """Withdraw one, with the reason that whoever verifies it gets to read. 409 `already_revoked`."""
    reason = await naming_nobody(gateway.services, applicant_id, revocation.reason, caller)
    body = {"certificate_no": revocation.certificate_no, "reason": reason}
    return await gateway.services.post("certification", f"{_of(applicant_id)}/revocation", caller, body)


@router.get("/programmes/{code}/classes/{class_code}/training-certificates.pdf", response_class=Response, responses=PDF)
async def print_of_class(
    code: str, class_code: str, request: Request, gateway: TheGateway, caller: Known, why: Why = None
) -> Response:
    """The valid certificates of a class, a page each. 404 `no_training_certificate`, 422 `reason_missing`."""
    people = (await show_class(code, class_code, gateway, caller))["people"]
    held = {one["applicant_id"]: one["training_certificates"] for one in people}
    return await _printed(held, f"sertifikat-pelatihan-{class_code}.pdf", request, gateway, caller, why)


@router.get("/applicants/{applicant_id}/training-certificate.pdf", response_class=Response, responses=PDF)
async def print_of_one(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Known, why: Why = None
) -> Response:
    """The valid certificate of one person. 404 `no_training_certificate`, `erased`, 422 `reason_missing`."""
    path = at("/applicants/{applicant_id}", applicant_id=applicant_id)
    known = await gateway.services.get("certification", path, caller)
    held = {applicant_id: known["training_certificates"]}
    return await _printed(held, "sertifikat-pelatihan.pdf", request, gateway, caller, why)


async def _printed(
    held: dict[str, Sequence[dict[str, Any]]],
    file: str,
    request: Request,
    gateway: Gateway,
    caller: Caller,
    why: str | None,
) -> Response:
    """`held` has all certificates by applicant. Without a name it would be a form for whoever finds it, so none is.

    Raises Forbidden, Invalid, NotFound.
    """
    if not (why or "").strip():
        raise Invalid("reason_missing", "Names are printed: say what for. It is kept on record.")
    valid = {who: one for who, some in held.items() for one in some if one["status"] == "valid"}
    if not valid:
        raise NotFound("no_training_certificate", "There is no valid certificate to print.")
    names = await names_of(gateway.services, list(valid), why, caller)
    if not names:
        raise NotFound("erased", "The personal data have been erased.")
    numbers = await numbers_of(gateway.store, list(names))
    people = [(names[who], numbers[who], one) for who, one in valid.items() if who in names]
    office = request.app.state.settings.office
    made = await asyncio.to_thread(_certificates, people, office, gateway.public_url)
    return Response(made, media_type=PDF_TYPE, headers=as_file(file))


def _certificates(people: list[tuple[str, str, dict[str, Any]]], office: str, public_url: str) -> bytes:
    # not before something is printed: it takes 9 MB
    from services.gateway.training_certificate import Certified, training_certificates

    return training_certificates([Certified(*one) for one in people], office=office, public_url=public_url)


def _of(applicant_id: str) -> str:
    return at("/applicants/{applicant_id}/training-certificates", applicant_id=applicant_id)
