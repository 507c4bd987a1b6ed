"""A programme as selection knows it: its rules, and whether its selection has been decided."""

from datetime import date, timedelta
from enum import StrEnum

from pydantic import BaseModel, Field

from shared.contracts import registration
from shared.documents import Document
from shared.ledger import Entry, Signature, entry


class Deciding(StrEnum):
    """How far a decision is. From the first step on, nothing may change what it is based on."""

    STARTED = "started"  # inputs are being read; only from here can it be given back
    READY = "ready"  # the inputs are stored
    ALLOCATED = "allocated"  # the outcome is stored, and being applied
    DONE = "done"


class Decision(BaseModel):
    """`expected` is the digest that the inputs must have, of the simulation that staff saw.

    `by`, in that `role`, decided it, whoever carries it out.
    """

    run_id: str
    by: str = ""
    role: str = ""
    state: Deciding = Deciding.STARTED
    expected: str | None = None


class OpenProgramme(Document):
    """The programme's definition at its latest revision; a programme is decided once."""

    revision: int = 0
    definition: registration.Programme | None = None
    decision: Decision | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def begin(self, run_id: str, expected: str | None, signed: Signature) -> bool:
        """Somebody decides this programme; False when it is decided already."""
        if self.decided:
            return False
        self.decision = Decision(run_id=run_id, by=signed.by, role=signed.role, expected=expected)
        self.ledger.append(entry(signed, "decision_begun", run_id=run_id, simulated_inputs=expected))
        return True

    @property
    def decided(self) -> bool:
        """Whether a decision was taken or is being taken."""
        return self.decision is not None

    def advance(self, run_id: str, state: Deciding) -> bool:
        """Let the decision by that run be so far at least; False when it is already, or is not being taken any more."""
        order = list(Deciding)
        if self.decision is None or self.decision.run_id != run_id:
            return False
        if order.index(self.decision.state) >= order.index(state):
            return False
        self.decision = self.decision.model_copy(update={"state": state})
        return True

    def give_back(self, run_id: str, reason: str, signed: Signature) -> bool:
        """Take a begun decision back; False when it is too late for that."""
        if self.decision is None or (self.decision.run_id, self.decision.state) != (run_id, Deciding.STARTED):
            return False
        self.decision = None
        self.ledger.append(entry(signed, "decision_given_back", reason, run_id=run_id))
        return True

    @property
    def rules(self) -> registration.Programme:
        if self.definition is None:
            raise LookupError(f"programme {self.id} has no definition yet")
        return self.definition

    @property
    def confirm_days(self) -> int | None:
        """How many days a reserve has to confirm a seat; None: they get it at once."""
        return self.rules.selection.reserve_confirm_days

    def confirm_until(self, today: date) -> date:
        """The last day on which a seat that is offered today can be confirmed; not after the last day for reserves.

        Where reserves confirm no longer, what was offered before goes on with a day each.
        """
        return max(today, min(today + timedelta(days=self.confirm_days or 1), self.reserve_until))

    @property
    def reserve_until(self) -> date:
        """The last day on which a freed seat goes to a reserve."""
        return self.rules.selection.reserve_until or self.rules.training.starts
