"""All queues of the system, as a test wants to find them."""

import asyncio

import aio_pika
from aio_pika.abc import AbstractConnection

from deploy import topology
from shared.topology import LOG, Topology


async def empty(amqp_url: str) -> None:
    """Nothing is in any queue, what was deleted or unbound is there again, and the log begins anew.

    To delete 79 queues and declare them again would take several times as long.
    """
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        await (await connection.channel()).queue_delete(LOG)  # a stream cannot be purged
        await topology.declare(amqp_url)
        async with asyncio.TaskGroup() as group:
            for part in topology.everything():
                group.create_task(_purge(connection, part))


async def _purge(connection: AbstractConnection, part: Topology) -> None:
    channel = await connection.channel()
    for queue in part.queues:
        if queue.name != LOG:
            await (await channel.get_queue(queue.name, ensure=False)).purge()
