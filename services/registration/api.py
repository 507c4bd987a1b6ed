"""Registering people and taking in alumni lists over HTTP. What is about known people is in people_api."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, ValidationError

from services.registration.alumni import AlumniRow, Alumnus
from services.registration.discretion import without_name
from services.registration.intake import Intake
from services.registration.sheet_intake import SheetIntake
from services.registration.store import Store
from shared.cells import JAKARTA, Cell, text
from shared.contracts import Event
from shared.json_lines import NDJSON, lines
from shared.judging import Change, judge, read
from shared.ledger import signature
from shared.problems import Invalid
from shared.rehearsing import changing
from shared.rows import Judged, JudgedRows, Row, Rows
from shared.storage import StorageAway

router = APIRouter()


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


async def _sheets(request: Request) -> SheetIntake:
    sheets: SheetIntake = request.app.state.sheets
    return sheets


Kept = Annotated[Store, Depends(_store)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=300)]


class Form(BaseModel):
    """`consent` is the version of the words on personal data that the person has agreed to."""

    cells: dict[str, Cell]
    consent: str | None = Field(default=None, max_length=40, pattern=r"^[0-9a-z.-]+$")


@router.post("/programmes/{code}/applicants", status_code=201)
async def register(
    store: Kept, intake: Annotated[Intake, Depends(_intake)], code: str, form: Form, key: Key = None
) -> dict[str, Any]:
    """Register one person now."""
    programme = await store.programme(code)
    now = datetime.now(JAKARTA)
    applicant, warnings = await intake.take_form(programme, form.cells, now, key, signature(), form.consent)
    return {
        "applicant_id": applicant.id,
        "registration_no": applicant.registration_no,
        "programme_code": applicant.programme_code,
        "registered_at": applicant.registered_at,
        "warnings": warnings,
    }


@router.post(
    "/programmes/{code}/imports/applicants",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {"schema": JudgedRows.model_json_schema()}}}},
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: {"schema": Rows.model_json_schema()}}}},
)
async def import_applicants(
    request: Request,
    store: Kept,
    sheets: Annotated[SheetIntake, Depends(_sheets)],
    code: str,
    dry_run: bool = False,
    key: Key = None,
) -> StreamingResponse:
    """Register the people of one file, in order of their submission: lines of rows, answered by lines of verdicts."""
    programme = await store.programme(code)
    judging = sheets.take(programme, _rows(request), key, signature(), dry_run=dry_run)
    first = await anext(judging)  # from here on a problem stands in the last line
    return StreamingResponse(_written(first, judging), media_type=NDJSON)


async def _rows(request: Request) -> AsyncIterator[Rows]:
    """Raises Invalid."""
    async for line in lines(request.stream()):
        try:
            yield Rows.model_validate_json(line)
        except ValidationError:
            raise Invalid("invalid", "A line of the request is not rows of a sheet.") from None


async def _written(first: list[Judged], judging: AsyncGenerator[list[Judged]]) -> AsyncIterator[bytes]:
    try:
        async with aclosing(judging):
            yield _line(JudgedRows(results=first))
            async for judged in judging:
                yield _line(JudgedRows(results=judged))
    except StorageAway as away:
        yield orjson.dumps({"problem": {"code": away.code, "detail": away.detail}}) + b"\n"


def _line(judged: JudgedRows) -> bytes:
    return judged.model_dump_json().encode() + b"\n"


@router.post("/alumni")
async def import_alumni(store: Kept, rows: Rows, dry_run: bool = False) -> JudgedRows:
    """Record who was trained before."""
    signed = signature()
    people = changing(store.people, dry_run=dry_run)

    async def record(row: Row) -> Change | None:
        alumni = read(AlumniRow, row.cells)
        training = without_name(alumni.training, text(row.cells.get("name")) or "")
        change: Change | None = None

        def remember(alumnus: Alumnus) -> list[Event] | None:
            nonlocal change
            events = alumnus.record(training, alumni.year, signed)
            change = None if events is None else Change(events, [])
            return events

        await people.change(store.vault.person_id(alumni.nik), remember)
        return change

    return await judge(rows, record, keep_pace=store.storage.keep_pace)
