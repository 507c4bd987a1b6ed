"""Applicants: registering one, listing and finding them, everything known about one, and changing a record."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway import applicants_sheet, columns, listing, sorting
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.discretion import naming_nobody
from services.gateway.dossier import dossier
from services.gateway.kinds import APPLICANTS
from services.gateway.listing import Page
from services.gateway.masking import without_health
from services.gateway.readmodel import Applicant
from services.gateway.roles import PREFIX
from services.gateway.services import at
from services.gateway.sorting import SortName
from services.gateway.stages import Awaits, Stage
from services.gateway.workbook import MEDIA_TYPE, Workbook, as_file, taken_away
from shared.cells import Cell
from shared.problems import Forbidden

router = APIRouter(prefix=PREFIX, tags=["applicants"])

MOST_ITEMS = 200
Reveal = Annotated[str | None, Query(description="Personal fields to show, e.g. `nik,name`; every reveal is recorded.")]
ClassCode = Annotated[str | None, Query(alias="class")]
ReasonCode = Annotated[
    str | None, Query(pattern=r"^[a-z_]{1,40}$", description="Only those refused or rejected for it, e.g. `no_seat`.")
]
AnyStage = Annotated[Stage | Awaits | None, Query(description="Where they stand, or what they wait for.")]
Sort = Annotated[SortName, Query(description="`-` for the other way round.")]
Reason = Annotated[str, Field(max_length=500, pattern=r"\S", description="Kept on record; names in it are hidden.")]
Why = Annotated[
    str | None, Header(alias="X-Reveal-Reason", max_length=500, description="Why personal fields are shown: on record.")
]


class Shown(NamedTuple):
    """Personal fields to show, and why."""

    fields: list[str]
    why: str | None


class Body(BaseModel):
    """JSON has no NaN, and no service is sent one."""

    model_config = ConfigDict(allow_inf_nan=False)


class Form(Body):
    """One registration: our column names or the headings of the sample sheet, and what stands below them.

    The cells may also be the body itself.
    """

    cells: dict[str, Cell] = Field(
        examples=[{"name": "Siti Aminah", "nik": "3375014101000001", "birth_date": "1 Januari 2000", "gender": "P"}]
    )

    @model_validator(mode="before")
    @classmethod
    def _cells_alone(cls, body: Any) -> Any:
        return {"cells": body} if isinstance(body, dict) and "cells" not in body else body


class Search(Body):
    """By part of a name, by NIK or by registration number; never in a URL, which gets written into logs."""

    name: str | None = None
    nik: str | None = None
    registration_no: str | None = None


class Correction(Body):
    cells: dict[str, Cell]
    reason: Reason
    expected_version: int | None = Field(
        default=None, ge=0, le=1_000_000, description="The `registration.version` that was seen."
    )


class Withdrawal(Body):
    reason: Reason
    withdrawn_on: date | None = None


class Overrule(Body):
    rule: str = Field(description="The reason code of a rule, e.g. `under_age`.")
    reason: Reason


@router.post("/programmes/{code}/applicants", status_code=201)
async def register(code: str, form: Form, gateway: TheGateway, caller: Known) -> Any:
    """Register one person."""
    body = {"cells": columns.by_our_names(APPLICANTS, form.cells)}
    return await gateway.services.post("registration", at("/programmes/{code}/applicants", code=code), caller, body)


@router.get("/programmes/{code}/applicants")
async def list_applicants(
    code: str,
    gateway: TheGateway,
    caller: Known,
    stage: AnyStage = None,
    class_code: ClassCode = None,
    reason: ReasonCode = None,
    sort: Sort = "registration_no",
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: str | None = None,
    reveal: Reveal = None,
    why: Why = None,
) -> Page:
    """Applicants, filtered and sorted; whoever has no value to sort by comes last."""
    shown = fields_shown(caller, reveal)
    facet = _facet(caller, stage, class_code, reason)
    await gateway.programmes.of(code, caller)
    found = await gateway.store.page(code, facet, sort, sorting.behind(cursor, sort), limit + 1)
    next_cursor = sorting.cursor(found[limit - 1], sort) if len(found) > limit else None
    return await _page(gateway, caller, found[:limit], Shown(shown, why), next_cursor)


@router.get(
    "/programmes/{code}/applicants.xlsx",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download(
    code: str,
    gateway: TheGateway,
    caller: Known,
    stage: AnyStage = None,
    class_code: ClassCode = None,
    reason: ReasonCode = None,
    sort: Sort = "registration_no",
    reveal: Reveal = None,
    why: Why = None,
) -> Response:
    """The same list as a workbook, all of it; no cell in it is ever a formula."""
    shown = Shown(fields_shown(caller, reveal), why)
    facet = _facet(caller, stage, class_code, reason)
    await gateway.programmes.of(code, caller)
    name = uuid.uuid4().hex
    async with gateway.exporting:
        with gateway.spool.dropping(name) as path:
            # begun readable by this account alone
            await asyncio.to_thread(path.touch, 0o600)
            book = Workbook(path, applicants_sheet.headings(shown.fields, caller.language))
            try:
                behind = None
                while found := await gateway.store.page(code, facet, sort, behind, MOST_ITEMS):
                    page = await _page(gateway, caller, found, shown, None)
                    rows = [applicants_sheet.row(item, shown.fields) for item in page.items]
                    await asyncio.to_thread(book.add, rows)
                    behind = sorting.place(found[-1], sort)
            finally:
                await asyncio.to_thread(book.close)
            return StreamingResponse(taken_away(path), media_type=MEDIA_TYPE, headers=as_file(f"{code}.xlsx"))


@router.post("/programmes/{code}/applicants/search")
async def search(
    code: str, wanted: Search, gateway: TheGateway, caller: Known, reveal: Reveal = None, why: Why = None
) -> Page:
    """Find people by what they are called; by a name or a NIK is on record, with whom it found.

    429 after too many NIKs that nobody in the programme has.
    """
    shown = fields_shown(caller, reveal)
    if wanted.nik is None:
        ids = await _search(gateway, caller, code, wanted, why)
    else:
        with gateway.rates.unknown_niks.counting(caller.actor.name) as missed:
            ids = await _search(gateway, caller, code, wanted, why)
            if not ids:
                missed()
    found = await gateway.store.applicants.get_many(ids)
    known = [found[one] for one in ids if one in found and found[one].registration_no]
    return await _page(gateway, caller, known, Shown(shown, why), None)


@router.get("/applicants/{applicant_id}")
async def show(applicant_id: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Everything the four services know, side by side, with one ledger in order of time."""
    return await dossier(gateway.store, gateway.services, applicant_id, caller)


@router.post("/applicants/{applicant_id}/corrections")
async def correct(applicant_id: str, correction: Correction, gateway: TheGateway, caller: Known) -> Any:
    """Correct facts about an applicant, with the reason; the rules are applied anew.

    409 `changed_meanwhile` with the `changes` made since `expected_version`.
    """
    body = correction.model_dump() | {"cells": columns.by_our_names(APPLICANTS, correction.cells)}
    path = at("/applicants/{applicant_id}/corrections", applicant_id=applicant_id)
    return await gateway.services.post("registration", path, caller, body)


@router.post("/applicants/{applicant_id}/withdrawal")
async def withdraw(applicant_id: str, withdrawal: Withdrawal, gateway: TheGateway, caller: Known) -> Any:
    """Take an applicant out; a seat that becomes free goes to a reserve."""
    path = at("/applicants/{applicant_id}/withdrawal", applicant_id=applicant_id)
    body = withdrawal.model_dump(mode="json", exclude_none=True)
    return await gateway.services.post("registration", path, caller, body)


@router.post("/applicants/{applicant_id}/overrules")
async def overrule(applicant_id: str, overruled: Overrule, gateway: TheGateway, caller: Known) -> Any:
    """Let a rule of eligibility not count for one person; the earlier decision stays on record."""
    path = at("/applicants/{applicant_id}/overrules", applicant_id=applicant_id)
    reason = await naming_nobody(gateway.services, applicant_id, overruled.reason, caller)
    return await gateway.services.post("selection", path, caller, {"rule": overruled.rule, "reason": reason})


async def _search(gateway: Gateway, caller: Caller, code: str, wanted: Search, why: str | None) -> list[str]:
    body = {**wanted.model_dump(exclude_none=True), "reason": why or None}
    answer = await gateway.services.post("registration", at("/programmes/{code}/search", code=code), caller, body)
    ids: list[str] = answer["applicant_ids"]
    return ids


def fields_shown(caller: Caller, reveal: str | None) -> list[str]:
    """The personal fields that are asked for. Raises Forbidden unless the caller may see them, Invalid."""
    asked = listing.fields(reveal)
    if asked and not caller.sees_personal_data:
        raise Forbidden("reveal_not_allowed", f"The role {caller.actor.role} may not see personal data.")
    return asked


def _facet(caller: Caller, stage: Stage | Awaits | None, class_code: str | None, reason: str | None) -> str:
    """What finds those who are asked for. Raises Forbidden when the reader would learn what concerns health."""
    if reason is not None and not caller.sees_health and not without_health([reason]):
        raise Forbidden("reason_not_allowed", f"The role {caller.actor.role} may not see who this reason concerns.")
    return sorting.facet(stage, class_code, reason)


async def _page(
    gateway: Gateway, caller: Caller, found: Sequence[Applicant], shown: Shown, next_cursor: str | None
) -> Page:
    trainings, acceptances, people = await asyncio.gather(
        gateway.store.trainings(found), gateway.store.acceptances(found), _reveal(gateway, caller, found, shown)
    )
    items = [
        listing.item(
            one,
            trainings.get(one.person_id or "", []),
            acceptances.get(one.person_id or "", set()),
            people.get(one.id, {}),
            health=caller.sees_health,
        )
        for one in found
    ]
    return Page(items=items, next_cursor=next_cursor)


async def _reveal(
    gateway: Gateway, caller: Caller, found: Sequence[Applicant], shown: Shown
) -> dict[str, dict[str, Any]]:
    if not shown.fields or not found:
        return {}
    body = {"applicant_ids": [one.id for one in found], "fields": shown.fields, "reason": shown.why}
    answer = await gateway.services.post("registration", "/people/reveal", caller, body)
    return {**answer["people"], **{applicant_id: {"erased": True} for applicant_id in answer["erased"]}}
