"""Vacancies over HTTP: reported by sheets, written by form, closed, and listed."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.placement import vacancy_list, vacancy_pages
from services.placement.api import TheStore
from services.placement.vacancy import State, Vacancy, read_terms, vacancy_id
from services.placement.vacancy_list import Listed, Wanted
from shared.cells import JAKARTA, Cell
from shared.contracts import Event
from shared.judging import Change, RowRefused, judge
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound
from shared.rehearsing import changing
from shared.rows import JudgedRows, Row, Rows

router = APIRouter()


class Form(BaseModel):
    """A vacancy as a form has it; `vacancy_id` and `version` are of the one that was looked at, none for a new one."""

    cells: dict[str, Cell]
    vacancy_id: str | None = None
    version: int = 0


class Deciding(BaseModel):
    closed: bool
    reason: str = Field(max_length=500, pattern=r"\S")


@router.post("/vacancies")
async def report_vacancies(rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    signed = signature()
    vacancies = changing(store.vacancies, dry_run=dry_run)

    async def record(row: Row) -> Change | None:
        terms = read_terms(row.cells)
        change: Change | None = None

        def report(vacancy: Vacancy) -> list[Event] | None:
            nonlocal change
            change = vacancy.report(terms, signed)
            return None if change is None else change.events

        await vacancies.change(vacancy_id(terms), report)
        return change

    return await judge(
        rows, record, about=lambda row: vacancy_id(read_terms(row.cells)), keep_pace=store.storage.keep_pace
    )


@router.post("/vacancies/form")
async def write_vacancy(form: Form, store: TheStore) -> dict[str, Any]:
    """Add a vacancy, or change the one that was looked at.

    Raises Invalid `cells_unusable`; Conflict `vacancy_known` for a new one whose code this employer has used,
    `changed_meanwhile` with what it is `now`.
    """
    try:
        terms = read_terms(form.cells)
    except RowRefused as refusal:
        errors = [problem.model_dump() for problem in refusal.problems]
        raise Invalid("cells_unusable", "Some of it cannot be used.", errors=errors) from None
    if form.vacancy_id not in (None, vacancy_id(terms)):
        errors = [{"column": "code", "reason": "identity_fixed", "value": form.cells.get("code")}]
        raise Invalid("cells_unusable", "Code and employer tell a vacancy from others: they stay.", errors=errors)
    signed = signature()
    changed = False

    def write(vacancy: Vacancy) -> list[Event] | None:
        nonlocal changed
        if vacancy.terms == terms:  # sent twice
            changed = False
            return None
        if vacancy.version != form.version:
            told = {
                "vacancy_id": vacancy.id,
                "version": vacancy.version,
                "now": vacancy.offered.model_dump(mode="json"),
            }
            if form.version == 0:
                raise Conflict("vacancy_known", "This employer has a vacancy with this code.", **told)
            last = vacancy.ledger[-1].model_dump(mode="json", include={"by", "at", "what"})
            raise Conflict("changed_meanwhile", "Somebody has changed this vacancy meanwhile.", last=last, **told)
        changed = True
        vacancy.report(terms, signed)
        return []

    kept = await store.vacancies.change(vacancy_id(terms), write)
    return {"vacancy_id": kept.id, "version": kept.version, "changed": changed}


@router.post("/vacancies/{id_}/state")
async def close_vacancy(id_: str, decided: Deciding, store: TheStore) -> dict[str, Any]:
    """Close a vacancy, or open it again; repeated it changes nothing."""
    signed = signature()

    def decide(vacancy: Vacancy) -> list[Event] | None:
        if vacancy.terms is None:
            raise _unknown()
        return (vacancy.close if decided.closed else vacancy.reopen)(decided.reason, signed)

    kept = await store.vacancies.change(id_, decide)
    return {"vacancy_id": kept.id, "version": kept.version, "closed": kept.closing is not None}


@router.get("/vacancies")
async def vacancies(
    store: TheStore,
    state: State | None = None,
    vocation: Annotated[str, Query(max_length=300)] = "",
    search: Annotated[str, Query(max_length=200)] = "",
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    closes_from: date | None = None,
) -> dict[str, Any]:
    """Vacancies, what is open first, `limit` of them behind the first `skip`.

    `closes_from` takes only those that took applications on that day or will. `states` counts all of them by how they
    stand; `vocations` are those that are asked for at all.
    """
    wanted = Wanted(state=state, vocation=vocation, search=search, closes_from=closes_from)
    found = await vacancy_pages.page(store, wanted, skip, limit, today())
    return {
        "vacancies": [_told(one) for one in found.shown],
        "total": found.total,
        "states": found.states,
        "vocations": found.vocations,
    }


@router.get("/employers")
async def employers(
    store: TheStore,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """What each employer offers, and what came of it, by name."""
    found = await vacancy_pages.employers(store, today())
    return {"employers": found[skip : skip + limit], "total": len(found)}


@router.get("/vacancies/{id_}")
async def show_vacancy(id_: str, store: TheStore) -> dict[str, Any]:
    """One vacancy, with its ledger."""
    found = await store.vacancies.get(id_)
    if found is None:
        raise _unknown()
    [one] = vacancy_list.listed([found], await store.seats([id_]), today())
    return {**_told(one), "ledger": [entry.model_dump(mode="json") for entry in found.ledger]}


def _told(one: Listed) -> dict[str, Any]:
    told = one.model_dump(mode="json", exclude={"terms"})
    return {**one.terms.model_dump(mode="json"), **told}


def today() -> date:
    """The day in Pekalongan."""
    return datetime.now(JAKARTA).date()


def _unknown() -> NotFound:
    return NotFound("unknown_vacancy", "There is no such vacancy.")
