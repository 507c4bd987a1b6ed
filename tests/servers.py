"""Servers for a test run: the local runner's where they are installed, else testcontainers'.

JALUR_TEST_SERVERS=containers has it the other way round: `make containers-test` tries RabbitMQ 4 and MongoDB 8 so,
while `make test` tries what Debian has.
"""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aio_pika
from aiormq.exceptions import AMQPError
from pymongo.errors import PyMongoError

from deploy import replica_set
from deploy.local import mongodb, rabbitmq
from deploy.local import servers as local
from deploy.local.supervision import StartFailed
from tests.conftest import Urls

_IMAGES = ("rabbitmq:4-management", "mongo:8")
_PLUGINS = Path(__file__).parents[1] / "deploy" / "composed" / "rabbitmq"
# mongod takes no key file that others could read
_WITH_KEY = f"""
install -m 400 -o "$(id -u mongodb 2>/dev/null || id -u)" /run/secrets/key /tmp/key
exec docker-entrypoint.sh mongod --replSet {replica_set.NAME} --keyFile /tmp/key
"""
_START_S = 90


@contextlib.contextmanager
def start(home: Path) -> Iterator[Urls]:
    """Start both servers and stop them at the end."""
    with _containers(home) if _in_containers() else _local(home) as urls:
        yield urls


def _in_containers() -> bool:
    if wanted := os.environ.get("JALUR_TEST_SERVERS"):
        return wanted == "containers"
    try:
        rabbitmq.script()
        mongodb.executable()
    except StartFailed:
        return True
    return False


@contextlib.contextmanager
def _local(home: Path) -> Iterator[Urls]:
    running = local.start(home)
    try:
        yield Urls(running.amqp_url, running.mongo_url, running.node.management_url if running.node else None)
    finally:
        running.discard()


@contextlib.contextmanager
def _containers(home: Path) -> Iterator[Urls]:
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # its reaper is one more image to have; leaving the block stops both containers
    testcontainers_config.ryuk_disabled = True
    broker = (
        DockerContainer(_IMAGES[0])
        .with_env("RABBITMQ_DEFAULT_USER", "uji")
        .with_env("RABBITMQ_DEFAULT_PASS", "uji")
        # those that are deployed: outside subscribers need the shovel
        .with_env("RABBITMQ_ENABLED_PLUGINS_FILE", "/jalur/enabled_plugins")
        .with_volume_mapping(str(_PLUGINS), "/jalur", "ro")
        .with_exposed_ports(5672, 15672)
    )
    # with accounts, as it is deployed
    (home / "key").write_text(secrets.token_hex(32))
    (home / "key").chmod(0o444)
    database = (
        DockerContainer(_IMAGES[1])
        .with_kwargs(entrypoint=["bash", "-ec", _WITH_KEY])
        .with_volume_mapping(str(home / "key"), "/run/secrets/key", "ro")
    )
    with broker, database:
        # its own address, by which a member finds itself in the set
        member = f"{database.get_docker_client().bridge_ip(database.get_wrapped_container().id)}:27017"
        urls = Urls(
            f"amqp://uji:uji@{_address(broker, 5672)}/",
            replica_set.url(member, "uji"),
            f"http://uji:uji@{_address(broker, 15672)}",
        )
        _retry(lambda: _settle(member, (home / "key").read_text()))
        _retry(lambda: asyncio.run(_say_hello(urls.amqp)))
        yield urls


def _address(container: Any, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


def _settle(member: str, key: str) -> None:
    if not replica_set.settle(member, key, "uji"):
        raise ConnectionError("no primary yet")


async def _say_hello(url: str) -> None:
    async with await aio_pika.connect(url, timeout=2):
        pass


def _retry(attempt: Callable[[], None]) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            return attempt()
        except (TimeoutError, PyMongoError, OSError, AMQPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
