"""Which messages failed and were sent on, to be retried or parked: no other replica needs to try them again."""

from shared.storage import IndexModel, Storage, StorageAway, guarded

_KEPT_S = 7 * 24 * 3600  # as far behind as whoever follows the log may be


class SentOn:
    """One mark a message and queue, shared by the replicas of a service. A mark that is missing does no harm."""

    def __init__(self, storage: Storage) -> None:
        self._marks = storage.collection("sent_on")
        self._prepared = False

    async def mark(self, queue: str, message_id: str | None) -> None:
        """Remember it; only after it was sent on, so that nothing is passed by that a crash has kept back."""
        try:
            if not self._prepared:
                await guarded(self._marks.create_indexes([IndexModel([("at", 1)], expireAfterSeconds=_KEPT_S)]))
                self._prepared = True
            marked = {"_id": _mark(queue, message_id)}
            await guarded(self._marks.update_one(marked, {"$currentDate": {"at": True}}, upsert=True))
        except StorageAway:
            return  # then it may be parked twice

    async def has(self, queue: str, message_id: str | None) -> bool:
        """Whether it was sent on. Raises StorageAway."""
        return await guarded(self._marks.find_one({"_id": _mark(queue, message_id)})) is not None


def _mark(queue: str, message_id: str | None) -> str:
    return f"{queue} {message_id}"
