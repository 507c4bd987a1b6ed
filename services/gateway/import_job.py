"""One accepted import: who asked for it, how far it is, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from services.gateway.calling import Language
from services.gateway.report import Report
from shared.documents import Document


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNFINISHED = (State.QUEUED, State.RUNNING)


class By(BaseModel):
    """Who asked for the import."""

    name: str = ""
    role: str = ""
    language: Language = "id"


class ImportJob(Document):
    """One accepted import. Its report hides personal values, for it outlives the request of whoever may see them.

    `runs` counts how often it was begun: more than once means that a gateway stopped in the middle.
    """

    kind: str = ""
    by: By = By()
    key: str = ""
    state: State = State.QUEUED
    accepted_at: datetime | None = None
    leased_until: datetime | None = None
    runs: int = 0
    judged: int = 0
    report: Report | None = None
    problem: dict[str, Any] | None = None

    def status(self) -> dict[str, Any]:
        shown = {"kind", "programme_code", "state", "accepted_at", "runs", "judged", "report", "problem"}
        return {"import_id": self.id, **self.model_dump(mode="json", include=shown)}
