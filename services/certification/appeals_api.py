"""Commands and queries over HTTP about appeals: filing, giving them to an assessor, deciding, and which are open."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.certification import appeal
from services.certification.appeal import Filing, Outcome
from services.certification.results_api import programme_of
from services.certification.store import Store
from services.certification.trainee import Appeal, Trainee
from shared.cells import JAKARTA
from shared.free_text import discreet
from shared.judging import Change, RowRefused, RowWaits
from shared.ledger import signature
from shared.problems import Conflict

router = APIRouter()

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(discreet)]


class File(BaseModel):
    attempt: int
    explained: bool
    discussed: bool
    others_involved: bool
    reason: Words


class Assign(BaseModel):
    """`seen` is the assessor whom they replace, as whoever assigns has seen it."""

    assessor: Words
    seen: str = Field(default="", max_length=500)


class Decide(BaseModel):
    outcome: Outcome
    competent: frozenset[str] = Field(default=frozenset(), description="Of an upheld appeal: units competent now.")
    reason: Words


@router.get("/programmes/{code}/appeals")
async def list_appeals(code: str, request: Request) -> dict[str, Any]:
    """All appeals of a programme: the open ones first, by the day they are due, with the days that are left."""
    store: Store = request.app.state.store
    today = _today()
    found = [
        {"applicant_id": trainee.id, "class_code": trainee.class_code, **_shown(one, today)}
        for trainee in await store.appellants(code)
        for one in trainee.appeals
    ]
    return {"items": sorted(found, key=lambda one: (one["decision"] is not None, one["due_on"], one["applicant_id"]))}


@router.post("/applicants/{applicant_id}/appeals")
async def file(applicant_id: str, body: File, request: Request) -> dict[str, Any]:
    """Appeal against the latest result. 409 `not_appealable`, `appealed_before`."""
    store: Store = request.app.state.store
    programme, signed, today = await programme_of(store, applicant_id), signature(), _today()
    filing = Filing.model_validate(body.model_dump(exclude={"attempt"}))
    days = request.app.state.settings.appeal_days

    def rule(trainee: Trainee) -> Change | None:
        try:
            return appeal.file(trainee, body.attempt, filing, programme, today, days, signed)
        except (RowRefused, RowWaits):
            raise Conflict("not_a_trainee", "This applicant has no place in a class.") from None

    return await _changed(store, applicant_id, rule)


@router.post("/applicants/{applicant_id}/appeals/{number}/assessor")
async def assign(applicant_id: str, number: int, body: Assign, request: Request) -> dict[str, Any]:
    """Give an appeal to an assessor. 409 `assigned_meanwhile`, `assessor_…`, `appeal_decided`."""
    signed = signature()

    def rule(trainee: Trainee) -> Change | None:
        return appeal.assign(trainee, number, body.assessor, body.seen, signed)

    return await _changed(request.app.state.store, applicant_id, rule)


@router.post("/applicants/{applicant_id}/appeals/{number}/decision")
async def decide(applicant_id: str, number: int, body: Decide, request: Request) -> dict[str, Any]:
    """Decide an appeal. 409 `no_assessor`, `appeal_decided`, `result_changed`; 422 `nothing_upheld`."""
    signed, today = signature(), _today()

    def rule(trainee: Trainee) -> Change | None:
        return appeal.decide(trainee, number, body.outcome, body.competent, body.reason, today, signed)

    return await _changed(request.app.state.store, applicant_id, rule)


async def _changed(store: Store, applicant_id: str, rule: Callable[[Trainee], Change | None]) -> dict[str, Any]:
    await programme_of(store, applicant_id)
    appeals: list[Appeal] = []

    def noting(trainee: Trainee) -> Change | None:
        nonlocal appeals
        change, appeals = rule(trainee), trainee.appeals
        return change

    await store.record(applicant_id, noting)
    return {"applicant_id": applicant_id, "appeals": [_shown(one, _today()) for one in appeals]}


def _shown(one: Appeal, today: date) -> dict[str, Any]:
    days_left = None if one.decision else (one.due_on - today).days
    return {**one.model_dump(mode="json"), "days_left": days_left}


def _today() -> date:
    return datetime.now(JAKARTA).date()
