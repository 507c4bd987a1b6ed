"""Banding: the forms of an appeal on a trainee's page."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.gateway.api import appeals
from services.gateway.api.appeals import Appeal, Assessor, Decision
from services.gateway.api.gateway import TheGateway
from services.gateway.pages.assessments import back, shown_one
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.uploads import form_of

router = APIRouter(route_class=Page, include_in_schema=False)

_YES = "ya"
_QUESTIONS = ("explained", "discussed", "others_involved")


@router.post("/uji/{applicant_id}/banding")
async def file(applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """File an appeal: three questions, each answered with yes or no, and the reason."""
    typed = await _typed(request)
    answers = {name: {_YES: True, "tidak": False}.get(typed.get(name, "")) for name in _QUESTIONS}
    try:
        stated = {"attempt": typed.get("attempt"), "reason": typed.get("alasan", ""), **answers}
        await appeals.file_appeal(applicant_id, Appeal.model_validate(stated), gateway, caller)
    except (ValidationError, Refused) as wrong:
        return await shown_one(applicant_id, request, gateway, caller, form="banding", typed=typed, **_told(wrong))
    return back(applicant_id)


@router.post("/uji/{applicant_id}/banding/{number}/asesor")
async def assign(applicant_id: str, number: int, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Give the appeal to an assessor; one who tested the appellant is refused, and nobody else's choice overwritten."""
    typed = await _typed(request)
    try:
        given = Assessor.model_validate(
            {"assessor": typed.get("asesor_banding", ""), "seen": typed.get("terlihat", "")}
        )
        await appeals.assign_assessor(applicant_id, number, given, gateway, caller)
    except (ValidationError, Refused) as wrong:
        return await shown_one(applicant_id, request, gateway, caller, form="asesor", typed=typed, **_told(wrong))
    return back(applicant_id)


@router.post("/uji/{applicant_id}/banding/{number}/putusan")
async def decide(applicant_id: str, number: int, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Decide the appeal, with the reason; `kompeten` are the units that are competent after all."""
    typed = await _typed(request)
    units = [str(unit) for unit in (await form_of(request)).getlist("kompeten")]
    outcome = typed.get("putusan")
    stated = {"outcome": outcome, "reason": typed.get("alasan", ""), "competent": units if outcome == "upheld" else []}
    try:
        await appeals.decide_appeal(applicant_id, number, Decision.model_validate(stated), gateway, caller)
    except (ValidationError, Refused) as wrong:
        return await shown_one(applicant_id, request, gateway, caller, form="putusan", typed=typed, **_told(wrong))
    return back(applicant_id)


async def _typed(request: Request) -> dict[str, str]:
    return {name: str(value).strip() for name, value in (await form_of(request)).items()}


def _told(wrong: ValidationError | Refused) -> dict[str, Any]:
    if isinstance(wrong, Refused):
        return {"refused": wrong}
    return {"wrong": [{"reason": "alasan"}.get(field, field) for field in map(_field, wrong.errors())]}


def _field(error: Any) -> str:
    return str(error["loc"][0])
