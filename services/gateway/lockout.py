"""Guessing passwords becomes slow: a delay that grows with each failure, kept in the database, by its clock.

Failures count per account and source, where the source is a browser that has signed in to the account before, else
the caller's network. So whoever guesses from elsewhere delays themselves and not the account's owner, and nobody is
locked out for ever. Many sources together are slowed down by one more count per account, which spares known browsers.
API tokens are not guessed and never delayed: an administrator under attack can always act with one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.gateway.secret import fingerprint
from shared.problems import TooMany
from shared.storage import DuplicateKeyError, IndexModel, ReturnDocument, Storage, guarded

_FORGOTTEN_AFTER_MS = 24 * 3600 * 1000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Patience:
    """That many attempts are free; after that each failure doubles the delay, up to the longest."""

    free: int
    longest_s: int


OF_SOURCE = Patience(free=5, longest_s=15 * 60)
OF_ACCOUNT = Patience(free=100, longest_s=60)
# of a registration's birth date: six thousand days are likely ones, and nothing but a look is lost by waiting
OF_REGISTRATION = Patience(free=20, longest_s=3600)


@dataclass(frozen=True)
class Attempt:
    """An attempt that may be made; it counts as failed until it is `succeeded`."""

    counts: tuple[str, ...]


class Lockout:
    """The counts of failures, of accounts that exist and of names that nobody has alike.

    `of_all` is the patience with all sources of one account together.
    """

    def __init__(self, storage: Storage, collection: str = "sign_in_failures", of_all: Patience = OF_ACCOUNT) -> None:
        self._failures = storage.collection(collection)
        self._of_all = of_all

    async def prepare(self) -> None:
        """Its index, by which the database forgets. Raises StorageAway."""
        await guarded(self._failures.create_indexes([IndexModel([("forget_at", 1)], expireAfterSeconds=0)]))

    async def attempt(self, name: str, source: str, *, known: bool) -> Attempt:
        """Raises TooMany while the delay lasts; then nothing is verified, and nothing counted."""
        mine, everybodys = fingerprint(f"{name}\n{source}"), fingerprint(name)
        await self._count(mine, OF_SOURCE)
        if known:
            return Attempt((mine,))
        try:
            await self._count(everybodys, self._of_all)
        except TooMany:
            await self._take_back(mine)
            raise
        return Attempt((mine, everybodys))

    async def succeeded(self, attempt: Attempt) -> None:
        """The source begins anew; what others did to the account stays counted."""
        mine, *everybodys = attempt.counts
        await guarded(self._failures.delete_one({"_id": mine}))
        for count in everybodys:
            await self._take_back(count)

    async def unanswered(self, attempt: Attempt) -> None:
        """Nobody could say whether it was right: it has not been made, and the next one need not wait."""
        without = {"failures": {"$max": [0, {"$subtract": ["$failures", 1]}]}, "again_at": "$$NOW"}
        for count in attempt.counts:
            await guarded(self._failures.update_one({"_id": count}, [{"$set": without}]))

    async def _count(self, key: str, patience: Patience) -> None:
        # counted before the password is looked at, or a hundred attempts at once would all be free
        waits = {"$gt": [{"$ifNull": ["$again_at", _LONG_AGO]}, "$$NOW"]}
        over = {"$subtract": ["$failures", patience.free]}
        delay_s = {"$cond": [{"$gt": [over, 0]}, {"$min": [patience.longest_s, {"$pow": [2, over]}]}, 0]}
        steps = [
            {"$set": {"waits": waits}},
            {"$set": {"failures": {"$add": [{"$ifNull": ["$failures", 0]}, {"$cond": ["$waits", 0, 1]}]}}},
            {
                "$set": {
                    "again_at": {"$cond": ["$waits", "$again_at", {"$add": ["$$NOW", {"$multiply": [1000, delay_s]}]}]},
                    "forget_at": {"$add": ["$$NOW", _FORGOTTEN_AFTER_MS]},
                    "wait_ms": {"$subtract": ["$again_at", "$$NOW"]},
                }
            },
        ]
        found = None
        while found is None:
            try:
                found = await guarded(
                    self._failures.find_one_and_update(
                        {"_id": key}, steps, upsert=True, return_document=ReturnDocument.AFTER
                    )
                )
            except DuplicateKeyError:  # two began at the same time
                continue
        if found["waits"]:
            raise TooMany("too_many_attempts", "Too many attempts; try again later.", found["wait_ms"] / 1000)

    async def _take_back(self, key: str) -> None:
        await guarded(self._failures.update_one({"_id": key}, {"$inc": {"failures": -1}}))
