"""Exchanges, queues and bindings on RabbitMQ: what there is, and how to declare it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from shared.contracts import Event

EVENTS = "jalur.events"
LOG = "jalur.log"
_PARKED = ".parked"

# how long a message waits before it is tried again; after the last rung it is parked
LADDER_S = (1, 10, 60, 600)

# whoever looks at parked messages takes them all and gives them back, and each time counts as a delivery: RabbitMQ 4
# drops a message after 20 of them unless told otherwise; 3.10 reads -1 not as "never" but as "at once"
_LOOKED_AT_LIMIT = 1_000_000_000

# guards against a message that kills its consumer, no more: restarts use deliveries up too, so it is generous
_DELIVERY_LIMIT = 200


@dataclass(frozen=True)
class Queue:
    name: str
    arguments: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Topology:
    """Durable objects only. `exchanges` maps names to types, a binding is (exchange, queue, routing key).

    A feed is (source exchange, destination exchange, routing key).
    """

    exchanges: dict[str, str]
    queues: list[Queue] = field(default_factory=list)
    bindings: list[tuple[str, str, str]] = field(default_factory=list)
    feeds: list[tuple[str, str, str]] = field(default_factory=list)


def queue_of(service: str, contract: type[Event]) -> str:
    """The queue in which a service receives an event: `selection.applicant_registered.v1`."""
    return f"{service}.{contract.slug()}.v{contract.version}"


def parked(queue: str) -> str:
    return queue + _PARKED


def returning(service: str) -> str:
    """The exchange through which retried and replayed messages come back, routed by queue name."""
    return f"{service}.in"


def outgoing(service: str) -> str:
    """The exchange a service publishes to. It hands on to `jalur.events`, which no service can write to itself."""
    return f"{service}.out"


def parking(service: str) -> str:
    return f"{service}.parked"


def rung(service: str, attempt: int) -> str | None:
    """The exchange (and queue) of the wait after the `attempt`th failure, counted from 1; None when it is to park."""
    return f"{service}.retry.{LADDER_S[attempt - 1]}s" if attempt <= len(LADDER_S) else None


def is_vouched_for(exchange: str | None, publisher: str, receiver: str) -> bool:
    """Whether what arrives from this exchange was sent by `publisher`.

    The broker names the exchange a message was sent to, and lets each service write to its own alone. Its routing key
    proves nothing: RabbitMQ also routes by the keys in a CC or BCC header, which up to 3.x it does not check.
    """
    # `jalur.events` itself is written to by the operator alone, and `returning` by the receiver
    return exchange in (outgoing(publisher), EVENTS, returning(receiver))


def common() -> Topology:
    """The exchange that carries every event, and the log that keeps them."""
    log = Queue(LOG, {"x-queue-type": "stream"})
    return Topology({EVENTS: "topic"}, [log], [(EVENTS, LOG, "#")])


def publishing(service: str) -> Topology:
    """How a service's events reach `jalur.events`: those under its own name, whatever else it may send."""
    return Topology({outgoing(service): "topic"}, feeds=[(outgoing(service), EVENTS, f"{service}.#")])


def of_service(service: str, contracts: Iterable[type[Event]]) -> Topology:
    """A consuming service's queues: one per event, each with its parking place, and one retry ladder for all.

    `jalur.events` exists already: it is the operator's, as is what a service publishes through.
    """
    back, park = returning(service), parking(service)
    exchanges = {back: "direct", park: "direct"}
    queues: list[Queue] = []
    bindings: list[tuple[str, str, str]] = []
    for contract in contracts:
        name = queue_of(service, contract)
        queues.append(Queue(name, _quorum({"x-delivery-limit": _DELIVERY_LIMIT, **_dead_letters(park, name)})))
        queues.append(Queue(parked(name), _quorum({"x-delivery-limit": _LOOKED_AT_LIMIT})))
        bindings += [(EVENTS, name, contract.routing_key()), (back, name, name), (park, parked(name), name)]
    if queues:
        for attempt, seconds in enumerate(LADDER_S, start=1):
            step = str(rung(service, attempt))
            exchanges[step] = "fanout"
            # no dead-letter routing key: the message keeps its own, which is the name of the queue it came from
            queues.append(Queue(step, _quorum({"x-message-ttl": seconds * 1000, **_dead_letters(back)})))
            bindings.append((step, step, ""))
    return Topology(exchanges, queues, bindings)


def _quorum(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"x-queue-type": "quorum", **arguments}


def _dead_letters(exchange: str, routing_key: str | None = None) -> dict[str, Any]:
    # at-least-once needs reject-publish, and reject-publish needs no length limit to be harmless
    arguments = {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return arguments if routing_key is None else {**arguments, "x-dead-letter-routing-key": routing_key}


async def declare(channel: AbstractChannel, topology: Topology) -> dict[str, int]:
    """Declare what is missing; by queue, how many messages wait in it.

    Raises aio-pika's ChannelPreconditionFailed when something exists with other arguments, and ChannelNotFoundEntity
    when what it is bound to does not exist (yet). A parking place of an earlier version is made anew when it is empty,
    and kept as it is otherwise.
    """
    for name, type_ in topology.exchanges.items():
        await channel.declare_exchange(name, type_, durable=True)
    queues: dict[str, AbstractQueue] = {}
    for queue in topology.queues:
        try:
            queues[queue.name] = await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
        except ChannelPreconditionFailed:
            if not queue.name.endswith(_PARKED):
                raise
            await channel.reopen()
            fed_by = [(exchange, key) for exchange, name, key in topology.bindings if name == queue.name]
            queues[queue.name] = await _made_anew_if_empty(channel, queue, fed_by)
    for exchange, name, key in topology.bindings:
        await queues[name].bind(exchange, routing_key=key)
    for source, destination, key in topology.feeds:
        await (await channel.get_exchange(destination, ensure=False)).bind(source, routing_key=key)
    return {name: found.declaration_result.message_count or 0 for name, found in queues.items()}


async def lacks(channel: AbstractChannel, queues: Iterable[str]) -> bool:
    """Whether one of these queues does not exist."""
    lacking = False
    for name in queues:
        try:
            await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            lacking = True
            await channel.reopen()
    return lacking


async def _made_anew_if_empty(channel: AbstractChannel, queue: Queue, fed_by: list[tuple[str, str]]) -> AbstractQueue:
    old = await channel.declare_queue(queue.name, passive=True)
    # nothing gets in meanwhile: what is to be parked stays where it is, and is tried again
    for exchange, key in fed_by:
        await old.unbind(exchange, routing_key=key)
    found = (await channel.declare_queue(queue.name, passive=True)).declaration_result
    if found.message_count or found.consumer_count:
        return old
    await channel.queue_delete(queue.name)
    return await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
