"""RabbitMQ, through its management API."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy import definitions
from deploy import topology as deployed
from deploy.doctor import leaders
from deploy.doctor.finding import Finding, note, well, wrong
from deploy.management import Management, ManagementFailed
from shared import topology

_ROOM = 3  # times the limit at which the broker takes no more
_MUCH = 1_000
_OF_A_SERVICE = re.compile(rf"({'|'.join(deployed.SERVICES)})\.[a-z_]+\.v\d+")


def examine(management: Management, prefix: str) -> Iterator[Finding]:
    """`prefix` is that of the services' accounts."""
    try:
        queues = leaders.when_figures_are_in(
            lambda: {one["name"]: one for one in management.get("queues", management.vhost)}
        )
        nodes = management.get("nodes")
        users = {one["name"] for one in management.get("users")}
        on_keys = management.get("topic-permissions")
        connections = management.get("connections")
    except ManagementFailed as error:
        advice = "Is it up? JALUR_AMQP_MANAGEMENT_URL is http://user:password@host:15672, with the operator's account."
        yield wrong("RabbitMQ", str(error), advice)
        return
    for node in nodes:
        yield from _of_node(node)
    yield from leaders.examine(queues, {node["name"] for node in nodes if node["running"]})
    yield from _of_queues(queues)
    yield from _of_accounts(users, connections, prefix)
    wanted = [one for one in definitions.on_keys(prefix, management.vhost) if one["user"] in users]
    if lacking := sorted({one["user"] for one in wanted if one not in on_keys}):
        told = f"not those of the table on the keys of exchanges: {', '.join(lacking)}"
        advice = "Without them an account may publish and bind every key. Run `prepare`, or `make up`."
        yield wrong("RabbitMQ rights", told, advice)


def _of_node(node: Mapping[str, Any]) -> Iterator[Finding]:
    name = f"RabbitMQ {node['name']}"
    if not node["running"]:
        yield wrong(name, "does not run", "Start it: quorum queues need more than half of the nodes.")
        return
    if "mem_alarm" not in node:
        yield note(name, "has only just started and tells no figures yet", "Ask again in a few seconds.")
        return
    if node["mem_alarm"]:
        yield wrong(name, "memory alarm: it takes no messages", "Give it more memory (JALUR_RABBITMQ_MEMORY).")
    if node["disk_free_alarm"]:
        yield wrong(name, "disk alarm: it takes no messages", "Make room on its disk, or give it a larger one.")
    free, limit = node["disk_free"], node["disk_free_limit"]
    told = f"{free / 1e9:.1f} GB of disk left; it stops at {limit / 1e9:.1f} GB"
    if not node["disk_free_alarm"] and free < _ROOM * limit:
        yield wrong(name, told, "jalur.log keeps every event for good and grows: give it a larger disk.")
    else:
        yield well(name, told)
    if node.get("partitions"):
        yield wrong(name, "is cut off from other nodes", "Mend the network, then restart the smaller part.")


def _of_queues(queues: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    wanted = {queue.name for part in deployed.everything() for queue in part.queues}
    missing = sorted(wanted - queues.keys())
    if missing:
        told = f"missing: {', '.join(missing)}"
        advice = (
            "Services declare theirs in half a minute; jalur.log needs the operator: python -m deploy.topology URL."
        )
        yield wrong("queues", told, advice)
    leaderless = leaders.without(queues)
    heard = sorted(name for name in queues if _OF_A_SERVICE.fullmatch(name) and name not in leaderless)
    for name in heard:
        one = queues[name]
        if not one.get("consumers"):
            advice = "Is its service up? One of an earlier version that nobody needs: delete it once it is empty."
            yield wrong("queues", f"nobody consumes {name}", advice)
        elif one.get("messages", 0) > _MUCH:
            yield note("queues", f"{one['messages']} messages wait in {name}", "More replicas work it off sooner.")
    for name in sorted(queues):
        one = queues[name]
        if name == topology.parked(name.removesuffix(".parked")) and one.get("messages"):
            yield wrong("parked", f"{one['messages']} in {name}", "jalur parked list, then replay or discard.")
        if name.startswith("outside.") and one.get("messages", 0) > _MUCH:
            told = f"{one['messages']} events wait to be carried over to {name.removeprefix('outside.')}"
            yield note("subscribers", told, "Tell whoever runs that system: at 50,000 the oldest are dropped.")
    if not missing and not leaderless and all(queues[name].get("consumers") for name in heard):
        yield well("queues", f"{len(heard)} queues of services, each with a consumer")
    if topology.LOG in queues:
        yield well("log", f"{topology.LOG} holds {queues[topology.LOG].get('messages', 0)} events")


def _of_accounts(users: set[str], connections: list[Mapping[str, Any]], prefix: str) -> Iterator[Finding]:
    own = {f"{prefix}_{service}" for service in deployed.SERVICES}
    advice = "Create them as docs/security.md says; then a service that is broken into reaches nothing of the others."
    if missing := sorted(own - users):
        yield wrong("RabbitMQ accounts", f"missing: {', '.join(missing)}", advice)
    others: set[str] = set()
    for one in connections:
        name = str(one.get("client_properties", {}).get("connection_name", ""))
        service = name.removeprefix("jalur-").partition("-")[0]
        if name.startswith("jalur-") and service in deployed.SERVICES and one.get("user") != f"{prefix}_{service}":
            others.add(f"{service} uses {one.get('user')}")
    for told in sorted(others):
        yield wrong("RabbitMQ accounts", told, advice)
    if "guest" in users:
        yield wrong("RabbitMQ accounts", "guest exists", "Delete it: rabbitmqctl delete_user guest.")
    if not missing and not others:
        yield well("RabbitMQ accounts", "each service has its own")
