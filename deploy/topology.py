"""All exchanges, queues and bindings of the system. They exist before any relay starts, so no event misses a queue."""

import asyncio
import importlib
import sys

import aio_pika

from shared import topology
from shared.messaging import Subscriptions
from shared.topology import Topology

SERVICES = ("registration", "selection", "certification", "placement", "gateway")
CONSUMERS = ("selection", "certification", "placement", "gateway")


def subscriptions() -> list[Subscriptions]:
    """What each service listens to, as its `events.py` declares it."""
    found: list[Subscriptions] = [importlib.import_module(f"services.{name}.events").on for name in CONSUMERS]
    return found


def everything() -> list[Topology]:
    """What all share first: the rest is bound to it."""
    return [
        topology.common(),
        *(topology.publishing(name) for name in SERVICES),
        *(topology.of_service(on.service, on.contracts) for on in subscriptions()),
    ]


async def declare(amqp_url: str) -> None:
    """Declare what is missing; what exists stays as it is."""
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        common, *others = everything()
        await topology.declare(await connection.channel(), common)
        async with asyncio.TaskGroup() as group:
            for part in others:
                # a quorum queue takes its time to declare, and a channel does one thing at a time
                group.create_task(topology.declare(await connection.channel(), part))


async def remove(amqp_url: str) -> None:
    """Delete every queue and exchange of ours, with what is in them."""
    connection = await aio_pika.connect(amqp_url)
    async with connection, asyncio.TaskGroup() as group:
        for part in everything():
            group.create_task(_remove(await connection.channel(), part))


async def _remove(channel: aio_pika.abc.AbstractChannel, part: Topology) -> None:
    for queue in part.queues:
        await channel.queue_delete(queue.name)
    for exchange in part.exchanges:
        if exchange != topology.EVENTS:
            await channel.exchange_delete(exchange)


if __name__ == "__main__":
    asyncio.run(declare(sys.argv[1]))
