"""Outside subscribers: other systems that hear some of our events, and can harm nothing.

Each has a virtual host of its own, with its account, its limits and its own exchange `jalur.events`, in which it may
declare and bind queues under its own name. A shovel carries the granted events there, out of a queue of ours that drops
its oldest when it is full. In our virtual host an outsider could make our own publishing fail: whoever declares a queue
chooses what happens when it is full, no policy of the operator overrides `reject-publish`, and a publish that one queue
rejects is not confirmed.
"""

import asyncio
import itertools
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aio_pika

from deploy import accounts, definitions, history
from deploy.management import Management, ManagementFailed
from deploy.topology import SERVICES
from deploy.urls import as_account, in_vhost
from shared import log, topology
from shared.broker import Unreachable
from shared.outsiders import TAG, NotGranted, granted_by, outlet_of

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
ROOM = {"description": "events for an outside subscriber of Jalur", "tags": TAG}  # its virtual host
_POLICY = "limits"

_CONNECTIONS, _CHANNELS, _QUEUES = 5, 50, 10
_DAY_MS = 24 * 3600 * 1000
# of each queue of a subscriber; nobody listening for a month means that it is gone
_LIMITS = {"max-length": 20_000, "max-length-bytes": 32 << 20, "expires": 30 * _DAY_MS}
# of the queue from which its events are carried over
_OUTLET = {
    "x-queue-type": "quorum",
    "x-max-length": 50_000,
    "x-max-length-bytes": 64 << 20,
    "x-overflow": "drop-head",
    # a subscriber's queue that rejects has its events offered again that often, then they are dropped
    "x-delivery-limit": 20,
}
# a replay fills a queue no further than that, and waits so long for one who does not listen
_MOST_AHEAD = 5_000
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Subscriber:
    """`waiting` counts the messages in its queues, `behind` those that are still to be carried over."""

    name: str
    keys: list[str]
    queues: int
    waiting: int
    behind: int


def let_gateways_look(management: Management) -> None:
    """In the virtual host of each subscriber: which queues it has, and how much waits. They may do nothing there.

    Raises ManagementFailed.
    """
    gateways = [one["name"] for one in management.get("users") if accounts.WATCHER in (one.get("tags") or [])]
    rooms = [one["name"] for one in management.get("vhosts") if TAG in (one.get("tags") or [])]
    for room, gateway in itertools.product(rooms, gateways):
        nothing = dict.fromkeys(("configure", "write", "read"), accounts.NOTHING)
        management.put("permissions", room, gateway, body=nothing)


class Subscribers:
    """Those of one broker. Every method raises ManagementFailed when the management API is away or refuses."""

    def __init__(self, management: Management, amqp_url: str) -> None:
        self._api = management
        self._amqp_url = amqp_url

    def add(self, name: str, patterns: Iterable[str]) -> str:
        """Let a system hear these events. Returns its URL, password included. Raises NotGranted."""
        wanted = list(patterns)
        keys = granted_by(wanted)
        if not _NAME.fullmatch(name) or name in SERVICES or name.startswith("jalur"):
            raise NotGranted(
                f"{name!r} cannot be a subscriber's name: take 2 to 31 small letters, digits and -, "
                "beginning with a letter, and no name of ours"
            )
        if self._api.get("vhosts", name) is not None or self._api.get("users", name) is not None:
            raise NotGranted(f"the broker has an account or a virtual host {name} already")
        try:
            self._make_room(name)
            url = self._set_password(name)
            self._set_rights(name, wanted, keys)
            self._carry_over(name)
            let_gateways_look(self._api)
        except BaseException:
            self._clear_away(name)
            raise
        return url

    def grant(self, name: str, patterns: Iterable[str]) -> None:
        """Let it hear these events instead of those it hears now. Raises NotGranted."""
        wanted = list(patterns)
        keys = granted_by(wanted)
        self._require(name)
        self._set_rights(name, wanted, keys)

    def new_password(self, name: str) -> str:
        """Its URL with a new password; connections made with the old one are closed. Raises NotGranted."""
        self._require(name)
        url = self._set_password(name)
        for connection in self._api.get("vhosts", name, "connections"):
            self._api.delete("connections", connection["name"])
        return url

    def remove(self, name: str) -> None:
        """Take everything of it away, with what is in its queues. Raises NotGranted."""
        self._require(name)
        self._clear_away(name)

    def replay(self, name: str, since: log.Offset, patience_s: float = _PATIENCE_S) -> int:
        """Tell it again what it may hear and what is in the log from `since` on, as it takes it; how many events.

        Raises NotGranted: also when it has no queue, or stops taking.
        """
        self._require(name)
        limits = {
            queue["name"]: min([_LIMITS["max-length"], *_own_limit(queue)]) for queue in self._api.get("queues", name)
        }
        if not limits:
            raise NotGranted(f"{name} has no queue yet: first it declares one and binds it")
        # half of what a queue takes is left for what happens meanwhile
        room = {queue: max(1, min(most // 2, _MOST_AHEAD)) for queue, most in limits.items()}
        operator = unquote(urlsplit(self._amqp_url).username or "")
        self._api.put("permissions", name, operator, body=dict.fromkeys(("configure", "write", "read"), ".*"))
        try:
            return asyncio.run(self._copy(name, room, since, patience_s))
        except history.Stuck as error:
            raise NotGranted(str(error)) from error
        except Unreachable as error:
            raise ManagementFailed(f"the broker at JALUR_AMQP_URL does not answer: {error}") from error

    async def _copy(self, name: str, room: dict[str, int], since: log.Offset, patience_s: float) -> int:
        async with (
            await aio_pika.connect(self._amqp_url) as ours,
            await aio_pika.connect(in_vhost(self._amqp_url, name)) as theirs,
        ):
            return await history.copy(ours, theirs, self._carried(name), room, since, patience_s)

    def all(self) -> list[Subscriber]:
        """Everyone there is, by name."""
        return [self._found(vhost["name"]) for vhost in self._api.get("vhosts") if TAG in (vhost.get("tags") or [])]

    def _found(self, name: str) -> Subscriber:
        queues = self._api.get("queues", name)
        outlet = self._api.get("queues", self._api.vhost, outlet_of(name)) or {}
        return Subscriber(
            name,
            sorted(self._carried(name)),
            len(queues),
            sum(queue.get("messages", 0) for queue in queues),
            outlet.get("messages", 0),
        )

    def _require(self, name: str) -> None:
        vhost = self._api.get("vhosts", name)
        if vhost is None or TAG not in (vhost.get("tags") or []):
            raise NotGranted(f"there is no subscriber {name}")

    def _make_room(self, name: str) -> None:
        api = self._api
        api.put("vhosts", name, body=ROOM)
        for limit, most in (("max-connections", _CONNECTIONS), ("max-queues", _QUEUES)):
            api.put("vhost-limits", name, limit, body={"value": most})
        api.put(
            *("operator-policies", name, _POLICY),
            body={"pattern": ".*", "apply-to": "queues", "priority": 0, "definition": _LIMITS},
        )
        api.put("exchanges", name, topology.EVENTS, body={"type": "topic", "durable": True})

    def _set_password(self, name: str) -> str:
        password = secrets.token_hex(24)
        self._api.put("users", name, body={**definitions.hashed(password), "tags": ""})
        for limit, most in (("max-connections", _CONNECTIONS), ("max-channels", _CHANNELS)):
            self._api.put("user-limits", name, limit, body={"value": most})
        return as_account(in_vhost(self._amqp_url, name), name, password)

    def _set_rights(self, name: str, patterns: list[str], keys: list[str]) -> None:
        own = rf"^{name}\."
        read = rf"^({name}\..*|{re.escape(topology.EVENTS)})$"
        # what is bound counts, so first that: a pattern never stands for an event that was not there at the time
        self._bind(name, keys)
        self._api.put("permissions", name, name, body={"configure": own, "write": own, "read": read})
        topics = {"exchange": topology.EVENTS, "write": accounts.NOTHING, "read": accounts.only([*patterns, *keys])}
        self._api.put("topic-permissions", name, name, body=topics)

    def _bind(self, name: str, keys: list[str]) -> None:
        vhost, outlet = self._api.vhost, outlet_of(name)
        self._api.put("queues", vhost, outlet, body={"durable": True, "arguments": _OUTLET})
        carried = self._carried(name)
        path = ("bindings", vhost, "e", topology.EVENTS, "q", outlet)
        for key in carried - set(keys):
            self._api.delete(*path, key)
        for key in set(keys) - carried:
            self._api.post(*path, body={"routing_key": key})

    def _carried(self, name: str) -> set[str]:
        bindings: list[dict[str, Any]] = self._api.get("queues", self._api.vhost, outlet_of(name), "bindings") or []
        return {one["routing_key"] for one in bindings if one["source"] == topology.EVENTS}

    def _carry_over(self, name: str) -> None:
        shovel = {
            "src-protocol": "amqp091",
            "src-uri": _within(self._api.vhost),
            "src-queue": outlet_of(name),
            "src-prefetch-count": 100,
            "dest-protocol": "amqp091",
            "dest-uri": _within(name),
            "dest-exchange": topology.EVENTS,
            "ack-mode": "on-confirm",
            "reconnect-delay": 2,
        }
        self._api.put("parameters", "shovel", self._api.vhost, name, body={"value": shovel})

    def _clear_away(self, name: str) -> None:
        self._api.delete("parameters", "shovel", self._api.vhost, name)
        self._api.delete("queues", self._api.vhost, outlet_of(name))
        self._api.delete("vhosts", name)
        self._api.delete("users", name)


def _own_limit(queue: dict[str, Any]) -> list[int]:
    limit = (queue.get("arguments") or {}).get("x-max-length")
    return [limit] if isinstance(limit, int) else []


def _within(vhost: str) -> str:
    # without a host: inside of the broker, and without an account
    return f"amqp:///{quote(vhost, safe='')}"
