"""Scores over HTTP: sheets of them, and the grid in which they are typed cell by cell."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from services.selection import entering, grading, scoring
from services.selection.applicant import Applicant, as_float
from services.selection.entering import Part
from services.selection.results_api import programme_of
from services.selection.store import Store
from shared.cells import BadCell
from shared.contracts import Event
from shared.judging import Change, RowRefused, RowWaits, judge
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound
from shared.rehearsing import changing
from shared.rows import JudgedRows, Problem, Row, Rows

router = APIRouter()

_PAGE = 50
_MOST = 200


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(_store)]


class Entry(BaseModel):
    """`value` as it was typed, `-` for absent; `expected` is what the cell showed before, with a point or a comma."""

    value: str = Field(max_length=40)
    expected: str = Field(max_length=40)


@router.post("/programmes/{code}/scores")
async def record_scores(code: str, rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    signed = signature()
    applicants = changing(store.applicants, dry_run=dry_run)

    async def record(row: Row) -> Change | None:
        programme = await store.programmes.peek(code)
        if programme is None or programme.definition is None:
            raise RowWaits("programme_not_arrived")
        scores, warnings = scoring.read(row.cells, programme.rules.selection)
        applicant_id = row.applicant_id or ""
        events: list[Event] | None = None

        def change(applicant: Applicant) -> list[Event] | None:
            nonlocal events
            events = grading.record_scores(applicant, scores, programme, signed)
            return events

        await applicants.change(applicant_id, change)
        return None if events is None else Change(events, warnings)

    return await judge(rows, record, scoring.whose, keep_pace=store.storage.keep_pace)


@router.get("/programmes/{code}/scores")
async def list_scores(
    code: str,
    store: TheStore,
    class_code: Annotated[str | None, Query(alias="class")] = None,
    missing: bool = False,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
) -> dict[str, Any]:
    """Everybody who is to be scored, by number; `class` is their first choice. A cell is "" when nothing is known."""
    programme = await programme_of(store, code)
    found = await store.to_be_scored(code, class_code=class_code, missing=missing, after=after, limit=limit + 1)
    return {
        "items": [_shown(one) for one in found[:limit]],
        "next_cursor": found[limit - 1].registration_no if len(found) > limit else None,
        "missing": await store.unscored(code),
        "decided": programme.decided,
    }


@router.put("/applicants/{applicant_id}/scores/{part}")
async def enter_score(applicant_id: str, part: Part, typed: Entry, store: TheStore) -> dict[str, Any]:
    """Record one cell of the grid, unless somebody else has changed it meanwhile: then 409 shows what they wrote."""
    try:
        said = entering.read(typed.value)
    except BadCell as bad:
        problem = Problem(column=part, reason=bad.reason, value=typed.value)
        raise Invalid("score_unusable", "A score is a number from 0 to 100.", errors=[problem.model_dump()]) from None
    applicant = await store.applicants.get(applicant_id)
    programme = await store.programmes.get(applicant.programme_code) if applicant else None
    if applicant is None or programme is None:
        raise NotFound("unknown_applicant", "There is no such applicant.")
    signed, expected = signature(), _as_it_stands(typed.expected)

    def enter(current: Applicant) -> list[Event] | None:
        return entering.enter(current, part, said, expected, programme, signed)

    try:
        return _shown(await store.applicants.change(applicant_id, enter))
    except RowRefused as refused:
        raise Conflict(refused.problems[0].reason, "This score cannot be recorded.") from None


def _as_it_stands(shown: str) -> str:
    """What a page shows, as a cell has it; whatever cannot be read stands in none."""
    try:
        return entering.read(shown)
    except BadCell:
        return shown


def _shown(applicant: Applicant) -> dict[str, Any]:
    return {
        "applicant_id": applicant.id,
        "registration_no": applicant.registration_no,
        "choices": applicant.facts.choices if applicant.facts else [],
        **entering.cells(applicant),
        "total": as_float(applicant.scores.total) if applicant.scores else None,
    }
