"""Versioned documents: state, the events it causes and what it has absorbed, in one atomic write."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared import context
from shared.contracts import Event
from shared.meta import Meta


class Document(BaseModel):
    """What every stored aggregate has. A subclass gives each of its fields a default, so that `Kind(id=…)` is blank.

    `marks` holds, per event type absorbed, the (sequence, n) of the last one; `published`, per event type, the version
    that last caused one. `programme_code` is there so that progress can be counted per programme.
    """

    model_config = ConfigDict(populate_by_name=True, extra="ignore", validate_assignment=False)

    id: str = Field(alias="_id")
    version: int = 0
    programme_code: str = ""
    marks: dict[str, tuple[int, int]] = Field(default_factory=dict)
    published: dict[str, int] = Field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return self.version > 0

    def has_absorbed(self, meta: Meta) -> bool:
        """Whether this event, or a later one of its type, is in this document already."""
        held = self.marks.get(meta.event_name)
        return held is not None and (meta.sequence, meta.n) <= held

    def mark(self, meta: Meta) -> None:
        self.marks[meta.event_name] = (meta.sequence, meta.n)


class Committed(NamedTuple):
    """A document's events that are in the database and want to be published."""

    collection: str
    document_id: str
    entries: list[dict[str, Any]]


def event_id(service: str, aggregate: str, document: Document, n: int = 0) -> str:
    """The id of the n-th event that the next save of `document` causes; the same however often it is published."""
    return f"{service}.{aggregate}:{document.id}:{document.version + 1}:{n}"


def entries_of(service: str, aggregate: str, document: Document, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The outbox entries of the version that `document` is about to become; ids are deterministic."""
    version = document.version + 1
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    entries = []
    for n, event in enumerate(events):
        document.published[event.event_name] = version
        entries.append(
            {
                "id": event_id(service, aggregate, document, n),
                "type": event.ce_type(),
                "key": event.routing_key(),
                "source": f"/jalur/{service}",
                "subject": document.id,
                "sequence": version,
                "time": now,
                "correlation": context.correlation(),
                "causation": context.causation_id.get(),
                "data": event.model_dump(mode="json"),
            }
        )
    return entries


def write_of(document: Document, entries: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Filter and update of the one write that makes `document` its next version, events included."""
    state = document.model_dump(mode="json", exclude={"id", "version"})
    update: dict[str, Any] = {"$set": state, "$inc": {"version": 1}}
    if entries:
        state["pending"] = True
        # the server's clock: a service's own may be wrong, and the sweeper compares this with the server's too
        update["$currentDate"] = {"touched": True}
        update["$push"] = {"outbox": {"$each": entries}}
    return {"_id": document.id, "version": document.version}, update


def pull_of(ids: list[str]) -> list[dict[str, Any]]:
    """The update that takes published entries out of an outbox and clears `pending` when that empties it."""
    left = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    pending = {"$cond": [{"$eq": ["$outbox", []]}, "$$REMOVE", True]}
    return [{"$set": {"outbox": left}}, {"$set": {"pending": pending}}]
