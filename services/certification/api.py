"""Commands and queries of certification over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, StringConstraints

from services.certification import assessment, certificate, sheets, training, training_certificate, verify_code
from services.certification.certificate import Standing
from services.certification.store import Store
from services.certification.trainee import Certificate, Trainee
from shared.cells import JAKARTA
from shared.free_text import discreet
from shared.judging import Change
from shared.ledger import signature
from shared.problems import Conflict, NotFound
from shared.rows import JudgedRows, Rows

router = APIRouter()

_PUBLIC: Final = {"scheme", "certification_body", "certificate_no", "issued_on", "valid_until"}
_PUBLIC_OF_TRAINING: Final = (
    *("status", "reason", "certificate_no", "issued_on", "programme_name", "class_name", "provider"),
    *("starts", "ends", "days", "present"),
)


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(_store)]


class Revoke(BaseModel):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        description="Published with the revocation, so it names nobody."
    )


@router.post("/programmes/{code}/attendance")
async def record_attendance(code: str, rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    return await sheets.judge_rows(store, code, rows, training.record, training.course, dry_run=dry_run)


@router.post("/programmes/{code}/assessments")
async def record_assessments(code: str, rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    return await sheets.judge_rows(store, code, rows, assessment.record, assessment.sitting, dry_run=dry_run)


@router.post("/programmes/{code}/certificates")
async def record_certificates(code: str, rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    return await sheets.judge_certificates(store, code, rows, dry_run=dry_run)


@router.get("/certificates/{certificate_id}")
async def show_certificate(certificate_id: str, store: TheStore) -> dict[str, Any]:
    """What a certificate is worth today, and whose it is."""
    found = await store.certificate(certificate_id)
    if found is None:
        raise _unknown_certificate()
    trainee, held = found
    return {"certificate_id": certificate_id, "applicant_id": trainee.id, **_shown(held)}


@router.post("/certificates/{certificate_id}/revocation")
async def revoke(certificate_id: str, body: Revoke, store: TheStore) -> dict[str, Any]:
    """Withdraw a certificate; repeating it answers the same."""
    found = await store.certificate(certificate_id)
    if found is None:
        raise _unknown_certificate()
    reason, signed, today = discreet(body.reason), signature(), datetime.now(JAKARTA).date()

    def rule(trainee: Trainee) -> Change | None:
        return certificate.revoke(trainee, certificate_id, reason, signed, today)

    await store.record(found[0].id, rule)
    _, held = await store.certificate(certificate_id) or found
    if held.revocation is None or held.revocation.reason != reason:
        raise Conflict("already_revoked", "The certificate was revoked before, for another reason.")
    return {"certificate_id": certificate_id, "applicant_id": found[0].id, **_shown(held)}


@router.get("/verify/{typed_code}")
async def verify(typed_code: str, store: TheStore) -> dict[str, Any]:
    """What a certificate is worth today, for whoever holds its code: of competence, or of the office's training."""
    code = verify_code.as_issued(typed_code)
    if (found := await store.certificate_by_code(code)) is not None:
        trainee, held = found
        return {"kind": "kompetensi", "applicant_id": trainee.id, **_shown(held)}
    if (of_training := await store.training_certificate_by_code(code)) is not None:
        trainee, issued = of_training
        told = training_certificate.shown(trainee, issued)
        return {"kind": "pelatihan", "applicant_id": trainee.id, **{name: told[name] for name in _PUBLIC_OF_TRAINING}}
    raise NotFound("unknown_code", "No certificate has this code.")


@router.get("/applicants/{applicant_id}")
async def show(applicant_id: str, store: TheStore) -> dict[str, Any]:
    """Class, attendance, attempts with the results that corrections superseded, certificates, and the ledger."""
    trainee = await store.trainees.get(applicant_id)
    if trainee is None:
        raise NotFound("unknown_applicant", "Nothing has been decided about this applicant.")
    left_out = {"marks", "published", "person_id", "training_certificates"}
    issued = [training_certificate.shown(trainee, one) for one in trainee.training_certificates]
    shown = trainee.model_dump(mode="json", exclude=left_out)
    return {
        **shown,
        "training_certificates": issued,
        "changes": trainee.changes(),
        "certificate_changes": certificate.changes(trainee),
    }


def _unknown_certificate() -> NotFound:
    return NotFound("unknown_certificate", "There is no such certificate.")


def _shown(held: Certificate) -> dict[str, Any]:
    standing = certificate.standing(held, datetime.now(JAKARTA).date())
    return {
        "status": standing,
        "reason": held.revocation.reason if held.revocation and standing is Standing.REVOKED else None,
        **held.model_dump(mode="json", include=_PUBLIC),
    }
