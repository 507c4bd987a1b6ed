"""The outside subscribers of one broker, as its definitions tell them, for another broker.

Their accounts keep their passwords; our own accounts are not among them, nor what waits in queues.
"""

from typing import Any

from deploy.management import Management
from deploy.subscribers import ROOM
from shared.outsiders import TAG, outlet_of

Definitions = dict[str, Any]


def names(management: Management) -> list[str]:
    """Raises ManagementFailed."""
    return [vhost["name"] for vhost in management.get("vhosts") if TAG in (vhost.get("tags") or [])]


def export(management: Management) -> Definitions:
    """Everything of theirs: virtual host, account, limits, rights, queues, and how events come to them."""
    theirs = set(names(management))
    outlets = {outlet_of(name) for name in theirs}
    everything = management.get("definitions")

    def of_theirs(one: dict[str, Any]) -> bool:
        if one.get("vhost") != management.vhost:
            return one.get("vhost") in theirs
        # in ours they have a queue, its bindings, and the shovel that empties it
        if one.get("component") == "shovel":
            return one["name"] in theirs
        return one.get("name") in outlets or one.get("destination") in outlets

    named = {part: [one for one in everything[part] if one["name"] in theirs] for part in ("users", "vhosts")}
    within = ("permissions", "topic_permissions", "parameters", "policies", "queues", "exchanges", "bindings")
    found = {**named, **{part: [one for one in everything.get(part, []) if of_theirs(one)] for part in within}}
    found["permissions"] = [one for one in found["permissions"] if one["user"] in theirs]  # not of our operator
    return found


def bring(management: Management, definitions: Definitions) -> int:
    """Have them on this broker, too; how many there are. Raises ManagementFailed."""
    for vhost in definitions["vhosts"]:
        # RabbitMQ 3 forgets the tag in its definitions, by which we know them again
        management.put("vhosts", vhost["name"], body=ROOM)
    if definitions["vhosts"]:
        management.post("definitions", body={part: held for part, held in definitions.items() if part != "vhosts"})
    return len(definitions["vhosts"])
