"""Classes: who is in one, attendance day by day, closing it, and the sheet that is signed."""

import asyncio
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.gateway.api.applicants import Reveal, Why
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.names import names_of, numbers_of
from services.gateway.roles import PREFIX
from services.gateway.services import at
from services.gateway.workbook import PDF_TYPE, as_file
from shared.contracts.registration import ClassOffer, Programme
from shared.problems import Invalid, NotFound

router = APIRouter(prefix=PREFIX, tags=["classes"])

MOST_PEOPLE = 2_000  # of a class, in one request


class Mark(BaseModel):
    """`was` is what stood there when it was looked at: if another stands there now, that stays and is told."""

    day: date
    was: str | None = Field(default=None, pattern="^(present|excused|absent)$")
    now: str | None = Field(default=None, pattern="^(present|excused|absent)$")


class Marks(BaseModel):
    people: dict[str, list[Mark]] = Field(max_length=MOST_PEOPLE, description="By applicant_id.")


class Closing(BaseModel):
    dropped_out: list[str] = Field(default_factory=list, max_length=MOST_PEOPLE, description="Who left: applicant_ids.")


PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/programmes/{code}/classes/{class_code}")
async def show_class(code: str, class_code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """A class: its days, and per trainee the marks, attendance, attempts and certificates, by registration number."""
    await offer_of(gateway, code, class_code, caller)
    path = at("/programmes/{code}/classes/{class_code}", code=code, class_code=class_code)
    shown: dict[str, Any] = await gateway.services.get("certification", path, caller)
    numbers = await numbers_of(gateway.store, [one["applicant_id"] for one in shown["people"]])
    people = [{"registration_no": numbers[one["applicant_id"]], **one} for one in shown["people"]]
    return {**shown, "people": sorted(people, key=lambda one: str(one["registration_no"]))}


@router.post("/programmes/{code}/classes/{class_code}/attendance")
async def mark_days(code: str, class_code: str, marks: Marks, gateway: TheGateway, caller: Known) -> Any:
    """Mark days of a class. 422 `marks_refused` changes nothing; `overtaken` are marks that somebody else had set."""
    path = at("/programmes/{code}/classes/{class_code}/attendance", code=code, class_code=class_code)
    return await gateway.services.post("certification", path, caller, marks.model_dump(mode="json"))


@router.post("/programmes/{code}/classes/{class_code}/completion")
async def close_attendance(code: str, class_code: str, closing: Closing, gateway: TheGateway, caller: Known) -> Any:
    """Take the marks over as everybody's days: who has completed. 409 `days_unmarked`, `no_days`."""
    path = at("/programmes/{code}/classes/{class_code}/completion", code=code, class_code=class_code)
    return await gateway.services.post("certification", path, caller, closing.model_dump())


@router.get("/programmes/{code}/classes/{class_code}/sign-sheet.pdf", response_class=Response, responses=PDF)
async def print_sign_sheet(
    code: str,
    class_code: str,
    day: date,
    request: Request,
    gateway: TheGateway,
    caller: Known,
    reveal: Reveal = None,
    why: Why = None,
) -> Response:
    """The sheet that a class signs on one day; `reveal=name` prints names, else there is room to write them."""
    if reveal not in (None, "name"):
        raise Invalid("not_revealable", "Only the name can stand on this sheet.")
    programme, offer = await offer_of(gateway, code, class_code, caller)
    shown = await show_class(code, class_code, gateway, caller)
    people = [one for one in shown["people"] if not one["withdrawn"]]
    ids = [one["applicant_id"] for one in people]
    names = await names_of(gateway.services, ids, why, caller) if reveal else {}
    signers = [(one["registration_no"], names.get(one["applicant_id"], "")) for one in people]
    office = request.app.state.settings.office
    made = await asyncio.to_thread(_sign_sheet, programme, offer, day, signers, office)
    return Response(made, media_type=PDF_TYPE, headers=as_file(f"daftar-hadir-{day.isoformat()}.pdf"))


def _sign_sheet(
    programme: Programme, offer: ClassOffer, day: date, signers: list[tuple[str, str]], office: str
) -> bytes:
    # not before something is printed: it takes 9 MB
    from services.gateway.sign_sheet import Signer, sign_sheet

    return sign_sheet(programme, offer, day, [Signer(*one) for one in signers], office)


async def offer_of(gateway: Gateway, code: str, class_code: str, caller: Caller) -> tuple[Programme, ClassOffer]:
    """A class and its programme. Raises Refused (404) and NotFound."""
    programme = await gateway.programmes.of(code, caller)
    offer = programme.class_of(class_code)
    if offer is None:
        raise NotFound("unknown_class", "The programme has no such class.")
    return programme, offer
