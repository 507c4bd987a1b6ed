"""RabbitMQ's definitions: accounts with their rights, exchanges, queues and bindings, as its management API takes them.

`python -m deploy.definitions PREFIX FILE` prints all of them for the vhost `/`, with the passwords of a JSON object
{service: password}.
"""

import base64
import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy import accounts
from deploy import topology as deployed

_HASHING = "rabbit_password_hashing_sha256"

Definitions = dict[str, list[dict[str, Any]]]


def everything(prefix: str, passwords: Mapping[str, str], vhost: str = "/") -> Definitions:
    """The virtual host with what is needed in it; `passwords` by service."""
    return {"vhosts": [{"name": vhost}], **of_accounts(prefix, passwords, vhost), **of_topology(vhost)}


def of_operator(name: str, password: str, vhost: str = "/") -> Definitions:
    """Who may do everything: all that a broker needs to start with."""
    anything = {"configure": ".*", "write": ".*", "read": ".*"}
    return {
        "vhosts": [{"name": vhost}],
        "users": [{"name": name, **hashed(password), "tags": ["administrator"]}],
        "permissions": [{"user": name, "vhost": vhost, **anything}],
    }


def of_accounts(prefix: str, passwords: Mapping[str, str], vhost: str = "/") -> Definitions:
    """The services' accounts with their rights; `passwords` by service. Applying them again changes nothing else.

    With the exchanges on whose keys they have rights: RabbitMQ 4.3 refuses such a right where there is no exchange.
    """
    users: list[dict[str, Any]] = []
    permissions: list[dict[str, Any]] = []
    for account in accounts.every():
        where = {"user": account.name(prefix), "vhost": vhost}
        users.append({"name": where["user"], **hashed(passwords[account.service]), "tags": account.tags})
        permissions.append({**where, "configure": account.configure, "write": account.write, "read": account.read})
    topics = on_keys(prefix, vhost)
    named = {one["exchange"] for one in topics}
    exchanges = [one for one in of_topology(vhost)["exchanges"] if one["name"] in named]
    return {"users": users, "permissions": permissions, "topic_permissions": topics, "exchanges": exchanges}


def on_keys(prefix: str, vhost: str = "/") -> list[dict[str, Any]]:
    """The accounts' rights on the keys of exchanges: whoever has none on an exchange may use every key of it."""
    return [
        {"user": account.name(prefix), "vhost": vhost, "exchange": exchange, "write": write, "read": read}
        for account in accounts.every()
        for exchange, (write, read) in account.topics.items()
    ]


def of_topology(vhost: str = "/") -> Definitions:
    """Every exchange, queue and binding."""
    found: Definitions = {"exchanges": [], "queues": [], "bindings": []}
    for part in deployed.everything():
        for name, kind in part.exchanges.items():
            found["exchanges"].append({**_durable(name, vhost), "type": kind, "internal": False, "arguments": {}})
        for queue in part.queues:
            found["queues"].append({**_durable(queue.name, vhost), "arguments": queue.arguments})
        for kind, bindings in (("queue", part.bindings), ("exchange", part.feeds)):
            for source, destination, key in bindings:
                ends = {"source": source, "destination": destination, "destination_type": kind}
                found["bindings"].append({"vhost": vhost, **ends, "routing_key": key, "arguments": {}})
    return found


def hashed(password: str) -> dict[str, str]:
    """As RabbitMQ keeps a password: a salt of four bytes, then SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {"password_hash": base64.b64encode(salt + digest).decode(), "hashing_algorithm": _HASHING}


def _durable(name: str, vhost: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False}


if __name__ == "__main__":
    prefix, file = sys.argv[1:]
    passwords = json.loads(Path(file).read_text())
    json.dump(everything(prefix, passwords), sys.stdout, indent=1)
