"""What each service's account may do on RabbitMQ and on MongoDB: the one table, for every way to deploy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy import topology as deployed
from shared import topology
from shared.contracts import Event
from shared.storage import AUDIT, audit_database

NOTHING = "^$"
WATCHER = "monitoring"  # RabbitMQ's tag of who may look at connections and other virtual hosts


def only(keys: Iterable[str]) -> str:
    """A pattern that matches these words and no other."""
    words = "|".join(re.escape(key) for key in keys)
    return f"^({words})$" if words else NOTHING


@dataclass(frozen=True)
class Account:
    """One service's, and what it listens to."""

    service: str
    listens_to: tuple[type[Event], ...] = ()

    def name(self, prefix: str) -> str:
        """On both servers; `prefix` is that of the databases, so that two systems can share a server."""
        return f"{prefix}_{self.service}"

    # ---- RabbitMQ

    @property
    def tags(self) -> list[str]:
        """The gateway may look, through the management API, at what there is and how much waits; at no message."""
        return [WATCHER] if self.service == "gateway" else []

    @property
    def configure(self) -> str:
        """Its own queues and exchanges, so that a deleted queue comes back by itself; its way out is the operator's."""
        return rf"^{self.service}\.(?!out$)"

    @property
    def write(self) -> str:
        """To its own: it publishes through `<service>.out`, which hands on what is under its name, and nothing else.

        Who does not read the log needs some right on it, to ask whether it is there: RabbitMQ 4.3 answers nobody else.
        With this one it could bind the log to exchanges of its own alone: nobody believes those are another's.
        """
        asked = "" if self.listens_to else f"|{re.escape(topology.LOG)}$"
        return rf"^({self.service}\.{asked})"

    @property
    def read(self) -> str:
        """From its own, from `jalur.events` what `topics` lets it bind, and the log if it listens at all."""
        common = [topology.EVENTS, topology.LOG] if self.listens_to else []
        return rf"^({self.service}\..*{''.join('|' + re.escape(name) for name in common)})$"

    @property
    def topics(self) -> dict[str, tuple[str, str]]:
        """Exchange → (keys it may publish, keys it may bind)."""
        return {
            topology.outgoing(self.service): (rf"^{self.service}\.", NOTHING),
            topology.EVENTS: (NOTHING, only(event.routing_key() for event in self.listens_to)),
        }

    # ---- MongoDB

    def role(self, prefix: str) -> dict[str, Any]:
        """Read and write in the service's own database; find and insert in its audit, and nothing else anywhere.

        The audit has a database of its own, because MongoDB cannot except one collection from a right. An index can
        be made there; it deletes nothing, since an audit holds no BSON dates that one could expire.
        """
        own = f"{prefix}_{self.service}"
        audit = {"db": audit_database(own), "collection": AUDIT}
        may = ["find", "insert", "createIndex", "listIndexes"]
        return {"roles": [{"role": "readWrite", "db": own}], "privileges": [{"resource": audit, "actions": may}]}


def every() -> list[Account]:
    """One account per service."""
    listening = {on.service: tuple(on.contracts) for on in deployed.subscriptions()}
    return [Account(service, listening.get(service, ())) for service in deployed.SERVICES]
