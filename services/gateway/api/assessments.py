"""Assessments: certificates that are expected and have not come, and one result entered by hand."""

import asyncio
import uuid
from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.discretion import naming_nobody
from services.gateway.names import numbers_of
from services.gateway.roles import PREFIX
from services.gateway.services import at
from services.gateway.workbook import MEDIA_TYPE, Workbook, as_file, taken_away

router = APIRouter(prefix=PREFIX, tags=["assessments"])

_HEADINGS = {
    "id": ("Nomor pendaftaran", "Kelas", "LSP", "Skema", "Tanggal uji", "Menunggu (hari)"),
    "en": ("Registration number", "Class", "Certification body", "Scheme", "Assessed on", "Waiting (days)"),
}


class EnteredResult(BaseModel):
    """`seen` is `changes` of the trainee as they were when somebody sat down to enter this."""

    scheme: str = Field(max_length=500)
    units: dict[str, Literal["K", "BK"]] = Field(min_length=1, max_length=100, description="K or BK by unit.")
    assessed_on: date
    assessor: str | None = Field(default=None, max_length=500)
    seen: int = Field(ge=0)


@router.get("/programmes/{code}/expected-certificates")
async def show_expected(code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Per body and scheme how many certificates are due and have come; who waits, the longest first."""
    await gateway.programmes.of(code, caller)
    path = at("/programmes/{code}/expected-certificates", code=code)
    found: dict[str, Any] = await gateway.services.get("certification", path, caller)
    numbers = await numbers_of(gateway.store, [one["applicant_id"] for one in found["waiting"]])
    waiting = [{"registration_no": numbers[one["applicant_id"]], **one} for one in found["waiting"]]
    return {**found, "waiting": waiting}


@router.get(
    "/programmes/{code}/expected-certificates.xlsx",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_expected(code: str, gateway: TheGateway, caller: Known) -> Response:
    """Who waits for a certificate, as a workbook."""
    waiting = (await show_expected(code, gateway, caller))["waiting"]
    columns = ("registration_no", "class_code", "certification_body", "scheme", "assessed_on", "days")
    async with gateway.exporting:
        with gateway.spool.dropping(uuid.uuid4().hex) as path:
            book = Workbook(path, _HEADINGS[caller.language])
            book.add([one[column] for column in columns] for one in waiting)
            await asyncio.to_thread(book.close)
            name = as_file(f"{code}-sertifikat-ditunggu.xlsx")
            return StreamingResponse(taken_away(path), media_type=MEDIA_TYPE, headers=name)


@router.post("/applicants/{applicant_id}/assessments")
async def enter_result(applicant_id: str, result: EnteredResult, gateway: TheGateway, caller: Known) -> Any:
    """Record one result: the next attempt, or, of a day that has one, a correction. 409 `changed_meanwhile`."""
    cells: dict[str, Any] = {"scheme": result.scheme, "assessed_on": result.assessed_on.isoformat()}
    cells |= {f"unit:{unit}": said for unit, said in result.units.items()}
    if result.assessor:
        cells["assessor"] = await naming_nobody(gateway.services, applicant_id, result.assessor, caller)
    path = at("/applicants/{applicant_id}/assessments", applicant_id=applicant_id)
    return await gateway.services.post("certification", path, caller, {"cells": cells, "seen": result.seen})
