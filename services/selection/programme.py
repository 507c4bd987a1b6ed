"""A programme as selection knows it: its rules, and whether its selection has been decided."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel

from shared.contracts import registration
from shared.documents import Document


class Deciding(StrEnum):
    """How far a decision is. From the first step on, nothing may change what it is based on."""

    STARTED = "started"  # inputs are being read
    ALLOCATED = "allocated"  # the outcome is stored, and being applied
    DONE = "done"


class Decision(BaseModel):
    run_id: str
    state: Deciding


class OpenProgramme(Document):
    """The programme's definition at its latest revision; a programme is decided once."""

    revision: int = 0
    definition: registration.Programme | None = None
    decision: Decision | None = None

    @property
    def decided(self) -> bool:
        """Whether a decision was taken or is being taken."""
        return self.decision is not None

    @property
    def rules(self) -> registration.Programme:
        if self.definition is None:
            raise LookupError(f"programme {self.id} has no definition yet")
        return self.definition

    @property
    def reserve_until(self) -> date:
        """The last day on which a freed seat goes to a reserve."""
        return self.rules.selection.reserve_until or self.rules.training.starts
