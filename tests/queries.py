"""Finds the queries that no index serves: the database's own profiler notes how it has answered each of them.

A query that is new is noted like the others as soon as any test has a service ask it. Only who asks for all of a
collection, without a filter and in no order, may be answered by reading all of it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient

_SERVICES = ("registration", "selection", "certification", "placement", "gateway")
_NOTED_BYTES = 16 << 20
_ASKED = ("find", "filter", "sort", "aggregate", "pipeline", "count", "distinct", "query", "q", "u")

# what may read or sort more than it answers: where, a part of the query, and why that is fine
_ALLOWED: Mapping[tuple[str, str], str] = {
    ("gateway.imports", "'sort': {'accepted_at'"): "of jobs that are not finished there are a hundred at most",
    ("selection.programmes", "'decision.state'"): "programmes are tens, and this looks for a decision left undone",
    ("registration.applicants", "'$mod'"): "no service asks this: a test takes every third document away",
    ("registration.applicants", "$sealed"): "counts which key seals what, when an administrator rotates keys",
}


@contextmanager
def explained(mongo_url: str, prefix: str) -> Iterator[None]:
    """What services with this database prefix ask meanwhile must be answered, in order, from indexes; else it fails."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        databases = {service: client[f"{prefix}_{service}"] for service in _SERVICES}
        for database in databases.values():
            database.create_collection("system.profile", capped=True, size=_NOTED_BYTES)
            database.command("profile", 2, filter={"op": {"$ne": "insert"}})
        yield
        found = {told for service, database in databases.items() for told in _unindexed(service, database)}
    assert not found, "no index serves:\n" + "\n".join(sorted(found))


def _unindexed(service: str, database: Any) -> Iterator[str]:
    unserved = [{"planSummary": re.compile("COLLSCAN")}, {"hasSortStage": True}]
    for noted in database["system.profile"].find({"$or": unserved}):
        collection = f"{service}.{noted['ns'].partition('.')[2]}"
        command = noted["command"]
        asked = str({name: said for name, said in command.items() if name in _ASKED})
        everything = {} in (command.get("filter"), command.get("q")) and "hasSortStage" not in noted
        ours = noted.get("appName", "").startswith("jalur-")  # not what the test itself looks up
        if ours and not everything and not any(collection == where and part in asked for where, part in _ALLOWED):
            yield f"{collection}: {noted['planSummary']}{', sorted' * ('hasSortStage' in noted)}: {asked[:500]}"
