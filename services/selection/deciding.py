"""Simulates and decides a programme's selection: one run, stored before it is applied, resumed when interrupted."""

import asyncio
import contextlib
import uuid
from collections.abc import Container, Sequence
from itertools import chain

from services.selection.allocation import Candidate, Placed, allocate
from services.selection.applying import apply, claim_accepted
from services.selection.programme import Deciding, Decision, OpenProgramme
from services.selection.run import Run, RunKind, contender_of, count, digest, input_row, outcome_row
from services.selection.screening import TRAINED_BEFORE
from services.selection.store import HowFar, Store
from shared.contracts.selection import Outcome
from shared.ledger import Signature, automatic, signature
from shared.problems import Conflict, NotFound
from shared.run_rows import rows_digest
from shared.storage import Taken


async def simulate(store: Store, programme_code: str) -> Run:
    """Allocate as the programme stands now, and decide nothing. Raises NotFound, Conflict `scores_missing`."""
    programme = await _existing(store, programme_code)
    candidates = await _candidates(store, programme)
    # in threads, so that the service keeps answering
    run = await asyncio.to_thread(_new_run, RunKind.SIMULATION, programme, candidates, signature())
    outcome = await asyncio.to_thread(allocate, programme.rules, candidates)
    run.outcome = "outcome"
    await store.run_chunks.keep(run.id, run.inputs, map(input_row, candidates))
    await store.run_chunks.keep(run.id, run.outcome, map(outcome_row, outcome))
    run.counts = await asyncio.to_thread(count, candidates, outcome)
    return await store.runs.add(run)


async def begin(store: Store, programme_code: str, simulated: str | None) -> None:
    """Let the programme's decision begin, unless it has; whoever finds it begun carries it out.

    With `simulated`, the id of a simulation, only if the inputs are still the same. Raises NotFound, Conflict
    `scores_missing` (with `applicant_ids`), `not_caught_up`.
    """
    programme = await _existing(store, programme_code)
    if programme.decided:
        return
    expected = await _digest_of(store, programme_code, simulated) if simulated else None
    _refuse_unready(*await store.not_ready(programme_code))  # before anything is claimed
    run_id, signed = uuid.uuid4().hex, signature()
    await store.programmes.change(programme_code, lambda one: [] if one.begin(run_id, expected, signed) else None)


async def resume(store: Store, programme_code: str) -> Run:
    """Bring a begun decision to its end. Every step may be repeated, also by two at the same time.

    Raises NotFound, Conflict: `inputs_changed`, or as `begin` does.
    """
    async with store.seen_deciding(programme_code) as far:
        return await _carry_out(store, programme_code, far)


async def _carry_out(store: Store, programme_code: str, far: HowFar) -> Run:
    programme = await _existing(store, programme_code)
    if programme.decision is None:
        raise Conflict("not_decided", "The selection of this programme has not been decided.")
    decision = programme.decision
    if decision.state is Deciding.STARTED:
        await _start(store, programme, decision)
    run = await _run(store, decision.run_id)
    if decision.state is Deciding.DONE:
        return run
    if decision.state is not Deciding.ALLOCATED:
        run = await _allocate(store, run)
        await _advance(store, programme_code, run.id, Deciding.ALLOCATED)
    await apply(store, run, far)
    await _advance(store, programme_code, run.id, Deciding.DONE)
    return await _run(store, run.id)


async def _start(store: Store, programme: OpenProgramme, decision: Decision) -> None:
    """Store what the decision is based on, or give it back. Of two doing so at once, the programme takes one's word."""
    try:
        candidates = await _candidates(store, programme)
        signed = Signature(decision.by, signature().at, decision.role)
        run = await asyncio.to_thread(_new_run, RunKind.DECISION, programme, candidates, signed, decision.run_id)
        if decision.expected not in (None, run.inputs_digest):
            raise Conflict("inputs_changed", "Something has changed since the simulation: simulate again.")
    except Conflict as conflict:
        code, signed = conflict.code, automatic("selection")
        back = await store.programmes.change(
            programme.id, lambda one: [] if one.give_back(decision.run_id, code, signed) else None
        )
        if back.decision is None or back.decision.run_id != decision.run_id:
            raise
        return
    await store.run_chunks.keep(run.id, run.inputs, map(input_row, candidates))
    with contextlib.suppress(Taken):  # somebody else stored theirs first
        await store.runs.add(run)
    programme = await _advance(store, programme.id, run.id, Deciding.READY)
    if programme.decision is None or programme.decision.run_id != run.id:
        raise Conflict("inputs_changed", "Something has changed while it was being decided: decide again.")


async def _allocate(store: Store, run: Run) -> Run:
    """Find the outcome and claim everybody it accepts; whoever was accepted elsewhere meanwhile is left out."""
    excluded: set[str] = set()
    while True:
        # in a thread, so that the service keeps answering and is seen deciding
        outcome = await asyncio.to_thread(allocate, run.rules, await _contenders(store, run, excluded))
        refused = await claim_accepted(store, run, outcome)
        if not refused:
            break
        excluded |= refused
    out = [Placed(one, Outcome.REJECTED, None, None, (TRAINED_BEFORE,)) for one in sorted(excluded)]
    name = f"outcome-{uuid.uuid4().hex}"
    await store.run_chunks.keep(run.id, name, map(outcome_row, chain(outcome, out)))
    digest = await asyncio.to_thread(lambda: rows_digest(map(outcome_row, chain(outcome, out))))
    signed = Signature(run.by, signature().at, run.role)
    return await store.runs.change(run.id, lambda one: [] if one.allocate_to(name, digest, signed) else None)


async def _contenders(store: Store, run: Run, excluded: Container[str]) -> list[Candidate]:
    rows = (row async for some in store.run_chunks.each(run.id, run.inputs) for row in some)
    return [one async for row in rows if (one := contender_of(row)).applicant_id not in excluded]


async def _advance(store: Store, programme_code: str, run_id: str, state: Deciding) -> OpenProgramme:
    return await store.programmes.change(programme_code, lambda one: [] if one.advance(run_id, state) else None)


async def _existing(store: Store, programme_code: str) -> OpenProgramme:
    programme = await store.programmes.get(programme_code)
    if programme is None or programme.definition is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    return programme


async def _candidates(store: Store, programme: OpenProgramme) -> list[Candidate]:
    """Everybody the selection is about. Raises Conflict with those who have no score row."""
    candidates, missing, unknown = [], [], []
    async for some in store.awaiting_selection(programme.id):
        for one in some:
            if one.scores is None:
                missing.append(one.id)
            elif one.registered_at is None:  # a correction has overtaken the registration
                unknown.append(one.id)
            else:
                candidates.append(one.candidate(programme.rules.eligibility))
    _refuse_unready(missing, unknown)
    candidates.sort()  # by applicant id
    return candidates


def _refuse_unready(missing: Sequence[str], unknown: Sequence[str]) -> None:
    """Raises Conflict when there are people without a score row, or whose registration has not arrived."""
    if missing:
        raise Conflict(
            "scores_missing",
            f"{len(missing)} people who passed have no score row yet.",
            applicant_ids=sorted(missing),
        )
    if unknown:
        raise Conflict("not_caught_up", "Some registrations have not arrived yet.", applicant_ids=sorted(unknown))


def _new_run(
    kind: RunKind,
    programme: OpenProgramme,
    candidates: list[Candidate],
    signed: Signature,
    run_id: str | None = None,
) -> Run:
    return Run(
        _id=run_id or uuid.uuid4().hex,
        programme_code=programme.id,
        kind=kind,
        rule_version=programme.revision,
        definition=programme.rules,
        inputs_digest=digest(programme.rules, candidates),
        by=signed.by,
        role=signed.role,
        at=signed.at.isoformat(timespec="seconds"),
    )


async def _digest_of(store: Store, programme_code: str, run_id: str) -> str:
    run = await _run(store, run_id)
    if run.programme_code != programme_code:
        raise NotFound("unknown_run", "There is no such run in this programme.")
    return run.inputs_digest


async def _run(store: Store, run_id: str) -> Run:
    run = await store.runs.get(run_id)
    if run is None:
        raise NotFound("unknown_run", "There is no such run.")
    return run
