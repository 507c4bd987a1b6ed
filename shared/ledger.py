"""The ledger of a document: who did what, when and why, kept beside the state it explains.

A document keeps one by having a field `ledger: list[Entry]`. Entries are only ever added; every one is copied into the
service's audit by itself.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared import context
from shared.free_text import discreet


class Signature(NamedTuple):
    """Who acts, in which role, and when; rules are handed one, so that they need no clock."""

    by: str
    at: datetime
    role: str = ""


class Entry(BaseModel):
    """One thing that happened. `what` is a code in the past tense; `detail` holds what it replaced or was based on."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    role: str = ""
    what: str
    reason: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


def signature() -> Signature:
    """The signature of whoever this task works for, now."""
    actor = context.actor.get()
    return Signature(actor.name, datetime.now(UTC), actor.role)


def automatic(service: str) -> Signature:
    """The signature of a service that applies a rule by itself, whoever's deed made it look."""
    return Signature(service, datetime.now(UTC), context.SERVICE)


def entry(signed: Signature, what: str, reason: str | None = None, **detail: Any) -> Entry:
    """A ledger entry with that signature; what identifies somebody by number or address is taken out of the reason."""
    said = None if reason is None else discreet(reason)
    return Entry(at=signed.at, by=signed.by, role=signed.role, what=what, reason=said, detail=detail)
