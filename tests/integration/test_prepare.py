"""What the Job of deploy/kubernetes runs, on real servers: accounts and queues, and nothing done to the replica set."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from pymongo import MongoClient

from deploy import topology
from deploy.composed import PREFIX, prepare
from deploy.kubernetes.prepare import prepare as prepare_cluster
from deploy.management import Management
from deploy.urls import as_account
from tests.conftest import Urls

PASSWORDS = {name: f"of-{name}" for name in topology.SERVICES}
NODES = 1


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
    prepare_cluster(secrets, address(servers), NODES)
    name, nothing = "jalur_autoscaler", "^$"
    management = Management((secrets / "amqp_management_url").read_text())
    management.put("users", name, body={"password": "of-it", "tags": ""})
    management.put("permissions", "/", name, body={"configure": nothing, "write": nothing, "read": nothing})
    async with await aio_pika.connect(servers.amqp) as operator:  # other tests have used these servers
        await (await (await operator.channel()).get_queue("selection.applicant_registered.v1")).purge()
    connection = await aio_pika.connect(as_account(servers.amqp, name, "of-it"))
    async with connection:
        # as KEDA looks at it
        channel = await connection.channel()
        queue = await channel.declare_queue("selection.applicant_registered.v1", passive=True)
        assert queue.declaration_result.message_count == 0
        with pytest.raises(ChannelAccessRefused):
            await queue.get(fail=False)
    management.delete("users", name)


def test_queues_are_not_declared_before_all_nodes_of_the_broker_run(
    servers: Urls, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "_PATIENCE_S", 1)
    with pytest.raises(prepare.NotReady, match="RabbitMQ with 2 nodes"):
        prepare_cluster(secrets, address(servers), NODES + 1)
