"""The hash chain itself: chunks of entries, each bound to the one before it. No I/O.

A chunk is `{"_id": n, "prev", "hash", "at", "entries"}`. n counts from 1, `prev` is the hash of the chunk before (64
zeros for the first), and `hash` is the SHA-256, in hexadecimal, of the canonical JSON of the object with n, prev, at
and entries. Canonical JSON has its keys sorted, no blanks, and everything beyond ASCII escaped: what Python writes with
`json.dumps(…, sort_keys=True, separators=(",", ":"))`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

Deed = Mapping[str, Any]
Chunk = dict[str, Any]

MOST_ENTRIES: Final = 500
_MOST_BYTES: Final = 4_000_000  # far below MongoDB's 16 MB, of which BSON needs a little more than JSON


class Head(NamedTuple):
    """The last chunk of a chain: its number and its hash. Written down elsewhere, it vouches for all before it."""

    n: int
    hash: str


START: Final = Head(0, "0" * 64)


def canonical(value: Any) -> bytes:
    """The one way to write a value of JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hash_of(chunk: Mapping[str, Any]) -> str:
    """What `hash` of a chunk must be."""
    covered = {"n": chunk["_id"], **{part: chunk[part] for part in ("prev", "at", "entries")}}
    return hashlib.sha256(canonical(covered)).hexdigest()


def chunk_after(head: Head, at: str, entries: Sequence[Deed]) -> Chunk:
    """The next chunk; `at` says when it was appended."""
    chunk: Chunk = {"_id": head.n + 1, "prev": head.hash, "at": at, "entries": list(entries)}
    return {**chunk, "hash": hash_of(chunk)}


def portions(entries: Iterable[Deed]) -> Iterator[list[Deed]]:
    """The entries in order, each once, in as few chunks as their number and size allow."""
    portion: list[Deed] = []
    size = 0
    for entry in {str(entry["id"]): entry for entry in entries}.values():
        length = len(canonical(entry))
        if portion and (len(portion) == MOST_ENTRIES or size + length > _MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(entry)
        size += length
    if portion:
        yield portion


def faults(chunk: Mapping[str, Any], before: Head) -> Iterator[str]:
    """What is wrong with a chunk that should follow `before`, in words; nothing when it is sound."""
    n = chunk["_id"]
    if n != before.n + 1:
        missing = f"chunk {before.n + 1}" if n == before.n + 2 else f"chunks {before.n + 1} to {n - 1}"
        yield f"{missing} missing: after {before.n} comes {n}"
    elif chunk.get("prev") != before.hash:
        yield f"chunk {n} does not follow chunk {before.n}: prev is {chunk.get('prev')}, expected {before.hash}"
    try:
        expected = hash_of(chunk)
    except (KeyError, TypeError, ValueError) as error:
        yield f"chunk {n} is not in the form of a chunk: {type(error).__name__} {error}"
    else:
        if chunk.get("hash") != expected:
            yield f"chunk {n} was changed: its hash says {chunk.get('hash')}, its content gives {expected}"
