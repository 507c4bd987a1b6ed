"""Replays a run from its record: whether what it was decided from gives, by its rules, what it decided."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.selection.allocation import Placed, allocate
from services.selection.run import Run, candidate_of, digest, placed_of
from services.selection.screening import TRAINED_BEFORE
from shared.contracts.selection import Outcome
from shared.run_rows import rows_digest

Rows = Sequence[dict[str, Any]]


def differences(run: Run, inputs: Rows, outcome: Rows) -> list[str]:
    """What a run's inputs, outcome and the audited entry in its ledger say otherwise of each other; empty: it replays.

    `inputs` and `outcome` are the rows as they are kept. A simulation has no entry: nothing was decided.
    """
    return [*_altered(run, inputs, outcome), *_decided_otherwise(run, inputs, outcome)]


def _altered(run: Run, inputs: Rows, outcome: Rows) -> Iterator[str]:
    audited: dict[str, Any] = next((entry.detail for entry in run.ledger if entry.what == "allocated"), {})
    found = digest(run.rules, [candidate_of(row) for row in inputs])
    expected = audited.get("inputs_digest", run.inputs_digest)
    if found != expected:
        yield f"the inputs have the digest {found}, the run was decided from {expected}"
    if audited and rows_digest(outcome) != audited["outcome_digest"]:
        yield f"the outcome has the digest {rows_digest(outcome)}, the run's was {audited['outcome_digest']}"


def _decided_otherwise(run: Run, inputs: Rows, outcome: Rows) -> Iterator[str]:
    decided = {one.applicant_id: one for one in map(placed_of, outcome)}
    # whoever another programme had accepted meanwhile, which no input tells: their outcome says so
    elsewhere = {one.applicant_id for one in decided.values() if one.reasons == (TRAINED_BEFORE,)}
    candidates = [one for one in map(candidate_of, inputs) if one.applicant_id not in elsewhere]
    given = {one.applicant_id: one for one in allocate(run.rules, candidates)}
    given |= {one: Placed(one, Outcome.REJECTED, None, None, (TRAINED_BEFORE,)) for one in elsewhere}
    for applicant_id in sorted(given.keys() | decided.keys()):
        was, should = decided.get(applicant_id), given.get(applicant_id)
        if was != should:
            yield f"{applicant_id}: decided {_told(was)}, the inputs give {_told(should)}"


def _told(placed: Placed | None) -> str:
    if placed is None:
        return "nothing"
    parts = (placed.outcome, placed.class_code, placed.rank and f"rank {placed.rank}", ", ".join(placed.reasons))
    return " ".join(str(part) for part in parts if part)
