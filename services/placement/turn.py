"""One matching at a time, over all replicas: whoever has the turn may match, and must first end what another began."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

from shared.problems import Conflict
from shared.storage import DuplicateKeyError, ReturnDocument, Storage, StorageAway, guarded

_LEASE_S: Final = 15
_RENEW_S: Final = 4
_ASK_AGAIN_S: Final = 0.2


class Turn:
    """One document: who has the turn until when, by the database's clock, and which run is decided but not yet done.

    Naming the run is a compare-and-set on the holder, so that a process which lost its turn while it calculated
    decides nothing.
    """

    def __init__(self, storage: Storage) -> None:
        self._leases = storage.collection("leases")

    @contextlib.asynccontextmanager
    async def taken(self, wait_s: float) -> AsyncIterator[str]:
        """Have the turn; yields who the holder is. Raises Conflict `matching_busy` after waiting that long."""
        me = uuid.uuid4().hex
        waited = 0.0
        while not await self._take(me):
            if waited >= wait_s:
                raise Conflict("matching_busy", "Another matching is running; try again when it is done.")
            await asyncio.sleep(_ASK_AGAIN_S)
            waited += _ASK_AGAIN_S
        renewing = asyncio.create_task(self._renew(me))
        try:
            yield me
        finally:
            renewing.cancel()
            await guarded(self._leases.update_one({"_id": "matching", "holder": me}, {"$unset": {"until": ""}}))

    async def run_to_do(self) -> str | None:
        """The run that is decided and not yet done."""
        found = await guarded(self._leases.find_one({"_id": "matching"}))
        return found.get("run_id") if found else None

    async def decide(self, holder: str, run_id: str) -> None:
        """From here on this run is what happens. Raises Conflict `matching_interrupted` when the turn was lost."""
        mine = {"_id": "matching", "holder": holder, "run_id": None}
        if not (await guarded(self._leases.update_one(mine, {"$set": {"run_id": run_id}}))).matched_count:
            raise Conflict("matching_interrupted", "The matching took too long and was given up; nothing was decided.")

    async def done(self, run_id: str) -> None:
        """This run needs nothing more."""
        await guarded(self._leases.update_one({"_id": "matching", "run_id": run_id}, {"$unset": {"run_id": ""}}))

    async def _take(self, me: str) -> bool:
        free: dict[str, Any] = {
            "$or": [{"$eq": ["$holder", me]}, {"$lt": [{"$ifNull": ["$until", 0]}, "$$NOW"]}],
        }
        mine = {"holder": me, "until": {"$add": ["$$NOW", _LEASE_S * 1000]}}
        take = {"$set": {field: {"$cond": [free, value, f"${field}"]} for field, value in mine.items()}}
        try:
            lease = await guarded(
                self._leases.find_one_and_update(
                    {"_id": "matching"}, [take], upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except DuplicateKeyError:  # two began at the same time
            return False
        return bool(lease["holder"] == me)

    async def _renew(self, me: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with contextlib.suppress(StorageAway):
                await self._take(me)
