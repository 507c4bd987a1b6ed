"""Commands and queries of placement over HTTP."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field

from services.placement import running, tracer
from services.placement.places import Neighbours
from services.placement.replaying import differences
from services.placement.run import CANDIDATES, OPENINGS, PROPOSALS, Run
from services.placement.store import Store
from shared import context
from shared.cells import JAKARTA
from shared.judging import Change, RowWaits, judge, refused
from shared.ledger import signature
from shared.problems import NotFound
from shared.rehearsing import changing
from shared.rows import JudgedRows, Row, Rows
from shared.run_rows import RunRow

router = APIRouter()


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _neighbours(request: Request) -> Neighbours:
    near: dict[str, list[str]] = request.app.state.settings.neighbouring_places
    return Neighbours((one, other) for one, others in near.items() for other in others)


TheStore = Annotated[Store, Depends(_store)]
TheNeighbours = Annotated[Neighbours, Depends(_neighbours)]


class Match(BaseModel):
    as_of: date | None = Field(
        default=None, description="The day that decides what is open and valid; today unless given."
    )


@router.post("/programmes/{code}/tracer")
async def record_answers(code: str, rows: Rows, store: TheStore, dry_run: bool = False) -> JudgedRows:
    signed = signature()
    graduates = changing(store.graduates, dry_run=dry_run)
    programme = await store.programme(code)

    async def record(row: Row) -> Change | None:
        if programme is None:
            raise RowWaits("programme_unknown")
        if row.applicant_id is None:
            raise refused("not_registered")
        return await store.record(
            row.applicant_id, lambda graduate: tracer.record(graduate, row.cells, programme, signed), graduates
        )

    return await judge(rows, record, tracer.occasion, keep_pace=store.storage.keep_pace)


@router.post("/programmes/{code}/matching")
async def match(
    code: str,
    store: TheStore,
    neighbours: TheNeighbours,
    body: Match | None = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> dict[str, Any]:
    """Propose graduates for vacancies; what was proposed before stays as it is."""
    as_of = (body and body.as_of) or datetime.now(JAKARTA).date()
    request = idempotency_key and f"{context.actor.get().name}:{code}:{idempotency_key}"
    run = await running.match(store, code, as_of, neighbours, request)
    return {"run_id": run.id, **run.model_dump(mode="json", include={"as_of", "proposed", "graduates", "open_seats"})}


@router.get("/programmes/{code}/matching/runs/{run_id}")
async def show_run(code: str, run_id: str, store: TheStore) -> dict[str, Any]:
    """A run with what it was based on and what it proposed."""
    run = await _run(store, code, run_id)
    candidates, openings, proposals = await _parts(store, run_id)
    parts = {"candidates": candidates, "openings": openings, "proposals": proposals}
    return {**_summary(run), "neighbours": run.neighbours, **parts, "ledger": run.ledger}


@router.get("/programmes/{code}/matching/runs/{run_id}/replay")
async def replay_run(code: str, run_id: str, store: TheStore) -> dict[str, Any]:
    """Match anew from what the run recorded, and compare."""
    run = await _run(store, code, run_id)
    found = await asyncio.to_thread(differences, run, *await _parts(store, run_id))
    return {**_summary(run), "replays": not found, "differences": found}


@router.get("/applicants/{applicant_id}")
async def show(applicant_id: str, store: TheStore) -> dict[str, Any]:
    """Facts, certificates, the match, the answers with those that corrections superseded, and the ledger."""
    graduate = await store.graduates.get(applicant_id)
    if graduate is None:
        raise NotFound("unknown_applicant", "There is no such applicant.")
    return {
        **graduate.model_dump(mode="json", exclude={"marks", "published", "facts_sequence"}),
        "status": graduate.status,
    }


async def _run(store: Store, code: str, run_id: str) -> Run:
    run = await store.runs.get(run_id)
    if run is None or run.programme_code != code:
        raise NotFound("unknown_run", "There is no such run in this programme.")
    return run


async def _parts(store: Store, run_id: str) -> tuple[list[RunRow], list[RunRow], list[RunRow]]:
    """Candidates, openings and proposals of a run."""
    candidates, openings, proposals = [
        await store.run_chunks.kept(run_id, part) for part in (CANDIDATES, OPENINGS, PROPOSALS)
    ]
    return candidates, openings, proposals


def _summary(run: Run) -> dict[str, Any]:
    told = {"programme_code", "as_of", "inputs_digest", "graduates", "open_seats", "proposed", "by", "role", "at"}
    return {"run_id": run.id, **run.model_dump(mode="json", include=told)}
