"""The servers that are measured on: named by the environment, else started for it and removed afterwards."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Urls
from tests.servers import start


@contextlib.contextmanager
def running() -> Iterator[Urls]:
    amqp, mongo = os.environ.get("JALUR_AMQP_URL"), os.environ.get("JALUR_MONGO_URL")
    if amqp and mongo:
        yield Urls(amqp, mongo, os.environ.get("JALUR_AMQP_MANAGEMENT_URL"))
        return
    with tempfile.TemporaryDirectory() as home, start(Path(home)) as urls:
        yield urls
