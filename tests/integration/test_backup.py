"""Backup and restore on real servers: one moment of all databases, the log that belongs to it, and what is refused."""

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from pydantic import Field
from pymongo import MongoClient

from deploy import accounts, definitions
from deploy import topology as deployed
from deploy.backup import back_up
from deploy.kept import databases, events
from deploy.kept.deployment import Deployment
from deploy.kept.files import Backup, Unusable
from deploy.restore import MOST_A_SECOND, restore
from shared import topology
from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn
from shared.documents import Document
from shared.ledger import Entry, automatic, entry
from shared.outbox import Relay
from shared.storage import Documents, Storage, StorageAway
from tests.conftest import Urls
from tests.e2e.test_kills import _read_log
from tests.events import message, publish

Mongo = MongoClient[dict[str, Any]]


class Leaver(Document):
    ledger: list[Entry] = Field(default_factory=list)

    def leave(self) -> list[Event]:
        self.programme_code = "UJI-1"
        self.ledger.append(entry(automatic("registration"), "withdrawn"))
        return [withdrawn(self.id)]


def withdrawn(who: str) -> ApplicantWithdrawn:
    return ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))


@pytest.fixture
async def deployment(servers: Urls, tmp_path: Path) -> AsyncIterator[Deployment]:
    """With queues that are empty, and databases of its own."""
    await events.make_room(servers.amqp)
    await deployed.declare(servers.amqp)
    prefix = f"test_{uuid.uuid4().hex[:8]}"
    yield Deployment(servers.mongo, servers.amqp, servers.management, prefix, tmp_path / "no-secrets")
    with Mongo(servers.mongo) as client:
        databases.clear(client, prefix)


@pytest.fixture
def client(servers: Urls) -> Iterator[Mongo]:
    with Mongo(servers.mongo) as client:
        yield client


class Registration:
    """What stands for the service: documents with outboxes, and the relay that empties them."""

    def __init__(self, deployment: Deployment) -> None:
        self.storage = Storage(deployment.mongo_url, f"{deployment.prefix}_registration", "registration")
        self.leavers: Documents[Leaver] = self.storage.documents("leavers", Leaver, aggregate="leaver")
        self._relay = asyncio.create_task(Relay(deployment.amqp_url, self.storage).run())

    async def __aenter__(self) -> "Registration":
        await self.storage.prepare()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._relay.cancel()
        await asyncio.gather(self._relay, return_exceptions=True)
        self.storage.close()

    async def leave(self, *ids: str) -> None:
        await asyncio.gather(*(self.leavers.change(one, lambda leaver: leaver.leave()) for one in ids))

    async def idle(self) -> None:
        async with asyncio.timeout(30):
            while await self.leavers.raw.count_documents({"pending": True}):
                await asyncio.sleep(0.05)


async def kept(deployment: Deployment, path: Path) -> Backup:
    await asyncio.to_thread(back_up, deployment, path)
    return Backup(path)


async def restored(deployment: Deployment, backup: Backup, replace: bool = False) -> None:
    await asyncio.to_thread(restore, deployment, backup, replace=replace)


async def logged(deployment: Deployment) -> list[tuple[str, bytes, dict[str, Any]]]:
    return [(id_, body, _ours(headers)) for id_, body, headers in await _read_log(deployment.amqp_url)]


def _ours(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in headers.items() if name.startswith("ce-")}


async def test_databases_and_log_come_back_as_they_were(deployment: Deployment, client: Mongo, tmp_path: Path) -> None:
    async with Registration(deployment) as registration:
        for _ in range(3):
            await registration.leave(*(f"a{n}" for n in range(100)))
        await registration.idle()
        log = await logged(deployment)
    assert len(log) == 300
    database = client[f"{deployment.prefix}_registration"]
    before = list(database["leavers"].find(sort=[("_id", 1)]))
    indexes = database["leavers"].index_information()
    backup = await kept(deployment, tmp_path / "kept")
    await restored(deployment, backup, replace=True)
    assert await logged(deployment) == log  # in the same order
    assert list(database["leavers"].find(sort=[("_id", 1)])) == before
    assert database["leavers"].index_information() == indexes
    assert backup.manifest["audit_heads"]["registration"][0] > 0
    assert backup.manifest["audit_heads"]["selection"][0] == 0
    assert not any(name in databases.LEFT_OUT for name in database.list_collection_names())


async def test_every_queue_is_waited_for_also_when_the_log_holds_something(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --replace they are deleted, which the broker refuses for those that it does not have back yet."""
    held = events._held
    asked = set()

    async def asking(channel: AbstractChannel, queue: str) -> int | None:
        asked.add(queue)
        return await held(channel, queue)

    monkeypatch.setattr(events, "_held", asking)
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
    assert not await events.is_empty(deployment.amqp_url)
    assert asked == {queue.name for part in deployed.everything() for queue in part.queues}


async def test_services_may_use_no_other_keys_after_a_restore_than_before(
    deployment: Deployment, tmp_path: Path
) -> None:
    """RabbitMQ 4.3 forgets rights on the keys of an exchange with the exchange, and lets whoever has none use all."""
    if (management := deployment.management) is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given: no accounts can be created")

    def rights() -> list[dict[str, Any]]:
        all_ = management.get("topic-permissions")
        return sorted((one for one in all_ if one["user"] in names), key=lambda one: (one["user"], one["exchange"]))

    names = [account.name(deployment.prefix) for account in accounts.every()]
    passwords = dict.fromkeys(deployed.SERVICES, "x")
    management.post("definitions", body=definitions.of_accounts(deployment.prefix, passwords, management.vhost))
    try:
        before = rights()
        async with Registration(deployment) as registration:
            await registration.leave("a")
            await registration.idle()
        backup = await kept(deployment, tmp_path / "kept")
        for name in names:
            management.delete("topic-permissions", management.vhost, name)
        await restored(deployment, backup, replace=True)
        assert rights() == before
        assert {one["user"] for one in before} == set(names)
    finally:
        for name in names:
            management.delete("users", name)


async def test_what_is_written_meanwhile_is_in_it_with_its_event_or_not_at_all(
    deployment: Deployment, client: Mongo, tmp_path: Path
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave(*(f"a{n}" for n in range(200)))

        async def load() -> None:
            count = 0
            while not done.is_set():
                await registration.leave(*(f"a{(count + n) % 400}" for n in range(20)))
                count += 20

        done = asyncio.Event()
        loading = asyncio.create_task(load())
        await asyncio.sleep(0.5)
        backup = await kept(deployment, tmp_path / "kept")
        await asyncio.sleep(0.5)
        done.set()
        await loading
        await registration.idle()
    everything = len({id_ for id_, *_ in await logged(deployment)})
    await restored(deployment, backup, replace=True)
    held = {
        f"registration.leaver:{one['_id']}:{version}:0"
        for one in client[f"{deployment.prefix}_registration"]["leavers"].find()
        for version in range(1, one["version"] + 1)
    }
    owed = {
        owing["id"]
        for one in client[f"{deployment.prefix}_registration"]["leavers"].find({"pending": True})
        for owing in one["outbox"]
        if "key" in owing
    }
    told = {id_ for id_, *_ in await logged(deployment)}
    assert told <= held  # nothing that has not happened
    assert told | owed == held  # and of what has happened, all
    assert len(held) < everything
    assert backup.manifest["log"]["later"] > 0, "nothing was published while the backup was taken"


async def test_what_was_published_after_the_moment_of_the_databases_is_not_in_the_log(
    deployment: Deployment, client: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, gone_on = threading.Event(), threading.Event()
    enter = databases.Snapshot.__enter__

    def entering(self: databases.Snapshot) -> databases.Snapshot:
        taken.set()
        gone_on.wait(30)
        return enter(self)

    monkeypatch.setattr(databases.Snapshot, "__enter__", entering)
    async with Registration(deployment) as registration:
        await registration.leave("a", "b")
        await registration.idle()
        backing_up = asyncio.create_task(kept(deployment, tmp_path / "kept"))
        await asyncio.to_thread(taken.wait, 30)
        await registration.leave("b", "c")
        await registration.idle()
        gone_on.set()
        backup = await backing_up
    assert backup.manifest["log"] == {"events": 2, "first": 0, "forged": 0, "later": 2}
    await restored(deployment, backup, replace=True)
    assert {id_ for id_, *_ in await logged(deployment)} == {
        "registration.leaver:a:1:0",
        "registration.leaver:b:1:0",
    }
    assert client[f"{deployment.prefix}_registration"]["leavers"].count_documents({}) == 2


async def test_what_no_service_has_sent_does_not_become_true_by_a_restore(
    deployment: Deployment, broker: AbstractConnection, tmp_path: Path
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
    await publish(broker, withdrawn("b"), "b")  # through jalur.events, as the operator
    async with broker.channel(publisher_confirms=True) as channel:
        # RabbitMQ also routes by the keys in CC, which a service's account may use
        exchange = await channel.get_exchange(topology.outgoing("selection"), ensure=False)
        forged = message(withdrawn("c"), "c", CC=["registration.applicant_withdrawn.v1"])
        await exchange.publish(forged, "selection.x.v1", mandatory=False)
        await exchange.publish(aio_pika.Message(b"\xff"), "selection.y.v1", mandatory=False)
    backup = await kept(deployment, tmp_path / "kept")
    assert backup.manifest["log"]["forged"] == 2
    await restored(deployment, backup, replace=True)
    assert [id_ for id_, *_ in await logged(deployment)] == ["registration.leaver:a:1:0", "registration.test:b:1:0"]


async def test_after_a_restore_ids_go_on_beyond_all_that_were_given(
    deployment: Deployment, client: Mongo, tmp_path: Path
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
        backup = await kept(deployment, tmp_path / "kept")
        await registration.leave("a", "b")
        await registration.idle()
    given = {id_ for id_, *_ in await logged(deployment)}
    told: list[dict[str, Any]] = []
    for _ in range(2):  # the same backup twice
        await restored(deployment, backup, replace=True)
        found = client[f"{deployment.prefix}_registration"]["restored"].find_one()
        assert found is not None
        told.append(found)
        async with Registration(deployment) as registration:
            await registration.leave("a", "b")
            await registration.idle()
        now = {id_ for id_, *_ in await logged(deployment)}
        assert now & given == {"registration.leaver:a:1:0"}
        given |= now
    one, other = told
    assert other["versions_above"] > one["versions_above"] > datetime.now(UTC).timestamp() * MOST_A_SECOND - 60_000
    between_s = (other["restored_at"] - one["restored_at"]).total_seconds()
    assert other["numbers_skipped"] - one["numbers_skipped"] >= (between_s - 2) * MOST_A_SECOND > 0
    # and a backup of what was restored
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await asyncio.to_thread(back_up, deployment, tmp_path / "again", yesterday)  # as of copies of volumes
    await restored(deployment, Backup(tmp_path / "again"), replace=True)
    third = client[f"{deployment.prefix}_registration"]["restored"].find_one()
    assert third is not None
    assert third["versions_above"] > other["versions_above"]
    assert third["numbers_skipped"] >= other["numbers_skipped"] + 24 * 3600 * MOST_A_SECOND


async def test_a_target_that_is_in_use_or_not_empty_is_refused(
    deployment: Deployment, broker: AbstractConnection, tmp_path: Path
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
        backup = await kept(deployment, tmp_path / "kept")
        with pytest.raises(Unusable, match="services are running: jalur-registration; stop them"):
            await restored(deployment, backup, replace=True)
    with pytest.raises(Unusable, match=r"not empty \(test_.* has 1 documents\); --replace"):
        await restored(deployment, backup)
    elsewhere = replace(deployment, prefix=f"{deployment.prefix}x")
    with pytest.raises(Unusable, match="log on RabbitMQ are not empty; --replace"):
        await restored(elsewhere, backup)
    in_vhost = replace(deployment, amqp_url=deployment.amqp_url.rstrip("/") + "/lain")
    with pytest.raises(Unusable, match="virtual host"):
        await restored(in_vhost, backup)


async def test_a_clock_before_the_backup_is_refused(deployment: Deployment, tmp_path: Path) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
    backup = await kept(deployment, tmp_path / "kept")
    backup.manifest["taken_at"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    with pytest.raises(Unusable, match="set it right first"):
        await restored(deployment, backup, replace=True)


async def test_half_a_restore_is_not_worked_with_and_can_be_done_again(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
    backup = await kept(deployment, tmp_path / "kept")
    with monkeypatch.context() as patched:
        patched.setitem(backup.manifest["databases"]["registration"], "leavers", 2)
        with pytest.raises(Unusable, match=r"leavers has 1 documents now, and 2 were kept"):
            await restored(deployment, backup, replace=True)
    storage = Storage(deployment.mongo_url, f"{deployment.prefix}_registration", "registration")
    with pytest.raises(StorageAway):
        await storage.prepare()
    storage.close()
    with pytest.raises(Unusable, match="not empty"):
        await restored(deployment, backup)
    await restored(deployment, backup, replace=True)
    async with Registration(deployment) as registration:
        await registration.leave("a")


async def test_an_audit_that_is_not_sound_is_not_restored(
    deployment: Deployment, client: Mongo, tmp_path: Path
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
    audit = client[f"{deployment.prefix}_registration_audit"]["audit"]
    async with asyncio.timeout(10):
        while not audit.count_documents({}):
            await asyncio.sleep(0.1)
    audit.update_one({}, {"$set": {"entries.0.by": "orang lain"}})
    with pytest.raises(Unusable, match="the audit of registration is not sound: chunk 1 was changed"):
        await restored(deployment, await kept(deployment, tmp_path / "kept"), replace=True)


async def test_a_history_that_mongodb_has_given_up_is_told_with_what_to_do(
    deployment: Deployment, client: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Registration(deployment) as registration:
        await registration.leave("a")
        await registration.idle()
        window = client.admin.command({"getParameter": 1, "minSnapshotHistoryWindowInSeconds": 1})
        client.admin.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 1})
        write = databases.Snapshot.write
        loop = asyncio.get_running_loop()

        def late(self: databases.Snapshot, draft: Any) -> Any:
            for n in range(8):
                time.sleep(1)
                asyncio.run_coroutine_threadsafe(registration.leave("a", f"b{n}"), loop).result()
            return write(self, draft)

        monkeypatch.setattr(databases.Snapshot, "write", late)
        try:
            with pytest.raises(Unusable, match="minSnapshotHistoryWindowInSeconds"):
                await kept(deployment, tmp_path / "kept")
        finally:
            client.admin.command(
                {"setParameter": 1, "minSnapshotHistoryWindowInSeconds": window["minSnapshotHistoryWindowInSeconds"]}
            )
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*kept*")))  # nothing is left of it


async def test_where_there_is_nothing_nothing_is_backed_up(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="nothing to back up"):
        await kept(deployment, tmp_path / "kept")


async def test_sessions_and_imports_under_way_do_not_come_back(
    deployment: Deployment, client: Mongo, tmp_path: Path
) -> None:
    """Their sheets are not kept, so they could never end."""
    gateway = client[f"{deployment.prefix}_gateway"]
    for state in ("queued", "running", "done", "failed"):
        gateway["imports"].insert_one({"_id": state, "version": 1, "state": state})
    for name in databases.LEFT_OUT:
        gateway[name].insert_one({"_id": "x"})
    backup = await kept(deployment, tmp_path / "kept")
    await restored(deployment, backup, replace=True)
    assert {one["_id"] for one in gateway["imports"].find()} == {"done", "failed"}
    assert backup.manifest["databases"]["gateway"] == {"imports": 2}
    assert set(gateway.list_collection_names()) == {"imports", "restored"}


async def test_what_was_begun_goes_on_in_the_log_that_is_new(
    deployment: Deployment, client: Mongo, tmp_path: Path
) -> None:
    """A matching that was half done, a rebuild, a webhook that was to be posted everything from an offset on."""
    placement, gateway = (client[f"{deployment.prefix}_{name}"] for name in ("placement", "gateway"))
    placement["leases"].insert_many([{"_id": "matching", "holder": "x", "run_id": "r1"}, {"_id": "sweeper"}])
    gateway["serving"].insert_one({"_id": "readmodel", "state": "building", "offset": 700, "end": 900})
    since = "2026-11-01T00:00:00+00:00"
    gateway["webhooks"].insert_many([{"_id": "a", "begins": "700"}, {"_id": "b", "begins": since}])
    await restored(deployment, await kept(deployment, tmp_path / "kept"), replace=True)
    assert list(placement["leases"].find()) == [{"_id": "matching", "holder": "x", "run_id": "r1"}]
    assert gateway["serving"].find_one() == {"_id": "readmodel", "state": "building", "offset": 0, "end": 0}
    assert {one["_id"]: one["begins"] for one in gateway["webhooks"].find()} == {"a": "first", "b": since}
