"""Appeals (banding): filing one, giving it to an assessor, deciding it, and which are open until when."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.discretion import naming_nobody
from services.gateway.masking import without_free_text
from services.gateway.names import numbers_of
from services.gateway.roles import PREFIX, may
from services.gateway.services import at

router = APIRouter(prefix=PREFIX, tags=["appeals"])

_FILE = ("POST", "/applicants/{applicant_id}/appeals")
Words = Annotated[str, Field(max_length=500, pattern=r"\S")]


class Appeal(BaseModel):
    """The questions of FR.AK.04: was the procedure explained, was the result discussed with the assessor, shall
    somebody else take part.
    """

    attempt: int = Field(ge=1)
    explained: bool
    discussed: bool
    others_involved: bool
    reason: Words


class Assessor(BaseModel):
    """`seen` is the assessor whom they replace, as it was seen; "" for nobody."""

    assessor: Words
    seen: str = Field(default="", max_length=500)


class Decision(BaseModel):
    outcome: Literal["upheld", "dismissed"]
    competent: list[str] = Field(default_factory=list, max_length=100, description="Upheld: units competent now.")
    reason: Words


@router.get("/programmes/{code}/appeals")
async def list_appeals(code: str, gateway: TheGateway, caller: Known) -> Any:
    """All appeals of a programme, the open ones first; why somebody appealed is for those who may file one."""
    await gateway.programmes.of(code, caller)
    found = await gateway.services.get("certification", at("/programmes/{code}/appeals", code=code), caller)
    numbers = await numbers_of(gateway.store, [one["applicant_id"] for one in found["items"]])
    told = {"items": [{"registration_no": numbers[one["applicant_id"]], **one} for one in found["items"]]}
    return told if may(caller.actor.role, *_FILE) else without_free_text(told)


@router.post("/applicants/{applicant_id}/appeals")
async def file_appeal(applicant_id: str, appeal: Appeal, gateway: TheGateway, caller: Known) -> Any:
    """Appeal against the latest result. 409 `not_appealable`, `appealed_before`."""
    path = at("/applicants/{applicant_id}/appeals", applicant_id=applicant_id)
    reason = await naming_nobody(gateway.services, applicant_id, appeal.reason, caller)
    return await gateway.services.post("certification", path, caller, {**appeal.model_dump(), "reason": reason})


@router.post("/applicants/{applicant_id}/appeals/{number}/assessor")
async def assign_assessor(applicant_id: str, number: int, given: Assessor, gateway: TheGateway, caller: Known) -> Any:
    """Give an appeal to an assessor: 409 `assigned_meanwhile` (`theirs`, `by`, `at`), `assessor_tested`."""
    path = at("/applicants/{applicant_id}/appeals/{number}/assessor", applicant_id=applicant_id, number=str(number))
    return await gateway.services.post("certification", path, caller, given.model_dump())


@router.post("/applicants/{applicant_id}/appeals/{number}/decision")
async def decide_appeal(applicant_id: str, number: int, decision: Decision, gateway: TheGateway, caller: Known) -> Any:
    """Decide an appeal. Upheld, it supersedes the result: the units named are competent after all."""
    path = at("/applicants/{applicant_id}/appeals/{number}/decision", applicant_id=applicant_id, number=str(number))
    reason = await naming_nobody(gateway.services, applicant_id, decision.reason, caller)
    return await gateway.services.post("certification", path, caller, {**decision.model_dump(), "reason": reason})
