"""Replays a matching from its record: whether what it was based on gives, by its rules, what it proposed."""

from collections.abc import Iterator, Sequence

from services.placement import matching
from services.placement.matching import Candidate, Proposal
from services.placement.places import Neighbours
from services.placement.run import Run, inputs_digest, opening_of
from shared.run_rows import RunRow, rows_digest

Rows = Sequence[RunRow]


def differences(run: Run, candidates: Rows, openings: Rows, proposals: Rows) -> list[str]:
    """What the kept rows and the audited entry in the run's ledger say otherwise of each other; empty: it replays."""
    neighbours = Neighbours(run.neighbours)
    return [
        *_altered(run, inputs_digest(neighbours, candidates, openings), rows_digest(proposals)),
        *_proposed_otherwise(neighbours, candidates, openings, proposals),
    ]


def _altered(run: Run, inputs: str, outcome: str) -> Iterator[str]:
    audited = next((entry.detail for entry in run.ledger if entry.what == "matched"), None)
    if audited is None:
        yield "nothing was decided by this run"
        return
    if inputs != audited["inputs_digest"]:
        yield f"the inputs have the digest {inputs}, the run was based on {audited['inputs_digest']}"
    if outcome != audited["outcome_digest"]:
        yield f"the outcome has the digest {outcome}, the run's was {audited['outcome_digest']}"


def _proposed_otherwise(neighbours: Neighbours, candidates: Rows, openings: Rows, proposals: Rows) -> Iterator[str]:
    found = matching.propose([Candidate(**row) for row in candidates], [*map(opening_of, openings)], neighbours)
    given = {one.applicant_id: one for one in found}
    proposed = {one.applicant_id: one for one in map(Proposal.model_validate, proposals)}
    for applicant_id in sorted(given.keys() | proposed.keys()):
        was, should = proposed.get(applicant_id), given.get(applicant_id)
        if was != should:
            yield f"{applicant_id}: proposed for {_told(was)}, the inputs give {_told(should)}"


def _told(proposal: Proposal | None) -> str:
    if proposal is None:
        return "nothing"
    return f"{proposal.vacancy_id} with {proposal.score:g} ({', '.join(proposal.reasons)})"
