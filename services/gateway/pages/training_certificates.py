"""The office's own training certificates: issued, printed and revoked from the page of a class or of a person."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import training_certificates
from services.gateway.api.gateway import TheGateway
from services.gateway.api.training_certificates import Issue, Revocation
from services.gateway.pages import applicants, classes
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused, at
from shared.problems import Invalid, NotFound

router = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=500)]
_HERE: Final = "#sertifikat-pelatihan"


@router.post("/program/{code}/kelas/{class_code}/sertifikat-pelatihan")
async def issue_to_class(
    code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor
) -> Response:
    """Issue to everybody who has completed the training and was never issued one."""
    try:
        await training_certificates.issue_to_class(code, class_code, gateway, caller)
    except Refused as refused:
        return await classes.shown_one(code, class_code, request, gateway, caller, not_issued=refused.code)
    return RedirectResponse(classes.address(code, class_code) + _HERE, status_code=303)


@router.post("/program/{code}/kelas/{class_code}/cetak-sertifikat")
async def print_of_class(
    code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = ""
) -> Response:
    """The valid ones as PDF, with names."""
    try:
        return await training_certificates.print_of_class(code, class_code, request, gateway, caller, why=alasan)
    except (NotFound, Invalid) as problem:
        return await classes.shown_one(code, class_code, request, gateway, caller, not_issued=problem.code)


@router.post("/pendaftar/{applicant_id}/sertifikat-pelatihan")
async def issue(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, lagi: Annotated[bool, Form()] = False
) -> Response:
    """Issue to one; `lagi` another one after a revocation."""
    try:
        await training_certificates.issue_to_one(applicant_id, Issue(again=lagi), gateway, caller)
    except Refused as refused:
        return await applicants.shown_one(
            applicant_id, request, gateway, caller, form="terbit-pelatihan", refused=refused
        )
    return _back(applicant_id)


@router.post("/pendaftar/{applicant_id}/cabut-sertifikat")
async def revoke(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, nomor: Text = "", alasan: Text = ""
) -> Response:
    """Withdraw one, with the reason that whoever verifies it gets to read."""
    form, typed = "cabut-pelatihan", {"nomor": nomor, "alasan": alasan}
    if not alasan.strip():
        return await applicants.shown_one(applicant_id, request, gateway, caller, form=form, typed=typed)
    try:
        revocation = Revocation(certificate_no=nomor, reason=alasan)
        await training_certificates.revoke(applicant_id, revocation, gateway, caller)
    except Refused as refused:
        return await applicants.shown_one(
            applicant_id, request, gateway, caller, form=form, typed=typed, refused=refused
        )
    return _back(applicant_id)


@router.post("/pendaftar/{applicant_id}/cetak-sertifikat")
async def print_of_one(
    applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor, alasan: Text = ""
) -> Response:
    """One person's as PDF, with the name."""
    if not alasan.strip():
        return await applicants.shown_one(applicant_id, request, gateway, caller, form="cetak-pelatihan")
    try:
        return await training_certificates.print_of_one(applicant_id, request, gateway, caller, why=alasan)
    except NotFound as problem:
        return await applicants.shown_one(
            applicant_id, request, gateway, caller, form="cetak-pelatihan", refused=problem
        )


def _back(applicant_id: str) -> Response:
    return RedirectResponse(at("/pendaftar/{applicant_id}", applicant_id=applicant_id) + _HERE, status_code=303)
