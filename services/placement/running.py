"""Matches the graduates of a programme: one run at a time, stored before it is applied, resumed when interrupted."""

import asyncio
import logging
import uuid
from datetime import date
from typing import Final

from services.placement import matching
from services.placement.graduate import Graduate
from services.placement.matching import Proposal
from services.placement.places import Neighbours
from services.placement.run import Run, match_of
from services.placement.store import Store
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.ledger import Signature, signature
from shared.problems import Conflict, NotFound
from shared.storage import StorageAway

log = logging.getLogger(__name__)

_WAIT_S: Final = 20.0  # for the turn: as long as somebody waits for an answer
_LOOK_AGAIN_S: Final = 5.0


async def match(store: Store, code: str, as_of: date, neighbours: Neighbours, request: str | None) -> Run:
    """Propose what is new as of that day, and answer the run. The same `request` again answers the same run.

    Raises NotFound `unknown_programme`; Conflict `matching_busy`, `matching_interrupted`.
    """
    programme = await store.programme(code)
    if programme is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    async with store.turn.taken(_WAIT_S) as holder:
        await _finish(store)
        earlier = await store.run_of(request) if request else None
        if earlier is not None:
            return earlier
        run, proposals = await _plan(store, programme, as_of, neighbours)
        run.request = request
        await store.keep(run, proposals)
        await store.turn.decide(holder, run.id)
        return await _finish(store) or run


async def keep_resuming(store: Store) -> None:
    """End, until cancelled, each run that was decided and interrupted, here or in a replica that has died since."""
    while True:
        try:
            if await store.turn.run_to_do() is not None:
                async with store.turn.taken(_WAIT_S):
                    await _finish(store)
        except (StorageAway, Conflict):
            log.info("an interrupted matching is resumed later")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _plan(store: Store, programme: Programme, as_of: date, neighbours: Neighbours) -> tuple[Run, list[Proposal]]:
    graduates, vacancies, taken = await asyncio.gather(
        store.unmatched(programme.code), store.vacancies.find({}), store.seats_taken()
    )
    candidates = matching.candidates(graduates, programme, as_of)
    openings = matching.openings(vacancies, taken, as_of)
    # in a thread, so that the service keeps answering and keeps its turn
    proposals = await asyncio.to_thread(matching.propose, candidates, openings, neighbours)
    signed = signature()
    run = Run(
        _id=uuid.uuid4().hex,
        programme_code=programme.code,
        as_of=as_of,
        by=signed.by,
        role=signed.role,
        at=signed.at,
        graduates=len(candidates),
        open_seats=sum(opening.seats_left for opening in openings),
    )
    return run, proposals


async def _finish(store: Store) -> Run | None:
    """Apply the run that is decided, if there is one. Every step may be repeated."""
    run_id = await store.turn.run_to_do()
    if run_id is None:
        return None
    run = await store.runs.get(run_id)
    if run is None:
        raise LookupError(f"run {run_id} is decided but was not stored")
    signed = Signature(run.by, signature().at, run.role)
    async for proposals in store.proposals_of(run_id):
        await asyncio.gather(*(_apply(store, proposal, run_id, signed) for proposal in proposals))
    proposed = await store.count_proposed(run_id)

    def close(current: Run) -> list[Event]:
        current.proposed, current.done = proposed, True
        return []

    run = await store.runs.change(run_id, close)
    await store.turn.done(run_id)
    return run


async def _apply(store: Store, proposal: Proposal, run_id: str, signed: Signature) -> None:
    def accept(graduate: Graduate) -> list[Event] | None:
        matched = graduate.propose(match_of(proposal, run_id), signed)
        return None if matched is None else [matched]

    await store.graduates.change(proposal.applicant_id, accept)
