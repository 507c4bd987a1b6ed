"""Makes the servers of a cluster ready for the services of this version: `python -m deploy.kubernetes.prepare NODES`.

As deploy.composed.prepare, but the replica set is its own operator's and is not touched, and all NODES of the broker
have to run first: a quorum queue, and the log, stand on those nodes that are there when they are declared.
"""

import sys
from pathlib import Path

from deploy.composed import MONGODB
from deploy.composed.prepare import SECRETS, bring_up_to_date, wait
from deploy.management import Management, ManagementFailed


def prepare(secrets: Path, mongodb: str, nodes: int) -> None:
    """`mongodb` is host:port of any member. Raises NotReady, and what the servers raise when they refuse."""
    management = Management((secrets / "amqp_management_url").read_text())
    wait(f"RabbitMQ with {nodes} nodes", lambda: _running(management) >= nodes)
    bring_up_to_date(secrets, mongodb)


def _running(management: Management) -> int:
    try:
        return sum(node["running"] for node in management.get("nodes"))
    except ManagementFailed as failed:
        print(failed, file=sys.stderr, flush=True)
        return 0


if __name__ == "__main__":
    prepare(SECRETS, MONGODB, int(sys.argv[1]))
