"""Who may use the gateway, and every change to an account."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from services.gateway.roles import Role
from services.gateway.secret import fingerprint, new_secret
from services.gateway.user import DEFAULT_LABEL, MOST_BROWSERS, Token, User
from shared import ledger
from shared.contracts import Event
from shared.problems import Away, Conflict, NotFound, Unauthenticated
from shared.storage import Documents, IndexModel, Storage

_WAIT_FOR_ADMINISTRATOR_S = 5.0


class Users:
    """The users in the gateway's database. What changes one raises NotFound, `unknown_user`."""

    def __init__(self, storage: Storage) -> None:
        unique = IndexModel(
            [("tokens.hash", 1)], unique=True, partialFilterExpression={"tokens.hash": {"$type": "string"}}
        )
        self.documents: Documents[User] = storage.documents("users", User, aggregate="user", indexes=[unique])
        self.administrator_ready = asyncio.Event()

    async def of_token(self, secret: str) -> tuple[User, Token]:
        """Whose token this is. Raises Unauthenticated, or Away while the first administrator is not there yet."""
        await self._ready()
        hashed = fingerprint(secret)
        # named a text, so that the index that holds texts alone serves it
        found = await self.documents.find({"tokens.hash": {"$eq": hashed, "$type": "string"}}, limit=1)
        if not found:
            raise Unauthenticated("invalid_token", "The token is not known.")
        token = next(one for one in found[0].tokens if one.hash == hashed)
        if token.expires_at is not None and token.expires_at <= datetime.now(UTC):
            raise Unauthenticated("token_expired", "The token has expired.")
        if found[0].disabled:
            raise Unauthenticated("user_disabled", "The account is disabled.")
        return found[0], token

    async def named(self, name: str) -> User | None:
        """None when there is nobody of that name. Raises Away while the first administrator is not there yet."""
        await self._ready()
        return await self.documents.get(name)

    async def known(self, name: str) -> User:
        user = await self.named(name)
        if user is None:
            raise NotFound("unknown_user", "There is no user of that name.")
        return user

    async def all(self) -> list[User]:
        return await self.documents.find({}, sort=[("_id", 1)])

    async def add(self, name: str, role: Role, idempotency_key: str | None) -> str:
        """A new user's token, which is shown once and not kept. Raises Conflict when the name is taken.

        Repeated under the same key it answers with a new token, for the first one may never have arrived.
        """
        secret, token = _fresh(DEFAULT_LABEL, None)

        def decide(user: User) -> list[Event]:
            if user.exists and (idempotency_key is None or user.created_with != idempotency_key):
                raise Conflict("user_exists", "There is a user of that name already.")
            signed = ledger.signature()
            user.role, user.created_with = role, idempotency_key
            user.created_at = user.created_at or signed.at
            user.put_token(token)
            user.ledger.append(ledger.entry(signed, "user_added", role=role.value))
            return []

        await self.documents.change(name, decide)
        return secret

    async def new_token(self, name: str, label: str, expires_at: datetime | None) -> str:
        """A token, shown once, in place of the one of that label."""
        secret, token = _fresh(label, expires_at)

        def decide(user: User) -> str:
            user.put_token(token)
            return "token_made"

        await self._change(name, decide, label=label, expires_at=expires_at and expires_at.isoformat())
        return secret

    async def revoke_token(self, name: str, label: str) -> None:
        """Raises NotFound, `unknown_token`."""

        def decide(user: User) -> str:
            if not user.drop_token(label):
                raise NotFound("unknown_token", "The user has no token of that label.")
            return "token_revoked"

        await self._change(name, decide, label=label)

    async def set_password(self, name: str, hashed: str) -> User:
        """Its sessions end."""

        def decide(user: User) -> str:
            user.password_hash = hashed
            user.end_sessions()
            return "password_changed"

        return await self._change(name, decide)

    async def rehashed(self, name: str, before: str, after: str) -> None:
        """Keep another hash of the same password, unless it has changed meanwhile."""

        def decide(user: User) -> list[Event] | None:
            if user.password_hash != before:
                return None
            user.password_hash = after
            return []

        await self.documents.change(name, decide)

    async def signed_in_with(self, name: str, browser: str) -> None:
        """Remember a browser by the fingerprint of its cookie."""

        def decide(user: User) -> list[Event] | None:
            if not user.exists or browser in user.browsers:
                return None
            user.browsers = [*user.browsers, browser][-MOST_BROWSERS:]
            return []

        await self.documents.change(name, decide)

    async def end_sessions(self, name: str) -> User:
        def decide(user: User) -> str:
            user.end_sessions()
            return "sessions_ended"

        return await self._change(name, decide)

    async def give_role(self, name: str, role: Role) -> User:
        """Its sessions end. Raises Conflict, `last_administrator`."""
        before = (await self.known(name)).role

        def decide(user: User) -> str | None:
            if user.role == role:
                return None
            user.role = role
            user.end_sessions()
            return "role_changed"

        if role is Role.ADMIN:
            return await self._change(name, decide, before=before.value, after=role.value)
        return await self._unless_last(name, decide, before=before.value, after=role.value)

    async def disable(self, name: str) -> User:
        """Neither its tokens nor its sessions work any longer. Raises Conflict, `last_administrator`."""

        def decide(user: User) -> str | None:
            if user.disabled:
                return None
            user.disabled = True
            user.end_sessions()
            return "user_disabled"

        return await self._unless_last(name, decide)

    async def enable(self, name: str) -> User:
        def decide(user: User) -> str | None:
            if not user.disabled:
                return None
            user.disabled = False
            return "user_enabled"

        return await self._change(name, decide)

    async def _unless_last(self, name: str, decide: Callable[[User], str | None], **detail: str) -> User:
        before = await self.known(name)
        if not await self._others_administer(name):
            self._refuse_last(before)
        after = await self._change(name, decide, **detail)
        # two administrators may have taken the office from each other at once: then neither has
        if before.role is Role.ADMIN and not before.disabled and not await self._others_administer(name):

            def undo(user: User) -> str:
                user.role, user.disabled = before.role, before.disabled
                return "restored_as_last_administrator"

            await self._change(name, undo)
            self._refuse_last(before)
        return after

    async def _others_administer(self, name: str) -> bool:
        others = {"role": Role.ADMIN.value, "disabled": {"$ne": True}, "_id": {"$ne": name}}
        return bool(await self.documents.find(others, limit=1))

    @staticmethod
    def _refuse_last(user: User) -> None:
        if user.role is Role.ADMIN and not user.disabled:
            raise Conflict("last_administrator", "Nobody else could administer the users then.")

    async def _change(self, name: str, decide: Callable[[User], str | None], **detail: object) -> User:
        """`decide` answers what it did, for the ledger, or None."""

        def decided(user: User) -> list[Event] | None:
            if not user.exists:
                raise NotFound("unknown_user", "There is no user of that name.")
            what = decide(user)
            if what is None:
                return None
            user.ledger.append(ledger.entry(ledger.signature(), what, None, **detail))
            return []

        return await self.documents.change(name, decided)

    async def _ready(self) -> None:
        try:
            await asyncio.wait_for(self.administrator_ready.wait(), _WAIT_FOR_ADMINISTRATOR_S)
        except TimeoutError:
            raise Away("starting", "The gateway is starting and knows no users yet.") from None


def _fresh(label: str, expires_at: datetime | None) -> tuple[str, Token]:
    secret = new_secret()
    return secret, Token(label=label, hash=fingerprint(secret), created_at=datetime.now(UTC), expires_at=expires_at)
