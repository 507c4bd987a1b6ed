"""Matches the graduates of a programme: one run at a time, stored before it is applied, resumed when interrupted."""

import asyncio
import logging
import uuid
from datetime import date
from typing import Final

from services.placement import matching
from services.placement.graduate import Graduate
from services.placement.match import Match
from services.placement.matching import Proposal
from services.placement.places import Neighbours
from services.placement.run import (
    CANDIDATES,
    OPENINGS,
    PROPOSALS,
    Run,
    candidate_rows,
    inputs_digest,
    match_of,
    opening_rows,
)
from services.placement.store import Store
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.ledger import Signature, signature
from shared.problems import Conflict, NotFound
from shared.run_rows import RunRow, rows_digest
from shared.storage import StorageAway

log = logging.getLogger(__name__)

WAIT_S: Final = 20.0  # for the turn: as long as somebody waits for an answer
_LOOK_AGAIN_S: Final = 5.0


async def match(store: Store, code: str, as_of: date, neighbours: Neighbours, request: str | None) -> Run:
    """Propose what is new as of that day, and answer the run. The same `request` again answers the same run.

    Raises NotFound `unknown_programme`; Conflict `matching_busy`, `matching_interrupted`.
    """
    programme = await store.programme(code)
    if programme is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    async with store.turn.taken(WAIT_S) as holder:
        await finish(store)
        earlier = await store.run_of(request) if request else None
        if earlier is not None:
            return earlier
        run = await _plan(store, programme, as_of, neighbours, request)
        await store.turn.decide(holder, run.id)
        return await finish(store) or run


async def keep_resuming(store: Store) -> None:
    """End, until cancelled, each run that was decided and interrupted, here or in a replica that has died since."""
    while True:
        try:
            if await store.turn.run_to_do() is not None:
                async with store.turn.taken(WAIT_S):
                    await finish(store)
        except (StorageAway, Conflict):
            log.info("an interrupted matching is resumed later")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _plan(store: Store, programme: Programme, as_of: date, neighbours: Neighbours, request: str | None) -> Run:
    """A run that is stored with all it goes by and its outcome, before anything of it happens."""
    graduates, vacancies, taken = await asyncio.gather(
        store.unmatched(programme.code), store.vacancies.find({}), store.seats_taken()
    )
    candidates = matching.candidates(graduates, programme, as_of)
    openings = matching.openings(vacancies, taken, as_of)

    def work_out() -> tuple[dict[str, list[RunRow]], str]:
        proposals = matching.propose(candidates, openings, neighbours)
        parts = {
            CANDIDATES: candidate_rows(candidates),
            OPENINGS: opening_rows(openings),
            PROPOSALS: [proposal.model_dump() for proposal in proposals],
        }
        return parts, inputs_digest(neighbours, parts[CANDIDATES], parts[OPENINGS])

    # in a thread, so that the service keeps answering and keeps its turn
    parts, digest = await asyncio.to_thread(work_out)
    signed = signature()
    run = Run(
        _id=uuid.uuid4().hex,
        programme_code=programme.code,
        as_of=as_of,
        by=signed.by,
        role=signed.role,
        at=signed.at,
        request=request,
        neighbours=neighbours.pairs,
        inputs_digest=digest,
        outcome_digest=rows_digest(parts[PROPOSALS]),
        graduates=len(candidates),
        open_seats=sum(opening.seats_left for opening in openings),
    )
    for part, rows in parts.items():
        await store.run_chunks.keep(run.id, part, rows)
    return await store.runs.add(run)


async def finish(store: Store) -> Run | None:
    """Apply the run that is decided, if there is one. Every step may be repeated."""
    run_id = await store.turn.run_to_do()
    if run_id is None:
        return None
    run = await store.runs.get(run_id)
    if run is None:
        raise LookupError(f"run {run_id} is decided but was not stored")
    signed = Signature(run.by, signature().at, run.role)
    await store.runs.change(run_id, lambda one: one.decide(signed))
    async for rows in store.run_chunks.each(run_id, PROPOSALS):
        proposals = [Proposal.model_validate(row) for row in rows]
        vacancies = await store.vacancies.get_many({one.vacancy_id for one in proposals})
        matches = [(one.applicant_id, match_of(one, vacancies[one.vacancy_id].offered, run_id)) for one in proposals]
        await asyncio.gather(*(_apply(store, applicant_id, match, signed) for applicant_id, match in matches))
    proposed = await store.count_proposed(run_id)
    run = await store.runs.change(run_id, lambda one: one.close(proposed))
    await store.turn.done(run_id)
    return run


async def _apply(store: Store, applicant_id: str, proposed: Match, signed: Signature) -> None:
    def accept(graduate: Graduate) -> list[Event] | None:
        matched = graduate.propose(proposed, signed)
        return None if matched is None else [matched]

    await store.graduates.change(applicant_id, accept)
