"""One matching at a time, over all replicas: whoever has the turn may match, and must first end what another began."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from shared.lease import Lease
from shared.problems import Conflict
from shared.storage import Storage, StorageAway, guarded

_NAME: Final = "matching"
_LEASE_S: Final = 15.0
_RENEW_S: Final = 4
_ASK_AGAIN_S: Final = 0.2


class Turn:
    """One document: who has the turn until when, by the database's clock, and which run is decided but not yet done.

    Naming the run is a compare-and-set on the holder, so that a process which lost its turn while it calculated
    decides nothing.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._leases = storage.collection("leases")

    @contextlib.asynccontextmanager
    async def taken(self, wait_s: float) -> AsyncIterator[str]:
        """Have the turn; yields who the holder is. Raises Conflict `matching_busy` after waiting that long."""
        lease = Lease(self._storage, _NAME, _LEASE_S)
        waited = 0.0
        while not await lease.hold():
            if waited >= wait_s:
                raise Conflict("matching_busy", "Another matching is running; try again when it is done.")
            await asyncio.sleep(_ASK_AGAIN_S)
            waited += _ASK_AGAIN_S
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield lease.holder
        finally:
            renewing.cancel()
            await lease.release()

    async def run_to_do(self) -> str | None:
        """The run that is decided and not yet done."""
        found = await guarded(self._leases.find_one({"_id": _NAME}))
        return found.get("run_id") if found else None

    async def decide(self, holder: str, run_id: str) -> None:
        """From here on this run is what happens. Raises Conflict `matching_interrupted` when the turn was lost."""
        mine = {"_id": _NAME, "holder": holder, "run_id": None}
        if not (await guarded(self._leases.update_one(mine, {"$set": {"run_id": run_id}}))).matched_count:
            raise Conflict("matching_interrupted", "The matching took too long and was given up; nothing was decided.")

    async def done(self, run_id: str) -> None:
        """This run needs nothing more."""
        await guarded(self._leases.update_one({"_id": _NAME, "run_id": run_id}, {"$unset": {"run_id": ""}}))

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with contextlib.suppress(StorageAway):
                await lease.hold()
