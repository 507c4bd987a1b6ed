"""Commands and queries over HTTP: programmes, registrations, alumni. What is about known people is in people_api."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request
from pydantic import BaseModel

from services.registration.alumni import AlumniRow, Alumnus
from services.registration.catalogue import Offered
from services.registration.discretion import without_name
from services.registration.intake import Intake
from services.registration.programme import BadDefinition, parse
from services.registration.revising import count_ages_again
from services.registration.store import Store
from shared.cells import JAKARTA, Cell, text
from shared.contracts import Event
from shared.judging import Change, judge, read
from shared.ledger import signature
from shared.problems import Invalid
from shared.rows import JudgedRows, Row, Rows

router = APIRouter()


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


Kept = Annotated[Store, Depends(_store)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=300)]


class Form(BaseModel):
    cells: dict[str, Cell]


@router.put("/programmes")
async def define_programme(store: Kept, definition: Annotated[Any, Body()]) -> dict[str, Any]:
    """Define a programme, or change it."""
    try:
        programme = parse(definition)
    except BadDefinition as bad:
        errors = [{"field": one.field, "reason": one.reason, "detail": one.message} for one in bad.errors]
        raise Invalid("bad_definition", "The programme's definition cannot be used.", errors=errors) from None
    signed = signature()
    changed = False

    def define(offered: Offered) -> list[Event] | None:
        nonlocal changed
        events = offered.define(programme, signed)
        changed = events is not None
        return events

    offered = await store.programmes.change(programme.code, define)
    await count_ages_again(store, programme, signed)
    return {"code": programme.code, "revision": offered.revision, "changed": changed}


@router.get("/programmes")
async def list_programmes(store: Kept) -> list[dict[str, Any]]:
    return [_shown(offered) for offered in await store.programmes.find({}, sort=[("_id", 1)])]


@router.get("/programmes/{code}")
async def show_programme(store: Kept, code: str) -> dict[str, Any]:
    return _shown(await store.programmes.get(code) or Offered(_id=code))


@router.post("/programmes/{code}/applicants", status_code=201)
async def register(
    store: Kept, intake: Annotated[Intake, Depends(_intake)], code: str, form: Form, key: Key = None
) -> dict[str, Any]:
    """Register one person now."""
    programme = await store.programme(code)
    applicant, warnings = await intake.take_form(programme, form.cells, datetime.now(JAKARTA), key, signature())
    return {
        "applicant_id": applicant.id,
        "registration_no": applicant.registration_no,
        "programme_code": applicant.programme_code,
        "registered_at": applicant.registered_at,
        "warnings": warnings,
    }


@router.post("/programmes/{code}/imports/applicants")
async def import_applicants(
    store: Kept, intake: Annotated[Intake, Depends(_intake)], code: str, rows: Rows, key: Key = None
) -> JudgedRows:
    """Register the people of one file, in order of their submission."""
    return await intake.take_file(await store.programme(code), rows, key, signature())


@router.post("/alumni")
async def import_alumni(store: Kept, rows: Rows) -> JudgedRows:
    """Record who was trained before."""
    signed = signature()

    async def record(row: Row) -> Change | None:
        alumni = read(AlumniRow, row.cells)
        training = without_name(alumni.training, text(row.cells.get("name")) or "")
        change: Change | None = None

        def remember(alumnus: Alumnus) -> list[Event] | None:
            nonlocal change
            events = alumnus.record(training, alumni.year, signed)
            change = None if events is None else Change(events, [])
            return events

        await store.people.change(store.vault.person_id(alumni.nik), remember)
        return change

    return await judge(rows, record)


def _shown(offered: Offered) -> dict[str, Any]:
    programme = offered.programme.model_dump(mode="json")
    return {"code": offered.id, "revision": offered.revision, "programme": programme}
