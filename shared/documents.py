"""Versioned documents: state, the events it causes, the deeds it records and what it has absorbed, in one write."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from shared import context, tracing
from shared.contracts import Event
from shared.ledger import Entry
from shared.meta import Meta


class LedgerChanged(Exception):
    """Somebody took an entry out of a ledger, or changed one: a defect, and nothing was saved."""


class Document(BaseModel):
    """What every stored aggregate has. A subclass gives each of its fields a default, so that `Kind(id=…)` is blank.

    `marks` holds, per event type absorbed, the (sequence, n) of the last one; `published`, per event type, the version
    that last caused one. `programme_code` is there so that progress can be counted per programme. A subclass that keeps
    a ledger has a field `ledger`.
    """

    model_config = ConfigDict(populate_by_name=True, extra="ignore", validate_assignment=False)

    # events of which a mark, or `published`, counts how many there were, not which was the last
    counted: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(alias="_id")
    version: int = 0
    programme_code: str = ""
    marks: dict[str, tuple[int, int]] = Field(default_factory=dict)
    published: dict[str, int] = Field(default_factory=dict)
    _held: tuple[Entry, ...] = PrivateAttr(())  # what stands in the ledger as it is in the database
    _owing: bool = PrivateAttr(False)  # whether its outbox held something when it was loaded
    _above: int = PrivateAttr(0)  # in a restored database: versions up to this one may have been given before

    def model_post_init(self, _: Any) -> None:
        if self.exists:
            self.settle_ledger()

    @property
    def exists(self) -> bool:
        return self.version > 0

    @property
    def next_version(self) -> int:
        """The version that the next save makes; in a restored database one that was never given before."""
        return max(self.version, self._above) + 1

    def has_absorbed(self, meta: Meta) -> bool:
        """Whether this event, or a later one of its type, is in this document already."""
        held = self.marks.get(meta.event_name)
        return held is not None and (meta.sequence, meta.n) <= held

    def mark(self, meta: Meta) -> None:
        self.marks[meta.event_name] = (meta.sequence, meta.n)

    def settle_ledger(self) -> None:
        """The ledger as it is now is in the database."""
        self._held = tuple(self._ledger)

    def added_to_ledger(self) -> list[Entry]:
        """The entries that the next save adds. Raises LedgerChanged when it would do anything else to the ledger."""
        ledger, held = self._ledger, self._held
        if tuple(ledger[: len(held)]) != held:
            raise LedgerChanged(f"{type(self).__name__} {self.id}: entries of its ledger are gone or changed")
        return ledger[len(held) :]

    @property
    def _ledger(self) -> list[Entry]:
        # not getattr: pydantic takes its time to say that a document has no such field, and most have none
        ledger: list[Entry] = self.__dict__.get("ledger", [])
        return ledger


class Committed(NamedTuple):
    """A document's outbox entries that are in the database: events to be published, deeds to be added to the audit.

    `behind` says that earlier ones may stand before them in the outbox. If not, they are all that the outbox holds as
    long as the document is at this `version`.
    """

    collection: str
    document_id: str
    entries: list[dict[str, Any]]
    behind: bool = False
    version: int | None = None
    since: int | None = None  # the version before the first of these entries

    def followed_by(self, later: "Committed") -> "Committed":
        """Both together. Where another process has committed in between, something stands between them, too."""
        adjoins = self.version is not None and later.since == self.version
        behind = self.behind or not adjoins
        return self._replace(entries=[*self.entries, *later.entries], behind=behind, version=later.version)


def event_id(service: str, aggregate: str, document: Document, n: int = 0) -> str:
    """The id of the n-th event that the next save of `document` causes; the same however often it is published."""
    return f"{service}.{aggregate}:{document.id}:{document.next_version}:{n}"


def entries_of(service: str, aggregate: str, document: Document, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The outbox entries of the version that `document` is about to become; ids are deterministic."""
    version = document.next_version
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    traced = {"trace": trace} if (trace := tracing.traceparent()) else {}
    entries = []
    for n, event in enumerate(events):
        counted = event.event_name in document.counted
        document.published[event.event_name] = document.published.get(event.event_name, 0) + 1 if counted else version
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
                **traced,
            }
        )
    return entries


def deeds_of(
    service: str, collection: str, aggregate: str, document: Document, added: Sequence[Entry]
) -> list[dict[str, Any]]:
    """The outbox entries for the audit: what the version that `document` is about to become adds to its ledger.

    Without a `key`, so that the relay knows them from events. `place` counts a ledger's entries from 0; id, correlation
    and causation are as an event's.
    """
    if not added:
        return []
    first = len(document._ledger) - len(added)
    version = document.next_version
    return [
        {
            "id": f"{service}.{aggregate}:{document.id}:{version}:a{n}",
            "collection": collection,
            "document": document.id,
            "programme_code": document.programme_code,
            "version": version,
            "place": first + n,
            **entry.model_dump(mode="json"),
            "correlation": context.correlation(),
            "causation": context.causation_id.get(),
        }
        for n, entry in enumerate(added)
    ]


def is_deed(entry: Mapping[str, Any]) -> bool:
    """Whether an outbox entry is for the audit; else it is an event."""
    return "key" not in entry


def write_of(
    document: Document, entries: list[dict[str, Any]], added: Sequence[Entry]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Filter and update of the one write that makes `document` its next version, outbox entries included.

    A ledger is only ever pushed to: what stands in it is not written again.
    """
    state = document.model_dump(mode="json", exclude={"id", "version", "ledger"})
    state["version"] = document.next_version
    update: dict[str, Any] = {"$set": state}
    pushed: dict[str, Any] = {}
    if added:
        pushed["ledger"] = {"$each": [entry.model_dump(mode="json") for entry in added]}
    if entries:
        state["pending"] = True
        # the server's clock: a service's own may be wrong, and the sweeper compares this with the server's too
        update["$currentDate"] = {"touched": True}
        pushed["outbox"] = {"$each": entries}
    if pushed:
        update["$push"] = pushed
    return {"_id": document.id, "version": document.version}, update


def emptying_of(document_id: str, version: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Filter and update that empty an outbox all of which is published, unless the document has changed since.

    For the database this is half the work of `pull_of`.
    """
    return {"_id": document_id, "version": version}, {"$set": {"outbox": []}, "$unset": {"pending": True}}


def pull_of(ids: list[str]) -> list[dict[str, Any]]:
    """The update that takes published entries out of an outbox and clears `pending` when that empties it."""
    left = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    pending = {"$cond": [{"$eq": ["$outbox", []]}, "$$REMOVE", True]}
    return [{"$set": {"outbox": left}}, {"$set": {"pending": pending}}]
