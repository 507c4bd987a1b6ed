"""What somebody has typed into a form and not sent yet, sealed with a key that their browser's cookie alone holds.

Nobody who has the database, or a backup of it, can read it; without the cookie it cannot even be found. It needs no key
of ours, and is gone when it was sent, given up or its time is over.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

from shared.problems import Away
from shared.storage import DuplicateKeyError, IndexModel, Storage, guarded

_ALIVE = {"$expr": {"$gt": ["$forget_at", "$$NOW"]}}


class KeptForms:
    """`secret` is a browser's, `about` says which of its forms. By the database's clock; all replicas see the same.

    `most` is beyond what a city fills in at a time; what strangers make up ends there, at about a gigabyte.
    """

    def __init__(self, storage: Storage, collection: str, kept_s: int, most: int = 100_000) -> None:
        self._forms = storage.collection(collection)
        self._kept_ms = kept_s * 1000
        self._most = most

    async def prepare(self) -> None:
        """Its index, by which the database forgets. Raises StorageAway."""
        await guarded(self._forms.create_indexes([IndexModel([("forget_at", 1)], expireAfterSeconds=0)]))

    async def refuse_when_full(self) -> None:
        """Raises Away when so many are kept that another one has no room, and StorageAway."""
        if await guarded(self._forms.estimated_document_count()) >= self._most:
            raise Away("too_many_forms", "Too many forms have been begun and not sent at the moment.")

    async def keep(self, secret: str, about: str, content: dict[str, Any], *, final: bool = False) -> bool:
        """Keep it in place of what was kept. False when that was final: it stays. Raises StorageAway."""
        kept = {
            "sealed": {"$literal": _cipher(secret, about).encrypt(orjson.dumps(content)).decode()},
            "final": {"$literal": final},
            "forget_at": {"$add": ["$$NOW", self._kept_ms]},
        }
        where = {"_id": _id(secret, about), "final": {"$ne": True}}
        try:
            await guarded(self._forms.update_one(where, [{"$set": kept}], upsert=True))
        except DuplicateKeyError:
            return False
        return True

    async def kept(self, secret: str, about: str) -> dict[str, Any] | None:
        """None when there is nothing, or its time is over. Raises StorageAway."""
        found = await guarded(self._forms.find_one({"_id": _id(secret, about), **_ALIVE}, {"sealed": 1}))
        if found is None:
            return None
        try:
            content: dict[str, Any] = orjson.loads(_cipher(secret, about).decrypt(found["sealed"]))
        except (InvalidToken, ValueError):  # somebody has changed it in the database
            return None
        return content

    async def forget(self, secret: str, about: str) -> None:
        """Raises StorageAway."""
        await guarded(self._forms.delete_one({"_id": _id(secret, about)}))


def _id(secret: str, about: str) -> str:
    return hmac.digest(secret.encode(errors="replace"), f"name of {about}".encode(), "sha256").hex()


def _cipher(secret: str, about: str) -> Fernet:
    key = hmac.digest(secret.encode(errors="replace"), f"key of {about}".encode(), "sha256")
    return Fernet(urlsafe_b64encode(key))
