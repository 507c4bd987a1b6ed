"""A lease in a service's database: of its replicas, one at a time does a thing."""

import uuid

from shared.storage import DuplicateKeyError, ReturnDocument, Storage, guarded


class Lease:
    """Taken and renewed by `hold`; it runs out by itself when its holder dies. The times are the database server's."""

    def __init__(self, storage: Storage, name: str, seconds: float) -> None:
        self._leases = storage.collection("leases")
        self._name = name
        self._seconds = seconds
        self.holder = uuid.uuid4().hex

    async def hold(self) -> bool:
        """Take it, or hold it for longer; whether it is ours now. Raises StorageAway."""
        free = {"$or": [{"$eq": ["$holder", self.holder]}, {"$lt": [{"$ifNull": ["$until", 0]}, "$$NOW"]}]}
        mine = {
            "holder": self.holder,
            "until": {"$add": ["$$NOW", round(self._seconds * 1000)]},
            "turn": {"$add": [{"$ifNull": ["$turn", 0]}, 1]},
        }
        take = {"$set": {field: {"$cond": [free, value, f"${field}"]} for field, value in mine.items()}}
        try:
            lease = await guarded(
                self._leases.find_one_and_update(
                    {"_id": self._name}, [take], upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except DuplicateKeyError:  # two began at the same time
            return False
        return bool(lease["holder"] == self.holder)

    async def turn(self) -> int | None:
        """How often it has been taken or renewed so far; None while somebody holds it. Raises StorageAway.

        Who gets the same number before and after has not been disturbed by any holder in between.
        """
        held = {"$gte": [{"$ifNull": ["$until", 0]}, "$$NOW"]}
        lease = await guarded(self._leases.find_one({"_id": self._name}, {"turn": 1, "held": held}))
        if lease is None:
            return 0
        return None if lease["held"] else int(lease.get("turn", 0))

    async def release(self) -> None:
        """Let the next one have it at once. Raises StorageAway."""
        await guarded(self._leases.update_one({"_id": self._name, "holder": self.holder}, {"$unset": {"until": ""}}))
