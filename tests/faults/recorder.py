"""Watches from outside: what is committed to outboxes, what a subscriber gets, what the log keeps, what is parked."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from deploy import topology as everything
from shared import log, topology
from shared.broker import keep_connected
from tests.faults.ledger import Ledger, Seen, Sent
from tests.faults.system import System

OUTSIDER = "pelanggan.uji"
_IDLE_S = 1.0
_MARKER = "uji_penanda"

# where each service keeps what belongs to a programme
_HELD = {
    "registration": ("programmes", "applicants"),
    "selection": ("programmes", "applicants", "rosters"),
    "certification": ("programmes", "trainees"),
    "placement": ("programmes", "graduates"),
    "gateway": ("programmes", "applicants"),
}
# and what belongs to none
_ACROSS = {"registration": ("people",), "selection": ("persons",), "placement": ("vacancies",), "gateway": ("people",)}


class Recorder:
    """Records from its making on; `ledger` gathers everything since the last time it was asked."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._resume: Mapping[str, Any] | None = None
        self._since = system.mongo.admin.command("ping")["operationTime"]
        self._offset = 0
        self._lock = threading.Lock()
        self._seen: list[Seen] = []
        system.on_channel(_outsiders_queue)
        self._stop = system.network.start(keep_connected(system.amqp_url, "uji-pelanggan", self._subscribe))

    def close(self) -> None:
        self._stop()

    def ledger(self, programmes: Sequence[Sent], problems: Sequence[str]) -> Ledger:
        """Everything since the last time, about these programmes. Everything should be quiet."""
        logged, seen, committed, rosters = self._gather()
        return Ledger(
            system=self._system,
            programmes=list(programmes),
            problems=list(problems),
            committed=committed,
            seen=seen,
            logged=logged,
            held=self._held([one.code for one in programmes]),
            rosters=rosters,
            parked=self._system.on_channel(_parked),
            queues=self._system.queues(),
            waiting=self._system.pending(),
        )

    def forget(self) -> None:
        """Leave out of the next ledger what has happened until now."""
        self._gather()

    def _gather(self) -> tuple[list[Seen], list[Seen], list[Seen], list[dict[str, Any]]]:
        logged = self._system.network.run(self._read_log(), 300)
        committed, rosters = self._read_commits()
        return logged, self._taken(len({one.id for one in logged})), committed, rosters

    def _held(self, codes: list[str]) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
        held: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        for of, where in ((_HELD, {"programme_code": {"$in": codes}}), (_ACROSS, {})):
            for service, collections in of.items():
                database = self._system.database(service)
                for name in collections:
                    # of programmes all: some are defined to see that it works again
                    found = {one["_id"]: one for one in database[name].find({} if name == "programmes" else where)}
                    held.setdefault(service, {})[name] = found
        return held

    # ---- the outside subscriber

    async def _subscribe(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        queue = await channel.get_queue(OUTSIDER, ensure=False)
        gone = asyncio.Event()
        channel.close_callbacks.add(lambda *_: gone.set())
        await queue.consume(self._take)
        await gone.wait()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        with self._lock:
            self._seen.append(_seen(message))
        await message.ack()

    def _taken(self, expected: int) -> list[Seen]:
        """What the subscriber got; waits a little while it has fewer events than the log."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self._lock:
                if len({one.id for one in self._seen}) >= expected:
                    break
            time.sleep(0.1)
        with self._lock:
            taken, self._seen = self._seen, []
        return taken

    # ---- the log

    async def _read_log(self) -> list[Seen]:
        found: list[Seen] = []
        connection = await aio_pika.connect(self._system.amqp_url, timeout=10)
        async with connection, aclosing(log.batches(connection, self._offset, 1000, _IDLE_S)) as batches:
            async for batch in batches:
                if not batch:  # nothing has come for a while: a stream has no end
                    break
                found += map(_seen, batch)
                self._offset = log.offset_of(batch[-1]) + 1
        return found

    # ---- the database's own history

    def _read_commits(self) -> tuple[list[Seen], list[dict[str, Any]]]:
        """Every event that was ever put into an outbox, and every state of a class's list of holders."""
        committed: dict[str, Seen] = {}
        rosters: list[dict[str, Any]] = []
        prefix = self._system.db_prefix
        marker = self._system.mongo[_MARKER]["marks"].insert_one({}).inserted_id
        start = {"resume_after": self._resume} if self._resume else {"start_at_operation_time": self._since}
        pipeline = [
            {"$match": {"ns.db": {"$regex": f"^({prefix}_|{_MARKER}$)"}}},
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
        ]
        with self._system.mongo.watch(pipeline, batch_size=2000, **start) as changes:  # type: ignore[arg-type]
            for change in changes:
                self._resume = changes.resume_token
                if change["documentKey"]["_id"] == marker:
                    break
                fields = change.get("fullDocument") or change.get("updateDescription", {}).get("updatedFields", {})
                for name, value in fields.items():
                    for entry in _pushed(name, value):
                        committed.setdefault(entry["id"], _committed(entry))
                if change["ns"]["coll"] == "rosters" and "holders" in fields:
                    rosters.append({"id": change["documentKey"]["_id"], "holders": fields["holders"]})
        return list(committed.values()), rosters


def _pushed(name: str, value: Any) -> list[dict[str, Any]]:
    """The events in a change of a field `outbox` or `outbox.3`; other entries are for the audit.

    What is told about parts of an entry is left out: it was moved, when an earlier one was taken out.
    """
    if name != "outbox" and not (name.startswith("outbox.") and name.count(".") == 1):
        return []
    return [entry for entry in (value if isinstance(value, list) else [value]) if entry and "key" in entry]


def _committed(entry: Mapping[str, Any]) -> Seen:
    n = int(entry["id"].rsplit(":", 1)[1])
    return Seen(entry["id"], entry["type"], entry["subject"], entry["sequence"], n, entry["data"])


def _seen(message: AbstractIncomingMessage) -> Seen:
    headers = dict(message.headers)
    id_ = str(message.message_id)
    return Seen(
        id_,
        str(headers["ce-type"]),
        str(headers["ce-subject"]),
        int(str(headers["ce-sequence"])),
        int(id_.rsplit(":", 1)[1]),
        json.loads(message.body),
        headers,
    )


async def _outsiders_queue(channel: AbstractChannel) -> None:
    quorum: dict[str, Any] = {"x-queue-type": "quorum"}
    queue = await channel.declare_queue(OUTSIDER, durable=True, arguments=quorum)
    await queue.bind(topology.EVENTS, "#")
    # the last queue that was made is forgotten when RabbitMQ 3.10 is killed soon after; docs/faults.md tells of it
    await channel.declare_queue(f"{OUTSIDER}.sesudah", durable=True, arguments=quorum)
    await channel.queue_delete(f"{OUTSIDER}.sesudah")


async def _parked(channel: AbstractChannel) -> list[Seen]:
    """What is parked; it stays where it is."""
    found: list[Seen] = []
    for on in everything.subscriptions():
        for contract in on.contracts:
            queue = await channel.get_queue(topology.parked(topology.queue_of(on.service, contract)), ensure=False)
            while (message := await queue.get(fail=False)) is not None:
                message.headers["service"] = on.service
                try:
                    found.append(_seen(message))
                except (KeyError, ValueError):  # parked because it is none of ours
                    found.append(Seen(str(message.message_id), "..?.", "", 0, 0, None, dict(message.headers)))
    return found
