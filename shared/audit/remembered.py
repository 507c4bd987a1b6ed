"""What a verification has read of a chain, kept in a temporary file, so that a long chain needs no more memory."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.audit.chain import Deed, canonical
from shared.ledger import Entry

_FIELDS: Final = tuple(Entry.model_fields)
_SCHEMA: Final = """
CREATE TABLE deed (collection, document, place, digest, id, chunk, PRIMARY KEY (collection, document, place));
CREATE TABLE missing (collection, document, place, digest, told, PRIMARY KEY (collection, document, place));
"""


class Kept(NamedTuple):
    """Where an entry stands in the chain."""

    id: str
    chunk: int
    digest: bytes


class Remembered:
    """The entries of a chain by the place in a ledger that they were copied from, until that ledger was looked at.

    Use it as a context manager; it may be used from any thread, one at a time.
    """

    def __init__(self) -> None:
        # without a name: a file of its own, gone when this is closed, and written only when memory does not do
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")

    def __enter__(self) -> "Remembered":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, chunk: int, deeds: Sequence[Deed]) -> list[tuple[Deed, Kept]]:
        """Remember a chunk's entries; answers those that stand in the chain already, with where."""
        again = []
        for deed in deeds:
            where = (deed["collection"], deed["document"], deed["place"])
            row = (*where, digest(deed), deed["id"], chunk)
            if not self._database.execute("INSERT OR IGNORE INTO deed VALUES (?, ?, ?, ?, ?, ?)", row).rowcount:
                again.append((deed, self.of(*where[:2])[where[2]]))
        return again

    def of(self, collection: str, document: str) -> dict[int, Kept]:
        """A document's entries that have not been found in its ledger yet, by place."""
        rows = self._database.execute(
            "SELECT place, id, chunk, digest FROM deed WHERE collection = ? AND document = ?", (collection, document)
        )
        return {place: Kept(id_, chunk, found) for place, id_, chunk, found in rows}

    def found(self, collection: str, document: str, places: Sequence[int]) -> None:
        """The ledger holds these; what is left in the end is held by none."""
        self._database.executemany(
            "DELETE FROM deed WHERE collection = ? AND document = ? AND place = ?",
            [(collection, document, place) for place in places],
        )

    def left(self) -> Iterator[tuple[str, str, int, str, int]]:
        """(collection, document, place, id, chunk) of entries that no ledger holds."""
        yield from self._database.execute(
            "SELECT collection, document, place, id, chunk FROM deed ORDER BY chunk, collection, document, place"
        )

    def miss(self, collection: str, document: str, place: int, held: Mapping[str, Any]) -> None:
        """A ledger holds an entry that the chain did not have when it was read."""
        told = f"{held.get('what')} by {held.get('by')} at {held.get('at')}"
        row = (collection, document, place, digest(held), told)
        self._database.execute("INSERT OR REPLACE INTO missing VALUES (?, ?, ?, ?, ?)", row)

    def arrived(self, deed: Deed) -> None:
        """An entry that was added to the chain meanwhile."""
        self._database.execute(
            "DELETE FROM missing WHERE collection = ? AND document = ? AND place = ? AND digest = ?",
            (deed["collection"], deed["document"], deed["place"], digest(deed)),
        )

    def missing(self) -> Iterator[tuple[str, str, int, str]]:
        """(collection, document, place, what it is) of entries that the chain does not have."""
        yield from self._database.execute(
            "SELECT collection, document, place, told FROM missing ORDER BY collection, document, place"
        )


def digest(entry: Mapping[str, Any]) -> bytes:
    """Of what a ledger's entry and its copy in the chain have in common."""
    return hashlib.sha256(canonical({field: entry.get(field) for field in _FIELDS})).digest()


def differing(copy: Deed, held: Mapping[str, Any]) -> list[str]:
    """The fields in which an entry of the chain and that of a ledger differ; of `detail` its keys, never values."""
    told = []
    for field in _FIELDS:
        ours, theirs = copy.get(field), held.get(field)
        if canonical(ours) == canonical(theirs):
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            keys = sorted(key for key in ours | theirs if canonical(ours.get(key)) != canonical(theirs.get(key)))
            told.append(f"{field} ({', '.join(keys)})")
        elif field in ("reason", "detail"):
            told.append(field)
        else:
            told.append(f"{field} (chain: {ours}, document: {theirs})")
    return told
