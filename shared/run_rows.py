"""The rows a run went by and came to, and what tells them from any others."""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

RunRow = dict[str, Any]


def rows_digest(rows: Iterable[RunRow]) -> str:
    """Of rows in their order: the SHA-256 of their JSON, keys sorted."""
    return hashlib.sha256(orjson.dumps(list(rows), option=orjson.OPT_SORT_KEYS)).hexdigest()
