"""A webhook: where events are posted to, which ones, from where on, and the ledger of what was done about it."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from shared import log
from shared.documents import Document
from shared.ledger import Entry

NAME = r"^[a-z][a-z0-9-]{1,30}$"
FIRST = "first"


class State(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class SealedSecret(BaseModel):
    """`until` is set for one that was replaced: so long both sign."""

    sealed: str
    until: datetime | None = None


class Webhook(Document):
    """`id` is the name. `begins` is `first`, an offset or a time; `turn` counts how often it was set."""

    url: str = ""
    keys: list[str] = Field(default_factory=list)
    secrets: list[SealedSecret] = Field(default_factory=list)
    state: State = State.REMOVED
    why_disabled: str | None = None
    begins: str = FIRST
    turn: int = 0
    created_at: datetime | None = None
    created_with: str | None = None
    rotated_with: str | None = None
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def start(self) -> log.Offset:
        """Where reading the log begins."""
        if self.begins == FIRST:
            return "first"
        return int(self.begins) if self.begins.isdigit() else datetime.fromisoformat(self.begins)

    def begin_at(self, start: int | datetime | None) -> None:
        """From this offset or time on, or from the first event; what was delivered before is delivered again."""
        self.begins = FIRST if start is None else start.isoformat() if isinstance(start, datetime) else str(start)
        self.turn += 1

    def signing(self) -> list[str]:
        """The sealed secrets that sign now, the newest first."""
        now = datetime.now(UTC)
        return [one.sealed for one in self.secrets if one.until is None or one.until > now]
