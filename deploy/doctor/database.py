"""MongoDB, as the operator."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.doctor.finding import Finding, note, well, wrong
from deploy.topology import SERVICES

_ANSWER_MS = 5_000
_SKEW_S = 5.0
_BEHIND_S = 30.0
_PRIMARY, _SECONDARY, _ARBITER = 1, 2, 7


def examine(url: str, prefix: str) -> Iterator[Finding]:
    """`prefix` is that of the services' accounts."""
    try:
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=_ANSWER_MS) as client:
            hello = client.admin.command("hello")
            yield from _of_set(client, hello)
            skew = abs((datetime.now(UTC) - hello["localTime"].replace(tzinfo=UTC)).total_seconds())
            if skew > _SKEW_S:
                told = f"its clock and this machine's differ by {skew:.0f} s"
                yield wrong("MongoDB", told, "Set clocks by NTP: leases and sessions go by this one.")
            found = {one["user"] for one in client.admin.command("usersInfo")["users"]}
            yield from _of_accounts(found, prefix)
            address = client.address
        if address:
            yield from _of_strangers(*address)
    except PyMongoError as error:
        advice = "Is it up? JALUR_MONGO_URL names it, with the operator's account. Without a primary: see its log."
        yield wrong("MongoDB", f"does not answer: {type(error).__name__}", advice)


def _of_set(client: MongoClient[dict[str, Any]], hello: Mapping[str, Any]) -> Iterator[Finding]:
    if "setName" not in hello:
        yield wrong("MongoDB", "is no replica set", "Start it with --replSet: majority writes and history need one.")
        return
    members = client.admin.command("replSetGetStatus")["members"]
    newest = max(one["optimeDate"] for one in members if "optimeDate" in one)
    for one in members:
        if not one["health"] or one["state"] not in (_PRIMARY, _SECONDARY, _ARBITER):
            yield wrong("MongoDB", f"{one['name']} is {one['stateStr']}", "Start it, or let it catch up: see its log.")
        elif "optimeDate" in one and (behind := (newest - one["optimeDate"]).total_seconds()) > _BEHIND_S:
            yield wrong("MongoDB", f"{one['name']} is {behind:.0f} s behind", "Look at its disk and its network.")
    if not any(one["state"] == _PRIMARY for one in members):
        yield wrong("MongoDB", "the set has no primary", "More than half of its members must be up.")
    else:
        yield well("MongoDB", f"replica set {hello['setName']}, {len(members)} members, with a primary")
    if len(members) == 1:
        yield note("MongoDB", "there is one copy of the data", "Back it up; with three members a machine may die.")


def _of_accounts(users: set[str], prefix: str) -> Iterator[Finding]:
    missing = sorted({f"{prefix}_{service}" for service in SERVICES} - users)
    if missing:
        advice = "Create them as docs/security.md says; then no service reads the data of another."
        yield wrong("MongoDB accounts", f"missing: {', '.join(missing)}", advice)
    else:
        yield well("MongoDB accounts", "each service has its own")


def _of_strangers(host: str, port: int) -> Iterator[Finding]:
    try:
        with MongoClient[dict[str, Any]](
            host, port, directConnection=True, serverSelectionTimeoutMS=_ANSWER_MS
        ) as stranger:
            stranger.list_database_names()
    except OperationFailure:
        yield well("MongoDB accounts", "nobody gets in without one")
    else:
        yield wrong("MongoDB accounts", "anybody may read everything", "Start it with --auth or a key file.")
