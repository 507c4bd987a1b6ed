"""A lease in a service's database: of its replicas, one at a time does a thing."""

import uuid

from shared.storage import DuplicateKeyError, ReturnDocument, Storage, guarded


class Lease:
    """Taken and renewed by `hold`; it runs out by itself when its holder dies. The times are the database server's."""

    def __init__(self, storage: Storage, name: str, seconds: float) -> None:
        self._leases = storage.collection("leases")
        self._name = name
        self._seconds = seconds
        self._me = uuid.uuid4().hex

    async def hold(self) -> bool:
        """Take it, or hold it for longer; whether it is ours now. Raises StorageAway."""
        free = {"$or": [{"$eq": ["$holder", self._me]}, {"$lt": [{"$ifNull": ["$until", 0]}, "$$NOW"]}]}
        mine = {"holder": self._me, "until": {"$add": ["$$NOW", round(self._seconds * 1000)]}}
        take = {"$set": {field: {"$cond": [free, value, f"${field}"]} for field, value in mine.items()}}
        try:
            lease = await guarded(
                self._leases.find_one_and_update(
                    {"_id": self._name}, [take], upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except DuplicateKeyError:  # two began at the same time
            return False
        return bool(lease["holder"] == self._me)

    async def release(self) -> None:
        """Let the next one have it at once. Raises StorageAway."""
        await guarded(self._leases.delete_one({"_id": self._name, "holder": self._me}))
