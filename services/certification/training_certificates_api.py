"""Commands over HTTP about the office's own training certificates: issuing them, to a class or to one, and revoking."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.certification import training_certificate, verify_code
from services.certification.appeals_api import Words
from services.certification.classes_api import TheClass
from services.certification.results_api import programme_of
from services.certification.store import Store
from services.certification.trainee import Trainee
from services.certification.training_certificate import Numbered, completed, standing_of
from shared.cells import JAKARTA
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.ledger import signature
from shared.problems import Conflict
from shared.storage import Taken

router = APIRouter()


class Issue(BaseModel):
    again: bool = Field(default=False, description="Another one, although one was revoked.")


class IssueToClass(BaseModel):
    order: list[str] = Field(default_factory=list, max_length=1_000, description="Applicants, as numbers shall follow.")


class Revoke(BaseModel):
    certificate_no: str
    reason: Words = Field(description="Told to whoever verifies the certificate, so it names nobody.")


@router.post("/programmes/{code}/classes/{class_code}/training-certificates")
async def issue_to_class(known: TheClass, body: IssueToClass) -> dict[str, Any]:
    """Issue to everybody of a class who has completed the training and was never issued one."""
    due = [
        one.id
        for one in await known.trainees()
        if completed(one, known.offer.code) and standing_of(one, known.offer.code) is None
    ]
    place = {applicant_id: number for number, applicant_id in enumerate(body.order)}
    due.sort(key=lambda one: place.get(one, len(place)))
    # one after the other, so that numbers follow each other
    issued = [await _issue(known.store, one, known.offer.code, known.programme, again=False) for one in due]
    return {"issued": sum(issued)}


@router.post("/applicants/{applicant_id}/training-certificates")
async def issue_to_one(applicant_id: str, body: Issue, request: Request) -> dict[str, Any]:
    """Issue to one; repeating it answers the same. 409 `training_not_completed`, `training_certificate_revoked`."""
    store: Store = request.app.state.store
    programme = await programme_of(store, applicant_id)
    trainee = await store.trainees.get(applicant_id)
    if trainee is None or trainee.attendance is None:
        raise Conflict("training_not_completed", "This trainee has not completed the training.")
    class_code = trainee.attendance.class_code
    issued = await _issue(store, applicant_id, class_code, programme, again=body.again)
    return {"issued": issued, **await _all_of(store, applicant_id)}


@router.post("/applicants/{applicant_id}/training-certificates/revocation")
async def revoke(applicant_id: str, body: Revoke, request: Request) -> dict[str, Any]:
    """Withdraw one; repeating it answers the same. 409 `already_revoked`."""
    store: Store = request.app.state.store
    await programme_of(store, applicant_id)
    signed = signature()

    def rule(trainee: Trainee) -> Change | None:
        return training_certificate.revoke(trainee, body.certificate_no, body.reason, _today(), signed)

    await store.record(applicant_id, rule)
    return await _all_of(store, applicant_id)


async def _issue(store: Store, applicant_id: str, class_code: str, programme: Programme, *, again: bool) -> bool:
    """Whether it was issued now. The number and who holds it are one write: killed before it, nothing was given."""
    while True:
        numbered = await store.next_of_training(programme.code, class_code)
        try:
            return await store.record(applicant_id, _issuing(class_code, programme, numbered, again)) is not None
        except Taken:  # somebody else was given this number meanwhile: the next one
            continue


def _issuing(
    class_code: str, programme: Programme, numbered: Numbered, again: bool
) -> Callable[[Trainee], Change | None]:
    signed, today = signature(), _today()

    def rule(trainee: Trainee) -> Change | None:
        code = verify_code.fresh()
        return training_certificate.issue(trainee, class_code, programme, numbered, code, today, signed, again=again)

    return rule


async def _all_of(store: Store, applicant_id: str) -> dict[str, Any]:
    trainee = await store.trainees.get(applicant_id)
    held = (
        [] if trainee is None else [training_certificate.shown(trainee, one) for one in trainee.training_certificates]
    )
    return {"applicant_id": applicant_id, "training_certificates": held}


def _today() -> date:
    return datetime.now(JAKARTA).date()
