"""Who acts, and which request or event caused what, carried along with the running task."""

import uuid
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Somebody who may do things: a member of staff, an API client, or one of our services."""

    name: str
    role: str


SERVICE = "service"  # the role of our own services
SYSTEM = Actor(name="system", role=SERVICE)

actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)
correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)


def correlation() -> str:
    """The id that ties together everything one request or event set off; a new one where there is none yet."""
    current = correlation_id.get()
    if current is None:
        current = uuid.uuid4().hex
        correlation_id.set(current)
    return current
