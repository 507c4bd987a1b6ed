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
from deploy.subscribers import let_gateways_look

SECRETS = Path("/run/secrets")
_PATIENCE_S = 120
_PAUSE_S = 0.5


class NotReady(Exception):
    """A server did not become ready; the message says which."""


def prepare(secrets: Path, mongodb: str) -> None:
    """`mongodb` is host:port. Raises NotReady, and what the servers raise when they refuse."""
    key, password = ((secrets / f"mongodb_{name}").read_text() for name in ("key", "password"))
    wait("MongoDB", lambda: replica_set.settle(mongodb, key, password))
    bring_up_to_date(secrets, mongodb)


def bring_up_to_date(secrets: Path, mongodb: str) -> None:
    """Accounts, rights, exchanges, queues and bindings, on a replica set that has its operator's account."""
    passwords = json.loads((secrets / "accounts.json").read_text())
    with MongoClient[dict[str, Any]](replica_set.url(mongodb, (secrets / "mongodb_password").read_text())) as client:
        database_accounts.apply(client, PREFIX, passwords)
    management = Management((secrets / "amqp_management_url").read_text())
    everything = definitions.everything(PREFIX, passwords)
    wait("RabbitMQ", lambda: _posted(management, everything))
    let_gateways_look(management)


def _posted(management: Management, everything: definitions.Definitions) -> bool:
    try:
        management.post("definitions", body=everything)
    except ManagementFailed as failed:
        # after a start the broker answers before its queues are back
        print(failed, file=sys.stderr, flush=True)
        return False
    return True


def wait(server: str, attempt: Callable[[], bool]) -> None:
    """Try until it is done. Raises NotReady."""
    deadline = time.monotonic() + _PATIENCE_S
    while not attempt():
        if time.monotonic() > deadline:
            raise NotReady(f"{server} did not become ready within {_PATIENCE_S} s")
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    prepare(SECRETS, MONGODB)
