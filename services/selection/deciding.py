"""Simulates and decides a programme's selection: one run, stored before it is applied, resumed when interrupted."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from services.selection.allocation import Candidate, Placed, allocate
from services.selection.applying import apply, claim_accepted
from services.selection.programme import Deciding, Decision, OpenProgramme
from services.selection.run import INPUTS, OUTCOME, Run, RunKind, candidate_of, count, digest, input_row, outcome_row
from services.selection.screening import TRAINED_BEFORE
from services.selection.store import Store
from shared import context
from shared.contracts import Event
from shared.contracts.selection import Outcome
from shared.problems import Conflict, NotFound


async def simulate(store: Store, programme_code: str) -> Run:
    """Allocate as the programme stands now, and decide nothing. Raises NotFound, Conflict `scores_missing`."""
    programme = await _existing(store, programme_code)
    candidates = await _candidates(store, programme)
    run = _new_run(RunKind.SIMULATION, programme, candidates)
    outcome = allocate(programme.rules, candidates)
    await store.keep(run.id, INPUTS, [input_row(one) for one in candidates])
    await store.keep(run.id, OUTCOME, [outcome_row(one) for one in outcome])
    run.counts = count(candidates, outcome)
    return await store.runs.add(run)


async def decide(store: Store, programme_code: str, simulated: str | None = None) -> Run:
    """Decide the programme, once; repeating it answers the same run.

    With `simulated`, the id of a simulation, only if the inputs are still the same. Raises NotFound, Conflict
    `scores_missing` (with `applicant_ids`), `inputs_changed`.
    """
    programme = await _existing(store, programme_code)
    if not programme.decided:
        expected = await _digest_of(store, programme_code, simulated) if simulated else None
        await _candidates(store, programme)  # refuse before anything is claimed
        run_id = uuid.uuid4().hex

        def claim(current: OpenProgramme) -> Sequence[Event] | None:
            if current.decided:
                return None
            current.decision = Decision(run_id=run_id, state=Deciding.STARTED)
            return []

        programme = await store.programmes.change(programme_code, claim)
        if programme.decision is not None and programme.decision.run_id == run_id:
            await _start(store, programme, run_id, expected)
    return await resume(store, programme_code)


async def resume(store: Store, programme_code: str) -> Run:
    """Bring a begun decision to its end. Every step may be repeated, also by two at the same time."""
    programme = await _existing(store, programme_code)
    if programme.decision is None:
        raise Conflict("not_decided", "The selection of this programme has not been decided.")
    run_id = programme.decision.run_id
    run = await store.runs.get(run_id)
    if run is None:  # killed before its inputs were stored
        run = await _start(store, programme, run_id, None)
    if programme.decision.state is Deciding.DONE:
        return run
    candidates = [candidate_of(row) for row in await store.kept(run_id, INPUTS)]
    if programme.decision.state is Deciding.STARTED:
        await _allocate(store, run, candidates)
        await _advance(store, programme_code, Deciding.ALLOCATED)
    await apply(store, run, candidates)
    await _advance(store, programme_code, Deciding.DONE)
    return await _run(store, run_id)


async def _start(store: Store, programme: OpenProgramme, run_id: str, expected: str | None) -> Run:
    """Store what the decision is based on; nothing may change it any more, since the programme counts as decided."""
    try:
        candidates = await _candidates(store, programme)
        run = _new_run(RunKind.DECISION, programme, candidates, run_id)
        if expected is not None and run.inputs_digest != expected:
            raise Conflict("inputs_changed", "Something has changed since the simulation: simulate again.")
    except Conflict:
        await store.programmes.change(programme.id, _give_back)
        raise
    await store.keep(run_id, INPUTS, [input_row(one) for one in candidates])

    def begin(blank: Run) -> Sequence[Event] | None:
        if blank.exists:
            return None
        for field in Run.model_fields:
            setattr(blank, field, getattr(run, field))
        return []

    return await store.runs.change(run_id, begin)


def _give_back(programme: OpenProgramme) -> Sequence[Event]:
    programme.decision = None
    return []


async def _allocate(store: Store, run: Run, candidates: list[Candidate]) -> None:
    """Find the outcome and claim everybody it accepts; whoever was accepted elsewhere meanwhile is left out."""
    programme = run.rules
    excluded: set[str] = set()
    while True:
        eligible = [one for one in candidates if one.applicant_id not in excluded]
        outcome = allocate(programme, eligible)
        refused = await claim_accepted(store, programme.code, eligible, outcome)
        if not refused:
            break
        excluded |= refused
    out = [Placed(one, Outcome.REJECTED, None, None, (TRAINED_BEFORE,)) for one in sorted(excluded)]
    await store.keep(run.id, OUTCOME, [outcome_row(one) for one in [*outcome, *out]])


async def _advance(store: Store, programme_code: str, state: Deciding) -> None:
    def advance(programme: OpenProgramme) -> Sequence[Event] | None:
        if programme.decision is None or programme.decision.state in (state, Deciding.DONE):
            return None
        programme.decision = Decision(run_id=programme.decision.run_id, state=state)
        return []

    await store.programmes.change(programme_code, advance)


async def _existing(store: Store, programme_code: str) -> OpenProgramme:
    programme = await store.programmes.get(programme_code)
    if programme is None or programme.definition is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    return programme


async def _candidates(store: Store, programme: OpenProgramme) -> list[Candidate]:
    """Everybody the selection is about. Raises Conflict `scores_missing` with those who have no score row."""
    applicants = await store.awaiting_selection(programme.id)
    missing = [one.id for one in applicants if one.scores is None]
    if missing:
        raise Conflict(
            "scores_missing", f"{len(missing)} people who passed have no score row yet.", applicant_ids=missing
        )
    return [one.candidate(programme.rules.eligibility) for one in applicants]


def _new_run(kind: RunKind, programme: OpenProgramme, candidates: list[Candidate], run_id: str | None = None) -> Run:
    return Run(
        _id=run_id or uuid.uuid4().hex,
        programme_code=programme.id,
        kind=kind,
        rule_version=programme.revision,
        definition=programme.rules,
        inputs_digest=digest(programme.rules, candidates),
        by=context.actor.get().name,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
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
