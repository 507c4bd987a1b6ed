"""Makes the servers ready for the services of this version, before they start: `python -m deploy.composed.prepare`.

MongoDB becomes a replica set with the operator's and the services' accounts, RabbitMQ gets the services' accounts with
their rights, the exchanges, queues and bindings. All of it may be there already: it is brought up to date.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy import database_accounts, definitions, replica_set
from deploy.composed import MONGODB, PREFIX
from deploy.management import Management, ManagementFailed

SECRETS = Path("/run/secrets")
_PATIENCE_S = 120
_PAUSE_S = 0.5


class NotReady(Exception):
    """A server did not become ready; the message says which."""


def prepare(secrets: Path, mongodb: str) -> None:
    """`mongodb` is host:port. Raises NotReady, and what the servers raise when they refuse."""
    passwords = json.loads((secrets / "accounts.json").read_text())
    key, password = ((secrets / f"mongodb_{name}").read_text() for name in ("key", "password"))
    _wait("MongoDB", lambda: replica_set.settle(mongodb, key, password))
    with MongoClient[dict[str, Any]](replica_set.url(mongodb, password)) as client:
        database_accounts.apply(client, PREFIX, passwords)
    management = Management((secrets / "amqp_management_url").read_text())
    everything = definitions.everything(PREFIX, passwords)
    _wait("RabbitMQ", lambda: _posted(management, everything))


def _posted(management: Management, everything: definitions.Definitions) -> bool:
    try:
        management.post("definitions", body=everything)
    except ManagementFailed as failed:
        # after a start the broker answers before its queues are back
        print(failed, file=sys.stderr, flush=True)
        return False
    return True


def _wait(server: str, attempt: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not attempt():
        if time.monotonic() > deadline:
            raise NotReady(f"{server} did not become ready within {_PATIENCE_S} s")
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    prepare(SECRETS, MONGODB)
