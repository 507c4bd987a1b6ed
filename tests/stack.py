"""Every service as its own process, with empty databases and queues of its own."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from deploy.local.runner import LocalStack
from tests import queues
from tests.conftest import Urls


@contextlib.contextmanager
def empty_stack(servers: Urls, home: Path) -> Iterator[LocalStack]:
    """Started, and gone without a trace at the end."""
    asyncio.run(queues.empty(servers.amqp))
    running = LocalStack(
        home,
        port=free_port(),
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
