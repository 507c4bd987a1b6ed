"""Reserves over HTTP: what they say about a seat that is offered to them, and seats that staff give them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, Field

from services.selection import offering
from services.selection.applicant import Applicant
from services.selection.roster import Said
from services.selection.store import Store
from shared.free_text import discreet
from shared.ledger import signature
from shared.problems import NotFound

router = APIRouter()

Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(discreet)]


class Confirmed(BaseModel):
    reason: Reason | None = None


class Because(BaseModel):
    reason: Reason


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(_store)]


@router.post("/applicants/{applicant_id}/seat/confirmation")
async def confirm(applicant_id: str, body: Confirmed, store: TheStore) -> dict[str, Any]:
    """A reserve takes the seat that is offered to them."""
    await offering.answer(store, await _known(store, applicant_id), Said.CONFIRMED, body.reason, signature())
    return await _decision(store, applicant_id)


@router.post("/applicants/{applicant_id}/seat/refusal")
async def decline(applicant_id: str, body: Because, store: TheStore) -> dict[str, Any]:
    """A reserve does not want the seat: it is offered to the next one."""
    await offering.answer(store, await _known(store, applicant_id), Said.DECLINED, body.reason, signature())
    return await _decision(store, applicant_id)


@router.post("/applicants/{applicant_id}/promotion")
async def give(applicant_id: str, body: Because, store: TheStore) -> dict[str, Any]:
    """Staff give a reserve a free seat of their class, whoever is before them."""
    await offering.give(store, await _known(store, applicant_id), body.reason, signature())
    return await _decision(store, applicant_id)


async def _known(store: Store, applicant_id: str) -> Applicant:
    applicant = await store.applicants.get(applicant_id)
    if applicant is None:
        raise NotFound("unknown_applicant", "There is no such applicant.")
    return applicant


async def _decision(store: Store, applicant_id: str) -> dict[str, Any]:
    decision = (await _known(store, applicant_id)).decision
    return {"decision": decision.model_dump(mode="json") if decision else None}
