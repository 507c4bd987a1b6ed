"""The ledger of a document: who did what, when and why, kept beside the state it explains."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from shared import context


class Signature(NamedTuple):
    """Who acts and when; rules are handed one, so that they need no clock."""

    by: str
    at: datetime


class Entry(BaseModel):
    """One thing that happened. `what` is a code in the past tense; `detail` holds what it replaced or was based on."""

    at: datetime
    by: str
    what: str
    reason: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


def signature() -> Signature:
    """The signature of whoever this task works for, now."""
    return Signature(context.actor.get().name, datetime.now(UTC))


def entry(signed: Signature, what: str, reason: str | None = None, **detail: Any) -> Entry:
    """A ledger entry with that signature."""
    return Entry(at=signed.at, by=signed.by, what=what, reason=reason, detail=detail)
