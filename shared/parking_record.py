"""What operators did with parked messages: one document a message, whose ledger says who, when and why."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from shared.contracts import Event
from shared.documents import Document
from shared.ledger import Entry, entry, signature
from shared.parked_message import Parked
from shared.storage import Documents, IndexModel, Storage, guarded

_COLLECTION = "parked"


class ParkingRecord(Document):
    """`id` is the parked message's; the other facts are those of the event in it, as far as its headers tell.

    A message that failed again after a replay is another one. `key` is the Idempotency-Key of the last deed.
    """

    queue: str = ""
    event_id: str | None = None
    event_name: str = ""
    subject: str = ""
    sequence: int = 0
    discarded: bool = False
    key: str | None = None
    ledger: list[Entry] = Field(default_factory=list)


class ParkingRecords:
    """The records in a service's database."""

    def __init__(self, storage: Storage) -> None:
        self._records: Documents[ParkingRecord] = storage.documents(
            _COLLECTION,
            ParkingRecord,
            aggregate="parked",
            indexes=[
                IndexModel([("key", 1)], partialFilterExpression={"key": {"$type": "string"}}),
                IndexModel([("programme_code", 1)], partialFilterExpression={"discarded": True}),
                IndexModel([("event_id", 1)]),
            ],
        )

    async def add(self, deed: str, messages: Sequence[Parked], reason: str, key: str | None) -> None:
        """Record one deed on each of the messages."""
        signed = signature()

        async def record(message: Parked) -> None:
            def decide(known: ParkingRecord) -> list[Event] | None:
                if key is not None and known.key == key:
                    return None
                about = message.about
                known.queue, known.programme_code, known.key = message.queue, message.programme_code, key
                known.event_id = about.id if about else message.message.message_id
                if about:
                    known.event_name, known.subject, known.sequence = about.event_name, about.subject, about.sequence
                # whoever forges an event must not have the true one taken for discarded
                known.discarded = deed == "discard" and not message.forged
                facts = message.line()
                told = {name: facts[name] for name in ("queue", "cause", "attempts", "message_id")}
                known.ledger.append(entry(signed, f"{deed}ed", reason, **told))
                return []

            await self._records.change(message.id, decide)

        await asyncio.gather(*map(record, messages))

    async def under(self, key: str) -> frozenset[str]:
        """The ids of the messages that a deed under this key was about."""
        return frozenset(record.id for record in await self._records.find({"key": key}))

    async def history(self, message: Parked) -> list[Entry]:
        """What was done with this event's parked messages, in order of time."""
        about = message.about
        event_id = about.id if about else message.message.message_id
        where = {"queue": message.queue, "event_id": event_id} if event_id else {"_id": message.id}
        return sorted((one for record in await self._records.find(where) for one in record.ledger), key=_at)


async def discarded_in(storage: Storage, queue: str) -> set[str]:
    """The ids of the events that were thrown away on purpose instead of being handled. Raises StorageAway."""
    where = {"queue": queue, "discarded": True, "event_id": {"$ne": None}}
    found = await guarded(storage.collection(_COLLECTION).find(where, {"event_id": 1}).to_list(None))
    return {str(one["event_id"]) for one in found}


def _at(one: Entry) -> datetime:
    return one.at
