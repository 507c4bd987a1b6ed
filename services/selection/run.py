"""A run of the selection, simulated or decided: what went in, what came out, and that anyone can replay it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from sys import intern
from typing import Any

import orjson
from pydantic import BaseModel, Field

from services.selection import alike
from services.selection.allocation import Candidate, Placed
from shared.contracts.registration import Programme
from shared.contracts.selection import Outcome
from shared.documents import Document
from shared.ledger import Entry, Signature, entry


class RunKind(StrEnum):
    SIMULATION = "simulation"
    DECISION = "decision"


class Counts(BaseModel):
    """How a run came out. `first_choice` are those accepted in the class they wanted most."""

    candidates: int = 0
    accepted: int = 0
    reserve: int = 0
    rejected: int = 0
    first_choice: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    accepted_per_class: dict[str, int] = Field(default_factory=dict)

    def add(self, placed: Placed, first_choice: str | None) -> None:
        """Count one more, who is among the candidates already."""
        for reason in placed.reasons:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if placed.outcome is Outcome.ACCEPTED:
            self.accepted += 1
            self.first_choice += placed.class_code == first_choice
            if placed.class_code:
                self.accepted_per_class[placed.class_code] = self.accepted_per_class.get(placed.class_code, 0) + 1
        elif placed.outcome is Outcome.RESERVE:
            self.reserve += 1
        else:
            self.rejected += 1


class Run(Document):
    """The inputs and the outcome stand beside it, in chunks, under names that tell one reading from another.

    Two may carry out one run at the same time: the first to name its outcome here is the one that counts.
    """

    kind: RunKind = RunKind.SIMULATION
    rule_version: int = 0
    definition: Programme | None = None
    inputs_digest: str = ""
    outcome: str = ""
    counts: Counts = Field(default_factory=Counts)
    by: str = ""
    role: str = ""
    at: str = ""
    ledger: list[Entry] = Field(default_factory=list)

    def allocate_to(self, outcome: str, outcome_digest: str, signed: Signature) -> bool:
        """Name the outcome that counts, and put on record what it came from; False when there is one."""
        if self.outcome:
            return False
        self.outcome = outcome
        self.ledger.append(
            entry(
                signed,
                "allocated",
                rule_version=self.rule_version,
                inputs_digest=self.inputs_digest,
                outcome_digest=outcome_digest,
            )
        )
        return True

    @property
    def inputs(self) -> str:
        return f"inputs-{self.inputs_digest}"

    @property
    def rules(self) -> Programme:
        if self.definition is None:
            raise LookupError(f"run {self.id} has no definition")
        return self.definition


def digest(programme: Programme, candidates: Sequence[Candidate]) -> str:
    """Two runs with the same digest have the same inputs, and so the same outcome."""
    definition = programme.model_dump(mode="json")
    if definition["selection"]["reserve_confirm_days"] is None:  # as before there was such a thing: old runs replay
        del definition["selection"]["reserve_confirm_days"]
    state = hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS))
    for one in sorted(candidates):  # by applicant id
        state.update(orjson.dumps(input_row(one), option=orjson.OPT_SORT_KEYS))
    return state.hexdigest()


def input_row(candidate: Candidate) -> dict[str, Any]:
    return {
        **candidate._asdict(),
        "registered_at": candidate.registered_at.isoformat(),
        "choices": list(candidate.choices),
        "written": None if candidate.written is None else str(candidate.written),
        "total": None if candidate.total is None else str(candidate.total),
    }


def candidate_of(row: dict[str, object]) -> Candidate:
    """The candidate in a stored input row."""
    return Candidate(
        applicant_id=str(row["applicant_id"]),
        person_id=str(row["person_id"]),
        registration_no=str(row["registration_no"]),
        registered_at=alike.moment(datetime.fromisoformat(str(row["registered_at"]))),
        choices=alike.texts(tuple(row["choices"])),  # type: ignore[arg-type]
        willing_to_move=bool(row["willing_to_move"]),
        written=None if row["written"] is None else alike.score(str(row["written"])),
        total=None if row["total"] is None else alike.score(str(row["total"])),
        exclusive=bool(row["exclusive"]),
    )


def contender_of(row: dict[str, object]) -> Candidate:
    """What allocation goes by of a stored input row: not who it is."""
    return candidate_of(row)._replace(person_id="")


def outcome_row(placed: Placed) -> dict[str, Any]:
    return {**placed._asdict(), "outcome": str(placed.outcome), "reasons": list(placed.reasons)}


def placed_of(row: dict[str, Any]) -> Placed:
    code = row["class_code"]
    told = {
        "outcome": Outcome(row["outcome"]),
        "class_code": code and intern(code),
        "reasons": alike.texts(tuple(row["reasons"])),
    }
    return Placed(**{**row, **told})


def count(candidates: Sequence[Candidate], outcome: Iterable[Placed]) -> Counts:
    """The counts of an outcome."""
    wanted = {one.applicant_id: one.choices[0] for one in candidates if one.choices}
    counts = Counts(candidates=len(candidates))
    for placed in outcome:
        counts.add(placed, wanted.get(placed.applicant_id))
    return counts
