"""Servers for a test run: testcontainers' where Docker and the images are there, else the local runner's."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.local import servers as local
from tests.conftest import Urls

_IMAGES = ("rabbitmq:4-management", "mongo:8")


@contextlib.contextmanager
def start(home: Path) -> Iterator[Urls]:
    """Start both servers and stop them at the end."""
    with _containers() if _docker_has_images() else _local(home) as urls:
        yield urls


def _docker_has_images() -> bool:
    if shutil.which("docker") is None:
        return False
    found = subprocess.run(["docker", "image", "inspect", *_IMAGES], capture_output=True, check=False)
    return found.returncode == 0


@contextlib.contextmanager
def _local(home: Path) -> Iterator[Urls]:
    running = local.start(home)
    try:
        yield Urls(running.amqp_url, running.mongo_url)
    finally:
        running.discard()


@contextlib.contextmanager
def _containers() -> Iterator[Urls]:
    from testcontainers.mongodb import MongoDbContainer
    from testcontainers.rabbitmq import RabbitMqContainer

    with RabbitMqContainer(_IMAGES[0]) as rabbitmq, MongoDbContainer(_IMAGES[1]) as mongodb:
        parameters = rabbitmq.get_connection_params()
        amqp = f"amqp://{rabbitmq.username}:{rabbitmq.password}@{parameters.host}:{parameters.port}/"
        yield Urls(amqp, mongodb.get_connection_url())
