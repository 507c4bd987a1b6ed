"""How far into the log each queue of a service has heard, in the service's own database."""

from collections.abc import Sequence

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from shared import log, topology
from shared.storage import Storage, UpdateOne, guarded


class PlacesHeard:
    """Every event below a queue's place has had its durable effect, or was sent on to the retry ladder.

    The last event that was heard is kept too: a log in which it stands no more is another one, to be heard from its
    start, as is the log for a queue nobody has listened to before. And, for good, the event with which the log began
    that was heard first: a log that begins with another one has lost what came before.
    """

    def __init__(self, storage: Storage, queues: Sequence[str]) -> None:
        self._heard = storage.collection("heard")
        self._queues = list(queues)
        self._first: AbstractIncomingMessage | None = None
        self._last: AbstractIncomingMessage | None = None

    async def load(self, connection: AbstractConnection) -> dict[str, int]:
        """By queue, the offset of the first event that it may not have heard. Raises StorageAway."""
        self._first = self._last = None
        if not await self._is_the_same_log(connection):
            await guarded(self._heard.update_many({}, {"$set": {"offset": 0}}))
        found = await guarded(self._heard.find({"_id": {"$in": self._queues}}).to_list(None))
        known = {one["_id"]: int(one["offset"]) for one in found}
        return {queue: known.get(queue, 0) for queue in self._queues}

    async def first_event(self) -> str | None:
        """The id of the event with which the log began that was heard first; None while nothing was heard.

        Raises StorageAway.
        """
        found = await guarded(self._heard.find_one({"_id": topology.LOG}))
        first: str | None = found and found.get("first_event_id")
        return first

    def reached(self, batch: Sequence[AbstractIncomingMessage]) -> None:
        """All queues have heard these and everything before them."""
        if log.offset_of(batch[0]) == 0:
            self._first = batch[0]
        self._last = batch[-1]

    async def save(self) -> None:
        """Keep what was reached since the last time. Raises StorageAway."""
        if self._last is None:
            return
        last, self._last = self._last, None
        offset = log.offset_of(last)
        reached = {"$max": {"offset": offset + 1}}
        told = {"$set": {"offset": offset, "event_id": last.message_id}}
        saves = [UpdateOne({"_id": queue}, reached, upsert=True) for queue in self._queues]
        await guarded(self._heard.bulk_write([*saves, UpdateOne({"_id": topology.LOG}, told, upsert=True)]))
        if self._first is not None:
            first, self._first = {"first_event_id": self._first.message_id}, None
            await guarded(self._heard.update_one({"_id": topology.LOG, "first_event_id": None}, {"$set": first}))

    async def _is_the_same_log(self, connection: AbstractConnection) -> bool:
        last = await guarded(self._heard.find_one({"_id": topology.LOG}))
        if last is None or not last.get("event_id"):
            return True
        try:
            return bool((await log.at(connection, last["offset"])).message_id == last["event_id"])
        except TimeoutError:  # it does not reach as far
            return False
