"""What is compared in the end: what clients sent, what each service holds, what was committed, seen and logged."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.system import System


@dataclass(frozen=True)
class Seen:
    """One event, as it was committed to an outbox, delivered to an outside subscriber, or kept in `jalur.log`."""

    id: str
    type: str
    subject: str
    sequence: int
    n: int
    body: Any
    headers: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def name(self) -> str:
        """`ApplicantRegistered` of `jalur.registration.ApplicantRegistered.v1`."""
        return self.type.split(".")[2]

    @property
    def publisher(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def aggregate(self) -> str:
        """`registration.applicant:<id>`: what orders its events."""
        return self.id.rsplit(":", 2)[0]


@dataclass
class Sent:
    """What clients have sent about one programme and were told has happened. Rows are named by NIK."""

    code: str
    ids: dict[str, str] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    corrected: dict[str, str] = field(default_factory=dict)
    scores: dict[str, tuple[float, float]] = field(default_factory=dict)
    attendance: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    assessments: dict[str, bool] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    vacancies: dict[str, int] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    matchings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Ledger:
    """Everything the invariants look at, gathered when all is quiet; `programmes` are the ones that were played.

    `waiting` are the documents whose outbox is not empty.
    """

    system: System
    programmes: list[Sent]
    problems: list[str]
    committed: list[Seen]
    seen: list[Seen]
    logged: list[Seen]
    held: dict[str, dict[str, dict[str, dict[str, Any]]]]
    rosters: list[dict[str, Any]]
    parked: list[Seen]
    queues: dict[str, dict[str, int]]
    waiting: list[str]
    recovery_s: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
