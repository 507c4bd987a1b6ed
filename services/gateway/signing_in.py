"""Signing in with name and password, and proving again who one is before changing the password."""

import logging
import re
from dataclasses import dataclass

from services.gateway import passwords
from services.gateway.lockout import Lockout
from services.gateway.passwords import Passwords
from services.gateway.secret import fingerprint, new_secret
from services.gateway.sessions import Session, Sessions
from services.gateway.user import NAME, User
from services.gateway.users import Users
from shared.problems import Unauthenticated

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """A new session: the secrets of the two cookies, and whose it is. `browser` is None when it is known already."""

    user: User
    session: Session
    cookie: str
    browser: str | None


class SigningIn:
    """What it takes to sign in. Who fails learns neither by words nor by time whether there is such a user."""

    def __init__(self, users: Users, sessions: Sessions, checked: Passwords, lockout: Lockout) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = checked
        self._lockout = lockout

    async def sign_in(self, name: str, password: str, network: str, browser: str | None) -> SignedIn:
        """Raises Unauthenticated, `sign_in_failed`, and TooMany. `browser` is the secret of the browser's cookie."""
        user = await self._proven(name, password, network, browser)
        known = browser is not None and fingerprint(browser) in user.browsers
        fresh = None if known else new_secret()
        if fresh is not None:
            await self._users.signed_in_with(user.id, fingerprint(fresh))
        cookie, session = await self._sessions.start(user.id, user.generation)
        return SignedIn(user, session, cookie, fresh)

    async def change_password(self, name: str, current: str, new: str, network: str, browser: str | None) -> None:
        """All sessions of the user end. Raises Invalid as well when the new one is unusable."""
        passwords.check(name, new)
        user = await self._proven(name, current, network, browser)
        await self.set_password(user.id, new)

    async def set_password(self, name: str, new: str) -> None:
        """As an administrator does, without the current one. Raises NotFound, Invalid."""
        passwords.check(name, new)
        await self._users.known(name)
        changed = await self._users.set_password(name, await self._passwords.hash(new))
        await self._sessions.forget(name, changed.generation)

    async def _proven(self, name: str, password: str, network: str, browser: str | None) -> User:
        name = name.strip().lower()
        user = await self._users.named(name) if re.fullmatch(NAME, name) else None
        known = user is not None and browser is not None and fingerprint(browser) in user.browsers
        source = f"browser {browser}" if known else f"network {network}"
        attempt = await self._lockout.attempt(name, source, known=known)
        held = user.password_hash if user is not None and not user.disabled else None
        if not await self._passwords.fits(password, held) or user is None or held is None:
            log.info("a sign-in was refused")
            raise Unauthenticated("sign_in_failed", "The name or the password is wrong.")
        await self._lockout.succeeded(attempt)
        if self._passwords.outdated(held):
            await self._users.rehashed(user.id, held, await self._passwords.hash(password))
        return user
