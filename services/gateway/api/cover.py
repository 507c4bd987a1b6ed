"""Cover by BPJS Ketenagakerjaan: of a class, recorded for many at once, participant numbers, and the upload list."""

import asyncio
import uuid
from datetime import date
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.gateway import cover_list
from services.gateway.api.applicants import Why
from services.gateway.api.classes import offer_of
from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.cover_list import Column, Days
from services.gateway.discretion import naming_none_of
from services.gateway.names import numbers_of, revealed
from services.gateway.roles import PREFIX
from services.gateway.services import at
from services.gateway.workbook import MEDIA_TYPE, Workbook, as_file, taken_away
from shared.cells import Cell
from shared.problems import Invalid, NotFound

router = APIRouter(prefix=PREFIX, tags=["cover"])

Insurance = Literal["jkk", "jkm"]
INSURANCES: tuple[Insurance, ...] = get_args(Insurance)
CoverState = Literal["requested", "active", "cancelled"]
MOST_PEOPLE = 200


class Cover(BaseModel):
    """The same cover for all of `people`: by applicant_id, the `changes` of theirs that were seen."""

    insurances: list[Insurance] = Field(min_length=1, max_length=len(INSURANCES))
    starts: date
    ends: date
    state: CoverState = Field(description="It counts when BPJS has confirmed it: `active`.")
    people: dict[str, int] = Field(min_length=1, max_length=MOST_PEOPLE)
    reason: str = Field(default="", max_length=500, description="Why it is cancelled; else it may be left out.")


class Typed(BaseModel):
    """null takes the number away; `seen` is the `kpj_changes` that was seen."""

    kpj: Cell
    seen: int


class Numbers(BaseModel):
    people: dict[str, Typed] = Field(min_length=1, max_length=MOST_PEOPLE, description="By applicant_id.")


@router.get("/cover/missing")
async def show_missing(gateway: TheGateway, caller: Known) -> Any:
    """Classes whose training has not ended, the next one to begin first, of which somebody is not covered, or still is
    without having a place any more (`to_cancel`).
    """
    return await gateway.services.get("certification", "/cover/missing", caller)


@router.get("/programmes/{code}/cover")
async def show_classes(code: str, gateway: TheGateway, caller: Known) -> Any:
    """Per class how many have to be covered, and are on all days of the training."""
    return await gateway.services.get("certification", at("/programmes/{code}/cover", code=code), caller)


@router.get("/programmes/{code}/classes/{class_code}/cover")
async def show_class(code: str, class_code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Per trainee, by registration number: covers, the days that are missing, and the participant number, masked.

    Who has lost their place (`has_place` false) comes last, if a cover was ever recorded of them.
    """
    await offer_of(gateway, code, class_code, caller)
    shown: dict[str, Any] = await gateway.services.get("certification", _of_class(code, class_code), caller)
    ids = [one["applicant_id"] for one in shown["people"]]
    asked = {"applicant_ids": ids}
    held = (await gateway.services.post("registration", "/people/participant-numbers", caller, asked))["people"]
    numbers = await numbers_of(gateway.store, ids)
    people = [
        {
            "registration_no": numbers[who],
            **one,
            "kpj": held.get(who, {}).get("kpj"),
            "kpj_changes": held.get(who, {}).get("changes", 0),
            "erased": held.get(who, {}).get("erased", False),
            "unreadable": held.get(who, {}).get("unreadable", []),
        }
        for who, one in zip(ids, shown["people"], strict=True)
    ]
    return {**shown, "people": sorted(people, key=lambda one: (not one["has_place"], str(one["registration_no"])))}


@router.post("/programmes/{code}/classes/{class_code}/cover")
async def record_cover(code: str, class_code: str, cover: Cover, gateway: TheGateway, caller: Known) -> Any:
    """Record a cover, or that it stands otherwise now. `refused` says for whom it was not, and why; others have it.

    422 `reason_missing` for a cancellation without one.
    """
    body = cover.model_dump(mode="json")
    if cover.reason.strip():
        body["reason"] = await naming_none_of(gateway.services, list(cover.people), cover.reason, caller)
    return await gateway.services.post("certification", _of_class(code, class_code), caller, body)


@router.post("/programmes/{code}/participant-numbers")
async def enter_numbers(code: str, numbers: Numbers, gateway: TheGateway, caller: Known) -> Any:
    """Keep participant numbers (KPJ). `refused` says whose was not taken, and why; the others are kept."""
    path = at("/programmes/{code}/participant-numbers", code=code)
    return await gateway.services.post("registration", path, caller, numbers.model_dump())


@router.get(
    "/programmes/{code}/classes/{class_code}/cover-list.xlsx",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_list(
    code: str,
    class_code: str,
    request: Request,
    gateway: TheGateway,
    caller: Known,
    starts: Annotated[date | None, Query(description="Ask for all from this day, not for what each lacks.")] = None,
    ends: Annotated[date | None, Query(description="Ask for all up to this day, not for what each lacks.")] = None,
    everybody: Annotated[bool, Query(description="All who have to be covered, for all days of the training.")] = False,
    why: Why = None,
) -> Response:
    """The list to upload to BPJS, with names and NIKs: a row for each run of days that somebody lacks.

    Whose personal data cannot be opened is left out, and named in a second sheet. 404 `nobody_to_cover`, `erased`,
    `nobody_readable`, 422 `reason_missing`.
    """
    if not (why or "").strip():
        raise Invalid("reason_missing", "Personal data are written out: say what for. It is kept on record.")
    programme, offer = await offer_of(gateway, code, class_code, caller)
    shown = await show_class(code, class_code, gateway, caller)
    due = [one for one in shown["people"] if one["due"] and (everybody or one["to_request"])]
    if not due:
        raise NotFound("nobody_to_cover", "Everybody of this class is covered or requested, or nobody is in it.")
    wanted: list[Column] = request.app.state.settings.columns_of_cover_list
    damaged = {
        one["registration_no"]: headings
        for one in due
        if (headings := cover_list.unreadable(wanted, one["unreadable"]))
    }
    due = [one for one in due if one["registration_no"] not in damaged]
    if not due:
        raise NotFound("nobody_readable", "What is kept of these people cannot be opened.")
    people = await revealed(
        gateway.services, [one["applicant_id"] for one in due], cover_list.personal(wanted), why, caller
    )
    if not people:
        raise NotFound("erased", "The personal data have been erased.")
    of_class = {
        "class_code": offer.code,
        "class_name": offer.name,
        "provider": offer.provider,
    }
    training = programme.training
    same_for_all = [Days(str(starts or training.starts), str(ends or training.ends), INSURANCES)]
    alike = everybody or starts is not None or ends is not None
    known = [
        {**of_class, **one, **people[one["applicant_id"]], **days._asdict()}
        for one in due
        if one["applicant_id"] in people
        for days in (same_for_all if alike else cover_list.together(one["not_requested"]))
    ]
    rows = [cover_list.row(wanted, {**one, "number": place}) for place, one in enumerate(known, start=1)]
    async with gateway.exporting:
        with gateway.spool.dropping(uuid.uuid4().hex) as path:
            await asyncio.to_thread(path.touch, 0o600)  # begun readable by this account alone
            book = Workbook(path, [one.heading for one in wanted])
            await asyncio.to_thread(book.add, rows)
            if damaged:
                book.begin("Tidak ikut", cover_list.LEFT_OUT)
                told = ((who, f"Tidak dapat dibaca: {', '.join(headings)}") for who, headings in damaged.items())
                await asyncio.to_thread(book.add, told)
            await asyncio.to_thread(book.close)
            name = as_file(f"bpjs-{class_code}.xlsx")
            return StreamingResponse(taken_away(path), media_type=MEDIA_TYPE, headers=name)


def _of_class(code: str, class_code: str) -> str:
    return at("/programmes/{code}/classes/{class_code}/cover", code=code, class_code=class_code)
