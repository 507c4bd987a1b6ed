"""Passwords: what is long enough, and argon2id off the event loop, for a bounded number of people at a time."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.problems import Away, Invalid

T = TypeVar("T")

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 200
_AT_ONCE = 2  # each takes 64 MiB and some 50 ms of a core or more
_MOST_WAITING = 40

_hasher = PasswordHasher()


class Passwords:
    """Hashes and verifies, two at a time; beyond a short queue it raises Away, `busy`."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "passwords")
        self._asked = 0
        # what the password of somebody who does not exist is verified against, so that it takes as long
        self._nobodys = _hasher.hash(secrets.token_hex())

    async def hash(self, password: str) -> str:
        """argon2id, with a salt of its own."""
        return await self._work(lambda: _hasher.hash(_encoded(password)))

    async def fits(self, password: str, held: str | None) -> bool:
        """Whether it is the password of this hash; never for None, which takes as long to find out."""
        found = await self._work(lambda: _verify(held or self._nobodys, password))
        return found and held is not None

    @staticmethod
    def outdated(held: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return _hasher.check_needs_rehash(held)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], T]) -> T:
        if self._asked >= _AT_ONCE + _MOST_WAITING:
            raise Away("busy", "Too many people are signing in at the moment.")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._asked -= 1


def check(name: str, password: str) -> None:
    """Raises Invalid, `password_unusable`, for a password that somebody should not choose."""
    chosen = _normal(password)
    if len(chosen) < LEAST_CHARACTERS:
        reason, detail = "too_short", f"A password has at least {LEAST_CHARACTERS} characters; a sentence does well."
    elif len(chosen) > MOST_CHARACTERS:
        reason, detail = "too_long", f"A password has at most {MOST_CHARACTERS} characters."
    elif len(set(chosen)) < LEAST_CHARACTERS // 3:
        reason, detail = "too_simple", "The password repeats too few characters."
    elif len(name) > 2 and name in chosen.lower():
        reason, detail = "contains_name", "The password contains the user's name."
    else:
        return
    raise Invalid("password_unusable", detail, errors=[{"field": "password", "reason": reason, "detail": detail}])


def _normal(password: str) -> str:
    # the same letters, whichever keyboard wrote them
    return unicodedata.normalize("NFKC", password)


def _encoded(password: str) -> bytes:
    return _normal(password).encode(errors="surrogatepass")


def _verify(held: str, password: str) -> bool:
    try:
        return _hasher.verify(held, _encoded(password))
    except (VerificationError, InvalidHashError):
        return False
