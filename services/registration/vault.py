"""Keeps personal fields unreadable in the database: encryption, the id of a person, and tokens to search names by."""

import hmac
import os
import re
import unicodedata
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.problems import Away

_NONCE: Final = 12  # bytes
_SHORTEST_SECRET: Final = 32  # characters
_SHORTEST_PREFIX, _LONGEST_PREFIX = 3, 24  # letters of a name word that can be searched by its beginning
_TOKEN: Final = 24  # hex digits: enough that two words of one city's people do not collide
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}")
_APOSTROPHES = re.compile(r"['`\u00b4\u02bc\u2018\u2019]")


class Unreadable(Away):
    """A sealed value that cannot be opened here: "field_key_missing" names the key that is needed,
    "sealed_value_damaged" says that the value was changed, or moved from another place.
    """


class Vault:
    """Seals and opens personal values.

    `field_keys` is "<key id>:<secret>[,<key id>:<secret>…]": the first seals, all open, so that keys can be rotated.
    `person_key` is never rotated: person ids are compared across programmes for years. Secrets have 32 characters or
    more; ValueError otherwise.
    """

    def __init__(self, field_keys: str, person_key: str) -> None:
        pairs = [pair.strip().partition(":") for pair in field_keys.split(",")]
        self._ciphers = {key_id: AESGCM(_derived(secret, "fields")) for key_id, _, secret in pairs}
        self.sealing = pairs[0][0]
        if not all(map(_KEY_ID.fullmatch, self._ciphers)) or len(self._ciphers) != len(pairs):
            raise ValueError("every field key needs an id of its own: letters and digits, 20 at most")
        self._person_key = _derived(person_key, "people")
        self._search_key = _derived(person_key, "search")

    @property
    def key_ids(self) -> list[str]:
        """The ids of all keys, the one that seals first; none tells anything about its secret."""
        return list(self._ciphers)

    def seal(self, value: str, place: str) -> str:
        """The value encrypted for one place ("<applicant id>/<field>"): it cannot be read anywhere else."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self.sealing].encrypt(nonce, value.encode(), place.encode())
        return f"{self.sealing}:{b64encode(nonce + sealed).decode()}"

    def is_sealed_anew(self, sealed: str) -> bool:
        """Whether the value was sealed with the key that seals now."""
        return sealed.startswith(f"{self.sealing}:")

    def open(self, sealed: str, place: str) -> str:
        """The value sealed for that place. Raises Unreadable."""
        key_id, colon, body = sealed.partition(":")
        if colon and key_id not in self._ciphers and _KEY_ID.fullmatch(key_id):
            detail = f"Personal data are sealed with the key {key_id}, which registration does not have: put it back."
            raise Unreadable("field_key_missing", detail, key_id=key_id)
        try:
            raw = b64decode(body)
            return self._ciphers[key_id].decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
        except (KeyError, ValueError, InvalidTag):
            detail = f"The sealed value {place} was changed in the database, or moved there from another place."
            raise Unreadable("sealed_value_damaged", detail, place=place) from None

    def person_id(self, nik: str) -> str:
        """The same for the same NIK in every programme, and not reversible without the key."""
        return hmac.digest(self._person_key, nik.encode(), "sha256").hex()

    def name_tokens(self, name: str) -> list[str]:
        """What to store of a name so that it is found by its words and by their first three letters or more."""
        parts = {
            word[:length]
            for word in _words(name)
            for length in (*range(_SHORTEST_PREFIX, min(len(word), _LONGEST_PREFIX + 1)), len(word))
        }
        return sorted(self._token("name", part) for part in parts)

    def search_tokens(self, wanted: str) -> list[str]:
        """The tokens that a name must all have to match what was typed."""
        return sorted({self._token("name", word) for word in _words(wanted)})

    def phone_token(self, number: str) -> str:
        """What to store of a phone number so that two people who share it are noticed."""
        return self._token("phone", number)

    def kpj_token(self, kpj: str) -> str:
        """What to store of a participant number so that two people are not given the same."""
        return self._token("kpj", kpj)

    def _token(self, kind: str, value: str) -> str:
        return hmac.digest(self._search_key, f"{kind}:{value}".encode(), "sha256").hex()[:_TOKEN]


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name)).casefold()
    return re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _derived(secret: str, purpose: str) -> bytes:
    if len(secret) < _SHORTEST_SECRET:
        raise ValueError(f"the secret for {purpose} needs {_SHORTEST_SECRET} characters or more")
    return sha256(f"jalur {purpose}:{secret}".encode()).digest()
