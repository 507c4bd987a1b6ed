"""Who may use the gateway: names, roles, password hashes and the fingerprints of their tokens."""

import asyncio
import hashlib
import secrets
from datetime import UTC, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from services.gateway.roles import Role
from shared.contracts import Event
from shared.documents import Document
from shared.problems import Away, Conflict, Unauthenticated
from shared.storage import Documents, IndexModel, Storage

ADMINISTRATOR = "admin"
_WAIT_FOR_ADMINISTRATOR_S = 5.0
_passwords = PasswordHasher()


class User(Document):
    """`id` is the name. `token_hash` is the SHA-256 of a 256-bit random token, which needs no slow hash."""

    role: Role = Role.VIEWER
    token_hash: str | None = None
    password_hash: str | None = None
    created_at: datetime | None = None
    created_with: str | None = None


class Users:
    """The users in the gateway's database."""

    def __init__(self, storage: Storage) -> None:
        unique = IndexModel(
            [("token_hash", 1)], unique=True, partialFilterExpression={"token_hash": {"$type": "string"}}
        )
        self._users: Documents[User] = storage.documents("users", User, aggregate="user", indexes=[unique])
        self._administrator_ready = asyncio.Event()

    async def ensure_administrator(self, password: SecretStr, token: SecretStr) -> None:
        """The first administrator has the password and token of the settings, also after these have changed."""
        held = await self._users.get(ADMINISTRATOR)
        held_hash = held.password_hash if held else None
        hashed = await asyncio.to_thread(_password_hash, password.get_secret_value(), held_hash)

        def decide(user: User) -> list[Event] | None:
            wanted = (Role.ADMIN, fingerprint(token.get_secret_value()), hashed)
            if (user.role, user.token_hash, user.password_hash) == wanted:
                return None
            user.role, user.token_hash, user.password_hash = wanted
            user.created_at = user.created_at or datetime.now(UTC)
            return []

        await self._users.change(ADMINISTRATOR, decide)
        self._administrator_ready.set()

    async def of_token(self, token: str) -> User:
        """Whose token this is. Raises Unauthenticated, or Away while the first administrator is not there yet."""
        try:
            await asyncio.wait_for(self._administrator_ready.wait(), _WAIT_FOR_ADMINISTRATOR_S)
        except TimeoutError:
            raise Away("starting", "The gateway is starting and cannot check tokens yet.") from None
        found = await self._users.find({"token_hash": fingerprint(token)}, limit=1)
        if not found:
            raise Unauthenticated("invalid_token", "The token is not known.")
        return found[0]

    async def add(self, name: str, role: Role, idempotency_key: str | None) -> str:
        """A new user's token, which is shown once and not kept. Raises Conflict when the name is taken.

        Repeated under the same key it answers with a new token, for the first one may never have arrived.
        """
        token = new_token()

        def decide(user: User) -> list[Event]:
            if user.exists and (idempotency_key is None or user.created_with != idempotency_key):
                raise Conflict("user_exists", "There is a user of that name already.")
            user.role, user.token_hash = role, fingerprint(token)
            user.created_at, user.created_with = user.created_at or datetime.now(UTC), idempotency_key
            return []

        await self._users.change(name, decide)
        return token

    async def all(self) -> list[User]:
        return await self._users.find({}, sort=[("_id", 1)])


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _password_hash(password: str, held: str | None) -> str:
    """The held hash while it still fits, else a new one (argon2id, with a salt of its own)."""
    try:
        if held and _passwords.verify(held, password):
            return held
    except (VerificationError, InvalidHashError):
        pass
    return _passwords.hash(password)
