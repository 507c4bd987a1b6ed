"""People as themselves: showing who an applicant is, answering a request for access, and erasing on request."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway import export
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.listing import Revealable
from services.gateway.roles import PREFIX
from services.gateway.services import Refused, at
from shared.problems import Conflict, NotFound

router = APIRouter(prefix=PREFIX, tags=["people"])

Reason = Annotated[str, Field(max_length=500, pattern=r"\S", description="Kept on record; names in it are hidden.")]


class Wanted(BaseModel):
    fields: list[Revealable] = Field(min_length=1)
    reason: Reason


class PersonAsked(BaseModel):
    """By NIK, in the body: an address gets written into logs."""

    nik: str = Field(max_length=100)
    reason: Reason


class Erasure(PersonAsked):
    dry_run: bool = Field(default=True, description="Only tell what would be erased.")
    despite_running: bool = Field(default=False, description="Also somebody whose programme has not ended.")


@router.post("/applicants/{applicant_id}/reveal")
async def reveal(applicant_id: str, wanted: Wanted, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Personal fields of one applicant in clear; who asked and why is on record."""
    path = at("/applicants/{applicant_id}", applicant_id=applicant_id)
    known = await gateway.services.get("registration", path, caller)
    body = {"applicant_ids": [applicant_id], **wanted.model_dump()}
    answer = await gateway.services.post("registration", "/people/reveal", caller, body)
    if applicant_id in answer["erased"]:
        raise Conflict("erased", "The personal data of this applicant have been erased.")
    return {"applicant_id": applicant_id, "registration_no": known["registration_no"], **answer["people"][applicant_id]}


@router.post("/people/export")
async def export_person(asked: PersonAsked, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Everything that all services hold about a person, in every programme."""
    with _guessing(gateway, caller):
        return await export.everything(gateway.services, asked.nik, asked.reason, caller)


@router.post("/people/erasure")
async def erase_person(asked: Erasure, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """What would be erased of a person; with `dry_run` false it is, for good. Repeating it changes nothing."""
    # in this order: a sheet that is accepted meanwhile is among the unfinished before it is in hand no more
    held = {"sheets_in_hand": await gateway.in_hand.count(), "imports_unfinished": await gateway.jobs.unfinished()}
    if any(held.values()) and not asked.dry_run:
        detail = "Sheets that are being imported, or wait to be, may hold this person: erase when they are done."
        raise Conflict("imports_unfinished", detail, **held)
    with _guessing(gateway, caller):
        answer = await gateway.services.post("registration", "/people/erasure", caller, asked.model_dump())
    return {**answer, **held}


@contextlib.contextmanager
def _guessing(gateway: Gateway, caller: Caller) -> Iterator[None]:
    """Raises TooMany after too many NIKs that nobody has."""
    with gateway.rates.unknown_niks.counting(caller.actor.name) as missed:
        try:
            yield
        except Refused as refused:
            if refused.status == NotFound.status:
                missed()
            raise
