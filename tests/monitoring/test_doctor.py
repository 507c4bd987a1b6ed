"""`jalur doctor` finds nothing wrong with a system that is well, and whatever is broken on purpose."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aio_pika
import httpx
import pytest
from aio_pika.exceptions import DeliveryError
from pymongo import MongoClient
from typer.testing import CliRunner

from deploy import topology as deployed
from deploy.backup import back_up
from deploy.kept.deployment import Deployment
from deploy.kept.files import MANIFEST
from deploy.local import rabbitmq
from deploy.local.runner import LocalStack
from deploy.management import Management
from services.gateway.cli import app
from shared import topology
from shared.contracts.registration import ApplicantRegistered
from tests.events import applicant, message

OK, WRONG = 0, 1


def doctor(stack: LocalStack | None, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code, and what it says."""
    home = str(stack.home.path) if stack else "/nonexistent"
    cleared = {name: None for name in os.environ if name.startswith("JALUR_")}
    done = CliRunner().invoke(app, ["doctor", *arguments], env={**cleared, "JALUR_HOME": home, **environment})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def until(done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.3)


def says(stack: LocalStack, *words: str) -> str:
    """Wait until it exits with 1 and says this, among what it says; the management API counts every few seconds."""
    said = ""

    def so() -> bool:
        nonlocal said
        code, said = doctor(stack)
        return code == WRONG and all(word in said for word in words)

    until(so)
    return said


@pytest.fixture
def well(stack: LocalStack) -> Iterator[LocalStack]:
    """A system with nothing wrong, which a test leaves so."""
    until(lambda: doctor(stack)[0] == OK, 60)
    yield stack
    until(lambda: doctor(stack)[0] == OK, 60)


def test_nothing_is_wrong_with_a_system_that_is_well(well: LocalStack, tmp_path: Path) -> None:
    _backup(tmp_path / "last-night", hours_ago=9)
    code, said = doctor(well, "--backups", str(tmp_path))
    assert code == OK and "nothing is wrong" in said
    for service in deployed.SERVICES:
        assert f"✓ {service}: ready" in said
    assert "each with a consumer" in said and said.count("each service has its own") == 2
    assert "nobody gets in without one" in said and "with a primary" in said
    assert re.search(r"jalur.log holds [1-9]\d* events", said)
    assert "1, the newest is 9 hours old" in said


def test_a_token_that_does_not_hold_and_one_that_may_not_see_it(well: LocalStack) -> None:
    code, said = doctor(well, JALUR_TOKEN="x" * 40)
    assert code == WRONG and "✗ token: the gateway does not know it" in said and "jalur users token" in said
    admin = {"Authorization": f"Bearer {json.loads(well.credentials.read_text())['token']}"}
    viewer = httpx.post(f"{well.gateway_url}/api/v1/users", headers=admin, json={"name": "lihat", "role": "viewer"})
    code, said = doctor(well, JALUR_TOKEN=viewer.json()["token"])
    assert code == WRONG and "✗ token: its user may not see this" in said


def test_a_gateway_that_is_not_there(well: LocalStack) -> None:
    code, said = doctor(None, JALUR_URL="http://127.0.0.1:9", JALUR_TOKEN="x" * 40)
    assert code == WRONG and "✗ gateway: http://127.0.0.1:9 does not answer" in said
    assert "RabbitMQ: not looked at" in said and "MongoDB: not looked at" in said
    code, said = doctor(None)
    assert code == WRONG and "no gateway is known" in said


def test_a_service_that_is_frozen(well: LocalStack) -> None:
    well.kill("placement", signal.SIGSTOP)
    try:
        says(well, "✗ placement: does not answer the gateway")
    finally:
        well.kill("placement", signal.SIGCONT)


def test_a_message_that_is_parked(well: LocalStack) -> None:
    queue = topology.queue_of("selection", ApplicantRegistered)

    async def publish() -> None:
        poison = message(ApplicantRegistered.model_validate(applicant(1)), "a1")
        poison.body = b"{}"
        async with await aio_pika.connect(well.amqp_url) as connection:
            channel = await connection.channel()
            await (await channel.get_exchange(topology.EVENTS)).publish(poison, ApplicantRegistered.routing_key())

    async def discard() -> None:
        async with await aio_pika.connect(well.amqp_url) as connection:
            channel = await connection.channel()
            for on in deployed.subscriptions():
                if ApplicantRegistered in on.contracts:
                    name = topology.parked(topology.queue_of(on.service, ApplicantRegistered))
                    await (await channel.get_queue(name, ensure=False)).purge()

    asyncio.run(publish())
    try:
        says(well, "✗ selection: 1 messages are parked", f"✗ parked: 1 in {queue}.parked", "jalur parked list")
    finally:
        asyncio.run(discard())


def test_a_queue_that_nobody_consumes(well: LocalStack) -> None:
    name = "selection.once_there_was.v1"

    async def change(there: bool) -> None:
        async with await aio_pika.connect(well.amqp_url) as connection:
            channel = await connection.channel()
            if there:
                await channel.declare_queue(name, durable=True)
            else:
                await channel.queue_delete(name)

    asyncio.run(change(True))
    try:
        says(well, f"✗ queues: nobody consumes {name}")
    finally:
        asyncio.run(change(False))


@pytest.mark.parametrize("made_anew", [False, True], ids=["new", "made anew"])
def test_a_queue_whose_name_the_broker_had_not_written_down(well: LocalStack, made_anew: bool) -> None:
    """RabbitMQ 3.10 is killed within half a second; what the doctor says then mends it for good."""
    version = Management(str(well._accounts._management_url)).get("overview")["rabbitmq_version"]
    if not version.startswith("3."):
        pytest.skip(f"seen on RabbitMQ 3.10 only, and this is {version}")
    name = f"uji.{'made_anew' if made_anew else 'new'}"
    asyncio.run(_declare(well, name))
    if made_anew:
        time.sleep(3)
        asyncio.run(_delete(well, name))
        asyncio.run(_declare(well, name))
    _kill_rabbitmq(well)
    assert not asyncio.run(_takes(well, name))
    state = "does not run" if made_anew else "has no leader"
    try:
        _obey(well, says(well, f"✗ queues: {name} {state}: what is routed to it stays in outboxes"))
        assert asyncio.run(_takes(well, name))
        until(lambda: doctor(well)[0] == OK)
        _kill_rabbitmq(well)
        assert asyncio.run(_takes(well, name))
    finally:
        asyncio.run(_delete(well, name))


def test_a_queue_that_has_stopped_keeps_what_is_in_it(well: LocalStack) -> None:
    name = "uji.stopped"
    asyncio.run(_declare(well, name))
    try:
        assert asyncio.run(_takes(well, name))
        _rabbitmqctl(well, "eval", f"ra:stop_server(quorum_queues, {{'%2F_{name}', node()}}).")
        _obey(well, says(well, f"✗ queues: {name} does not run: what is routed to it stays in outboxes"))
        assert asyncio.run(_takes(well, name))
        until(lambda: Management(str(well._accounts._management_url)).get("queues", "/", name).get("messages") == 2)
    finally:
        asyncio.run(_delete(well, name))


def test_a_disk_alarm(well: LocalStack) -> None:
    with _disk_free_limit(well, "100000GB"):
        says(well, "disk alarm: it takes no messages", "Make room on its disk")


def test_an_account_that_is_missing(well: LocalStack) -> None:
    with MongoClient[dict[str, object]](well.mongo_url) as client:
        client.admin.command("dropUser", "jalur_placement")
    try:
        says(well, "✗ MongoDB accounts: missing: jalur_placement")
    finally:
        well._accounts.create_on_database()
        well.kill("placement")
        well.wait_ready("placement")


def test_rights_on_keys_that_the_broker_has_forgotten(well: LocalStack) -> None:
    """As RabbitMQ 4.3 does with an exchange that is deleted."""
    Management(str(well._accounts._management_url)).delete("topic-permissions", "/", "jalur_placement")
    try:
        says(well, "✗ RabbitMQ rights: not those of the table on the keys of exchanges: jalur_placement")
    finally:
        well._accounts.create_on_broker()


def test_backups(well: LocalStack, tmp_path: Path) -> None:
    code, said = doctor(well, "--backups", str(tmp_path / "none"))
    assert code == WRONG and "✗ backups: there is none in" in said
    _backup(tmp_path / "old", hours_ago=72)
    (tmp_path / "half").mkdir()
    code, said = doctor(well, "--backups", str(tmp_path))
    assert code == WRONG and "✗ backups: 1, the newest is 72 hours old" in said
    back_up(Deployment(well.mongo_url, well.amqp_url, None, "jalur", well.home.secrets), tmp_path / "new")
    code, said = doctor(well, JALUR_BACKUPS=str(tmp_path))
    assert code == OK and "✓ backups: 2, the newest is 0 hours old" in said


async def _declare(stack: LocalStack, name: str) -> None:
    async with await aio_pika.connect(stack.amqp_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})


async def _delete(stack: LocalStack, name: str) -> None:
    async with await aio_pika.connect(stack.amqp_url) as connection:
        await (await connection.channel()).queue_delete(name)


async def _takes(stack: LocalStack, name: str) -> bool:
    """Whether the queue takes a message."""
    async with await aio_pika.connect(stack.amqp_url) as connection:
        exchange = (await connection.channel()).default_exchange
        try:
            await asyncio.wait_for(exchange.publish(aio_pika.Message(b"", delivery_mode=2), name), 5)
        except (TimeoutError, DeliveryError):
            return False
        return True


def _obey(stack: LocalStack, said: str) -> None:
    (command,) = re.findall(r"Where the broker runs: (rabbitmqctl eval .*)", said)
    _rabbitmqctl(stack, *shlex.split(command)[1:])


def _kill_rabbitmq(stack: LocalStack) -> None:
    before = stack.pid("rabbitmq")
    stack.kill("rabbitmq")
    until(lambda: stack.pid("rabbitmq") not in (None, before))
    assert stack._servers is not None
    stack._servers.wait_for_rabbitmq()


def _backup(path: Path, hours_ago: int) -> None:
    path.mkdir()
    taken_at = datetime.now(UTC) - timedelta(hours=hours_ago)
    (path / MANIFEST).write_text(json.dumps({"taken_at": taken_at.isoformat()}))


@contextmanager
def _disk_free_limit(stack: LocalStack, limit: str) -> Iterator[None]:
    _rabbitmqctl(stack, "set_disk_free_limit", limit)
    try:
        yield
    finally:
        _rabbitmqctl(stack, "set_disk_free_limit", "50MB")


def _rabbitmqctl(stack: LocalStack, *arguments: str) -> None:
    assert stack._servers is not None and stack._servers.node is not None
    node = stack._servers.node
    linked = node.directory / "server" / "sbin"
    scripts = linked if linked.exists() else rabbitmq.script().resolve().parent
    environment = {**os.environ, **node.environment, "RABBITMQ_SCRIPTS_DIR": str(scripts)}
    command = [str(scripts / "rabbitmqctl"), "--quiet", *arguments]
    subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
