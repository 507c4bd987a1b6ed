"""Sheets that are received, looked at, and imported while their caller waits: all replicas see how many there are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

from services.gateway.services import SERVICE_AWAY
from shared.problems import Away
from shared.storage import Storage, StorageAway, guarded

MOST_WAITING = 5  # sheets of one user that wait to be confirmed, each of up to 20 MB
_HELD_MS = 300_000  # as long as an owner may go on with its rows when nobody waits for its answer any more
_RENEW_S = 60.0
_KEPT_MS = 3_600_000 + _HELD_MS  # longer than the spool keeps a sheet that nobody asks for


class SheetsInHand:
    """One small document a sheet, by the database's clock; what a process leaves behind when it dies runs out."""

    def __init__(self, storage: Storage) -> None:
        self._sheets = storage.collection("sheets_in_hand")

    @contextlib.asynccontextmanager
    async def one_more(self) -> AsyncIterator[None]:
        """A sheet is in hand from before its first byte is read until its rows are judged. Raises StorageAway."""
        name = uuid4().hex
        await self._hold(name, begin=True)
        renewing = asyncio.create_task(self._renew(name))
        owner_may_be_at_it = False
        try:
            yield
        except asyncio.CancelledError:
            owner_may_be_at_it = True
            raise
        except Away as away:
            owner_may_be_at_it = away.code == SERVICE_AWAY
            raise
        finally:
            renewing.cancel()
            if not owner_may_be_at_it:
                with contextlib.suppress(StorageAway):
                    await self.release(name)

    async def keep(self, name: str, by: str) -> list[str]:
        """A sheet waits for somebody's word, as long as the spool keeps it. Raises StorageAway.

        The names of theirs that wait no more: nobody has more than five waiting, and the oldest ones make room.
        """
        await self._hold(name, _KEPT_MS, begin=True, by=by)
        theirs = self._sheets.find({"by": by, "_id": {"$ne": name}}, {"_id": 1}, sort=[("until", -1)])
        too_many = [one["_id"] for one in (await guarded(theirs.to_list(None)))[MOST_WAITING - 1 :]]
        await guarded(self._sheets.delete_many({"_id": {"$in": too_many}}))
        return too_many

    async def release(self, name: str) -> None:
        """It waits no more. Raises StorageAway."""
        await guarded(self._sheets.delete_one({"_id": name}))

    async def count(self) -> int:
        """How many there are. Raises StorageAway."""
        await guarded(self._sheets.delete_many({"$expr": {"$lt": ["$until", "$$NOW"]}}))
        return int(await guarded(self._sheets.count_documents({})))

    async def _hold(self, name: str, ms: int | None = None, *, begin: bool = False, by: str | None = None) -> None:
        held = {"until": {"$add": ["$$NOW", ms or _HELD_MS]}} | ({"by": {"$literal": by}} if by else {})
        # only the beginning makes one: a renewal that comes late must not bring it back
        await guarded(self._sheets.update_one({"_id": name}, [{"$set": held}], upsert=begin))

    async def _renew(self, name: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with contextlib.suppress(StorageAway):
                await self._hold(name)
