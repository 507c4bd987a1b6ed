"""The rows a run went by and came to, and what tells them from any others."""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

RunRow = dict[str, Any]


def rows_digest(rows: Iterable[RunRow]) -> str:
    """Of rows in their order: the SHA-256 of their JSON, keys sorted; one row is in memory at a time."""
    state = hashlib.sha256(b"[")
    for number, row in enumerate(rows):
        state.update(b"," if number else b"")
        state.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    state.update(b"]")
    return state.hexdigest()
