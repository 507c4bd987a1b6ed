"""Quorum queues without a leader: nothing gets into them or out, and whatever routes to them is confirmed to nobody.

RabbitMQ 3.10 writes down the name of a new queue some time after it has said that the queue is there; killed before,
it comes back with a queue whose log it does not find (docs/faults.md). The management API may still name the leader
that was; what tells is that no figures come, for those come from leaders alone.
"""

import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deploy.doctor.finding import Finding, wrong

Queues = Mapping[str, Mapping[str, Any]]

# the first figures of a new queue, or of any after a restart, were there after ten seconds at most
_FIGURES_S = 20.0
_LOOK_EVERY_S = 1.0
_HELD_UP = "what is routed to it stays in outboxes"
# no member elects a leader by itself while its log is empty
_ELECT = "ra:trigger_election({Name, node()})"
# a log that is there is taken up again. Where it is gone its name goes too: it would lead nowhere after every restart
_START = (
    "case ra:restart_server(quorum_queues, {Name, node()}) of {error, enoent} -> "
    "{ok, Names} = ra_system:lookup_name(quorum_queues, directory_rev), ok = dets:delete(Names, Name), "
    f"rabbit_quorum_queue:recover(Vhost, [Queue]), {_ELECT}; Done -> Done end"
)


def when_figures_are_in(read: Callable[[], Queues]) -> Queues:
    """The queues as soon as each has a leader that tells figures; as they are when that does not come about."""
    deadline = time.monotonic() + _FIGURES_S
    while without(queues := read()) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    return queues


def without(queues: Queues) -> list[str]:
    """The names of those without a leader, or too new to be told from them."""
    quorum = {name: one for name, one in queues.items() if one.get("type") == "quorum"}
    return sorted(name for name, one in quorum.items() if "messages" not in one or not one.get("online"))


def examine(queues: Queues, running: set[str]) -> Iterator[Finding]:
    """`running` are the nodes that are up."""
    for name in without(queues):
        one = queues[name]
        members = one.get("members", ())
        if not running.issuperset(members):
            yield wrong("queues", f"{name} has no leader: {_HELD_UP}", "Start the nodes that do not run.")
        elif one.get("online"):
            yield wrong("queues", f"{name} has no leader: {_HELD_UP}", _advice(one, _ELECT))
        elif len(members) == 1:
            yield wrong("queues", f"{name} does not run: {_HELD_UP}", _advice(one, _START))
        else:
            yield wrong("queues", f"{name} runs on none of its nodes: {_HELD_UP}", "Their logs say why.")


def _advice(queue: Mapping[str, Any], what: str) -> str:
    vhost, name = (f"<<{json.dumps(queue[key], ensure_ascii=False)}/utf8>>" for key in ("vhost", "name"))
    found = f"Vhost = {vhost}, {{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(Vhost, queue, {name}))"
    expression = f"{found}, {{Name, _}} = amqqueue:get_pid(Queue), {what}."
    return f"Where the broker runs: rabbitmqctl eval {shlex.quote(expression)}"
