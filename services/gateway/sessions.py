"""Server-side sessions: a random id in a cookie, its hash in the database, and the database's clock decides."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.gateway.secret import fingerprint, new_secret
from shared.storage import IndexModel, ReturnDocument, Storage, guarded

_RENEWED_EVERY_MS = 60_000  # reading a page needs no write of its own
_OWNER_KNOWN_MS = 3 * 24 * 3600 * 1000  # over a weekend: who comes back sends the form that was left open
_ALIVE = {"$and": [{"$gt": ["$idle_until", "$$NOW"]}, {"$gt": ["$ends_at", "$$NOW"]}]}
_FIELDS = dict.fromkeys(("user", "generation", "started_at", "seen_at", "idle_until", "ends_at"), 1)
_SHOWN_CHARACTERS = 16  # of the hash: enough to name a session, and no way to its cookie


@dataclass(frozen=True)
class Session:
    """One browser, signed in. `generation` is the user's when it began: a session of an earlier one is over."""

    id: str
    user: str
    generation: int
    started_at: datetime
    seen_at: datetime
    expires_at: datetime


class Sessions:
    """The sessions in the gateway's database; all replicas see the same ones."""

    def __init__(self, storage: Storage, *, idle_s: int, longest_s: int) -> None:
        self._sessions = storage.collection("sessions")
        self._owners = storage.collection("session_owners")
        self._idle_ms = idle_s * 1000
        self._longest_ms = longest_s * 1000

    async def prepare(self) -> None:
        """Its indexes; one of them lets the database remove what is over. Raises StorageAway."""
        over, of_user = (
            IndexModel([("ends_at", 1)], expireAfterSeconds=0),
            IndexModel([("user", 1), ("started_at", -1)]),
        )
        await guarded(self._sessions.create_indexes([over, of_user]))
        await guarded(self._owners.create_indexes([IndexModel([("forget_at", 1)], expireAfterSeconds=0)]))

    async def start(self, user: str, generation: int) -> tuple[str, Session]:
        """A new session, and the secret of its cookie, which is not kept."""
        cookie = new_secret()
        owner = {"user": {"$literal": user}, "forget_at": {"$add": ["$$NOW", self._longest_ms + _OWNER_KNOWN_MS]}}
        await guarded(self._owners.update_one({"_id": fingerprint(cookie)}, [{"$set": owner}], upsert=True))
        begun = {
            "user": {"$literal": user},
            "generation": {"$literal": generation},
            "started_at": "$$NOW",
            "seen_at": "$$NOW",
            "idle_until": {"$add": ["$$NOW", self._idle_ms]},
            "ends_at": {"$add": ["$$NOW", self._longest_ms]},
        }
        found = await guarded(
            self._sessions.find_one_and_update(
                {"_id": fingerprint(cookie)}, [{"$set": begun}], upsert=True, return_document=ReturnDocument.AFTER
            )
        )
        return cookie, _session(found)

    async def of(self, cookie: str, *, used: bool = True) -> Session | None:
        """The session of a cookie, None when there is none or it is over. What is `used` does not idle."""
        alive = {"_id": fingerprint(cookie), "$expr": _ALIVE}
        due = {"$lt": ["$seen_at", {"$subtract": ["$$NOW", min(_RENEWED_EVERY_MS, self._idle_ms // 10)]}]}
        found = await guarded(self._sessions.find_one(alive, {**_FIELDS, "due": due}))
        if found is None:
            return None
        if used and found["due"]:
            renewal = {"seen_at": "$$NOW", "idle_until": {"$add": ["$$NOW", self._idle_ms]}}
            renewed = await guarded(
                self._sessions.find_one_and_update(alive, [{"$set": renewal}], return_document=ReturnDocument.AFTER)
            )
            found = renewed or found
        return _session(found)

    async def whose(self, cookie: str) -> str | None:
        """Whose session this is, or was, for three days after it is over at the latest; it proves nothing any more."""
        found = await guarded(self._owners.find_one({"_id": fingerprint(cookie)}, {"user": 1}))
        return found["user"] if found else None

    async def of_user(self, user: str, generation: int) -> list[Session]:
        """Those that are not over, the latest first."""
        where = {"user": user, "generation": generation, "$expr": _ALIVE}
        return [_session(one) for one in await guarded(self._sessions.find(where).sort("started_at", -1).to_list(None))]

    async def end(self, user: str, session_id: str) -> bool:
        """End one of the user's sessions; False when there is no such session."""
        # named by the beginning of its hash
        where = {"user": user, "_id": {"$gte": session_id, "$lt": session_id + "g"}}
        ended = await guarded(self._sessions.delete_one(where))
        return bool(ended.deleted_count)

    async def forget(self, user: str, generation: int) -> None:
        """Delete what belonged to earlier generations of the user; they count no more in any case."""
        await guarded(self._sessions.delete_many({"user": user, "generation": {"$lt": generation}}))


def _session(found: dict[str, Any]) -> Session:
    return Session(
        id=found["_id"][:_SHOWN_CHARACTERS],
        user=found["user"],
        generation=found["generation"],
        started_at=found["started_at"].replace(tzinfo=UTC),
        seen_at=found["seen_at"].replace(tzinfo=UTC),
        expires_at=min(found["idle_until"], found["ends_at"]).replace(tzinfo=UTC),
    )
