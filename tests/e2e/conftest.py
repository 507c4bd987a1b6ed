"""The whole system as separate processes on real servers, and clients that speak to it as anybody would."""

import asyncio
import json
import socket
import uuid
from collections.abc import Iterator

import httpx
import pytest

from deploy import topology
from deploy.local.runner import LocalStack
from tests.conftest import Urls


@pytest.fixture(scope="module")
def stack(servers: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Every service as its own process, with empty databases and queues of its own for each test module."""
    asyncio.run(topology.remove(servers.amqp))
    running = LocalStack(
        tmp_path_factory.mktemp("stack"),
        port=_free_port(),
        amqp_url=servers.amqp,
        amqp_management_url=servers.management,
        mongo_url=servers.mongo,
        db_prefix=f"test_{uuid.uuid4().hex[:8]}",
    )
    running.start()
    try:
        yield running
    finally:
        running.discard()


@pytest.fixture(scope="module")
def gateway(stack: LocalStack) -> Iterator[httpx.Client]:
    """The JSON API as the first administrator."""
    token = json.loads(stack.credentials.read_text())["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{stack.gateway_url}/api/v1", headers=headers, timeout=60) as client:
        yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
