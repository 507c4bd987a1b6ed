"""What the Job of deploy/kubernetes runs, on real servers: accounts and queues, and nothing done to the replica set."""

import itertools
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
import yaml
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused
from pymongo import MongoClient

from deploy import topology
from deploy.composed import PREFIX, prepare
from deploy.kubernetes.prepare import prepare as prepare_cluster
from deploy.management import Management
from deploy.urls import as_account
from shared.contracts.registration import ApplicantRegistered
from shared.topology import EVENTS, queue_of
from tests.conftest import Urls

PASSWORDS = {name: f"of-{name}" for name in topology.SERVICES}
NODES = 1
README = Path(__file__).parents[2] / "deploy" / "kubernetes" / "README.md"
WATCHED = queue_of("selection", ApplicantRegistered)


@pytest.fixture
def secrets(servers: Urls, tmp_path: Path) -> Path:
    if servers.management is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given: no accounts can be created")
    (tmp_path / "accounts.json").write_text(json.dumps(PASSWORDS))
    (tmp_path / "mongodb_password").write_text(urlsplit(servers.mongo).password or "")
    (tmp_path / "amqp_management_url").write_text(servers.management)
    return tmp_path


def address(servers: Urls) -> str:
    return urlsplit(servers.mongo).netloc.rpartition("@")[2]


async def test_services_have_their_accounts_and_the_replica_set_stays_as_it_is(servers: Urls, secrets: Path) -> None:
    with MongoClient[dict[str, Any]](servers.mongo) as operator:
        before = operator.admin.command("replSetGetConfig")["config"]
        for _ in range(2):
            prepare_cluster(secrets, address(servers), NODES)
        assert operator.admin.command("replSetGetConfig")["config"] == before
    name, password = f"{PREFIX}_selection", PASSWORDS["selection"]
    with MongoClient[dict[str, Any]](as_account(servers.mongo, name, password, authSource="admin")) as own:
        assert own[name].command("ping")["ok"] == 1
    connection = await aio_pika.connect(as_account(servers.amqp, name, password))
    await connection.close()


async def test_the_account_of_the_autoscaler_hears_how_much_waits_and_nothing_of_what(
    servers: Urls, secrets: Path
) -> None:
    """With the rights that the README gives it; RabbitMQ 4.3 tells the length of a queue to nobody without a right."""
    prepare_cluster(secrets, address(servers), NODES)
    given = re.search(r"set_permissions (jalur_autoscaler) '(.+)' '(.+)' '(.+)'$", README.read_text(), re.MULTILINE)
    assert given is not None
    name, *rights = given.groups()
    management = Management((secrets / "amqp_management_url").read_text())
    management.put("users", name, body={"password": "of-it", "tags": ""})
    management.put("permissions", "/", name, body=dict(zip(("configure", "write", "read"), rights, strict=True)))
    async with (
        await aio_pika.connect(servers.amqp) as operator,
        await aio_pika.connect(as_account(servers.amqp, name, "of-it")) as connection,
    ):
        channel = await operator.channel()
        await (await channel.get_queue(WATCHED)).purge()  # other tests have used these servers
        await channel.default_exchange.publish(aio_pika.Message(b"{}"), WATCHED)
        # as KEDA looks at them
        asking = await connection.channel()
        found = {queue: await asking.declare_queue(queue, passive=True) for queue in watched()}
        assert found[WATCHED].declaration_result.message_count == 1
        for attempt in ATTEMPTS:
            with pytest.raises(ChannelAccessRefused):
                await attempt(await connection.channel())
        await (await channel.get_queue(WATCHED)).purge()
    management.delete("users", name)


def watched() -> list[str]:
    """Every queue whose length KEDA asks for."""
    manifests = (yaml.safe_load(path.read_text()) for path in (README.parent / "autoscaling").glob("*.yaml"))
    scaled = (one["spec"]["triggers"] for one in manifests if one["kind"] == "ScaledObject")
    return [one["metadata"]["queueName"] for one in itertools.chain(*scaled) if one["type"] == "rabbitmq"]


Attempt = Callable[[AbstractChannel], Awaitable[object]]


async def _take(channel: AbstractChannel) -> None:
    await (await channel.get_queue(WATCHED, ensure=False)).get(fail=False)


async def _purge(channel: AbstractChannel) -> None:
    await (await channel.get_queue(WATCHED, ensure=False)).purge()


async def _delete(channel: AbstractChannel) -> None:
    await channel.queue_delete(WATCHED)


async def _bind(channel: AbstractChannel) -> None:
    await (await channel.get_queue(WATCHED, ensure=False)).bind("amq.fanout")


async def _unbind(channel: AbstractChannel) -> None:
    await (await channel.get_queue(WATCHED, ensure=False)).unbind(EVENTS, ApplicantRegistered.routing_key())


async def _publish(channel: AbstractChannel) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"{}"), WATCHED)


ATTEMPTS: tuple[Attempt, ...] = (_take, _purge, _delete, _bind, _unbind, _publish)


def test_queues_are_not_declared_before_all_nodes_of_the_broker_run(
    servers: Urls, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "_PATIENCE_S", 1)
    with pytest.raises(prepare.NotReady, match="RabbitMQ with 2 nodes"):
        prepare_cluster(secrets, address(servers), NODES + 1)
