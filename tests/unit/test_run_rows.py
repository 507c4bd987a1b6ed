"""The digest of a run's rows stays what it was when they were all in memory at once."""

import hashlib

import orjson

from shared.run_rows import rows_digest


def test_rows_that_come_one_by_one_have_the_digest_of_all_of_them() -> None:
    rows = [{"b": number, "a": ["x", None, 0.5]} for number in range(3)]
    for some in (rows, rows[:1], []):
        whole = hashlib.sha256(orjson.dumps(some, option=orjson.OPT_SORT_KEYS)).hexdigest()
        assert rows_digest(iter(some)) == whole
