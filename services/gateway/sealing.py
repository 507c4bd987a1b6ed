"""Secrets that we must be able to read again: sealed in the database, with keys from the settings."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.problems import Away

_SHORTEST = 32  # characters


class Seal:
    """`keys` are secrets of 32 characters or more, with commas: the first seals, all open. ValueError otherwise."""

    def __init__(self, keys: str) -> None:
        secrets = [one.strip() for one in keys.split(",")]
        if any(len(one) < _SHORTEST for one in secrets):
            raise ValueError(f"every key needs {_SHORTEST} characters or more")
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(sha256(one.encode()).digest())) for one in secrets])

    def close(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Away, `sealing_key_missing`: sealed with a key that is no longer here, or damaged."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            detail = "A webhook's secret cannot be opened: put the key back that sealed it, or give it a new secret."
            raise Away("sealing_key_missing", detail) from None
