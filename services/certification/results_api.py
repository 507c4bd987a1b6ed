"""Commands and queries over HTTP about results: which certificates are due, one result or certificate by hand."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.certification import assessment, certificate, sheets, verify_code
from services.certification.expected import Expected, expected
from services.certification.store import Store
from services.certification.trainee import Trainee
from shared.cells import JAKARTA, Cell
from shared.contracts.registration import Programme
from shared.judging import Change, RowRefused, RowWaits
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter()


class OneResult(BaseModel):
    """A row of a sheet. `seen` is how many results (`changes`) whoever enters it has seen of the trainee."""

    cells: dict[str, Cell]
    seen: int = Field(ge=0)


@router.get("/programmes/{code}/expected-certificates")
async def show_expected(code: str, request: Request) -> Expected:
    """Competent people, and whether their certificates have come."""
    store: Store = request.app.state.store
    programme = await store.programme(code)
    if programme is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    return expected(await store.competent(programme), datetime.now(JAKARTA).date())


@router.post("/applicants/{applicant_id}/assessments")
async def enter(applicant_id: str, body: OneResult, request: Request) -> dict[str, Any]:
    """Record one result, as from a sheet; the same again changes nothing. 409 `changed_meanwhile`."""
    store: Store = request.app.state.store
    programme = await programme_of(store, applicant_id)
    signed, change = signature(), None

    def rule(trainee: Trainee) -> Change | None:
        nonlocal change
        changes = trainee.changes()
        change = assessment.record(trainee, body.cells, programme, signed)
        if change is not None and changes != body.seen:
            raise Conflict("changed_meanwhile", "Another result of this trainee was recorded meanwhile.")
        return change

    try:
        await store.record(applicant_id, rule)
    except (RowRefused, RowWaits) as refused:
        errors = [one.model_dump(exclude_none=True) for one in refused.problems]
        raise Invalid("result_refused", "This result cannot be recorded.", errors=errors) from None
    return _told(change)


@router.post("/applicants/{applicant_id}/certificates")
async def enter_certificate(applicant_id: str, body: OneResult, request: Request) -> dict[str, Any]:
    """Record one certificate, or correct it, by the rules of the sheet; the same again changes nothing.

    `seen` is `certificate_changes` of the trainee. 409 `changed_meanwhile`, 422 `certificate_refused`.
    """
    store: Store = request.app.state.store
    programme, signed, change = await programme_of(store, applicant_id), signature(), None
    key = certificate.number_key(body.cells.get("certificate_no"))
    holder = (await store.holders([key])).get(key)

    def rule(trainee: Trainee) -> Change | None:
        nonlocal change
        changes = certificate.changes(trainee)
        change = certificate.record(
            trainee, body.cells, programme, signed, holder=holder, verify_code=verify_code.fresh()
        )
        if change is not None and changes != body.seen:
            raise Conflict("changed_meanwhile", "A certificate of this trainee was recorded meanwhile.")
        return change

    try:
        await sheets.record_numbered(store, applicant_id, body.cells, rule)
    except (RowRefused, RowWaits) as refused:
        errors = [one.model_dump(exclude_none=True) for one in refused.problems]
        raise Invalid("certificate_refused", "This certificate cannot be recorded.", errors=errors) from None
    return _told(change)


async def programme_of(store: Store, applicant_id: str) -> Programme:
    """The programme that an applicant is decided about in. Raises NotFound."""
    trainee = await store.trainees.get(applicant_id)
    programme = None if trainee is None else await store.programme(trainee.programme_code)
    if programme is None:
        raise NotFound("unknown_applicant", "Nothing has been decided about this applicant.")
    return programme


def _told(change: Change | None) -> dict[str, Any]:
    warnings = [one.model_dump(exclude_none=True) for one in change.warnings] if change else []
    return {"recorded": change is not None, "warnings": warnings}
