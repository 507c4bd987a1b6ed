"""Keeps a service's queues and bindings as they should be, and knows how many messages are parked."""

import asyncio

from aio_pika.abc import AbstractConnection

from shared import topology
from shared.broker import BrokerAway, answering, keep_connected
from shared.messaging import Subscriptions

EVERY_S = 20.0
_COUNT_S = 2.0


class Upkeep:
    """Declares everything of a service again now and then: whatever somebody has removed is back soon.

    `parked` counts the messages by queue, as of the last time; None before the first. `waiting` counts those in all
    queues of the service that are no parking places.
    """

    def __init__(self, url: str, on: Subscriptions) -> None:
        self.parked: dict[str, int] | None = None
        self.waiting: dict[str, int] = {}
        self._url = url
        self._on = on
        self._queues = [one.queue for one in on.subscriptions]
        self._connection: AbstractConnection | None = None

    async def run(self) -> None:
        """Until cancelled."""
        if self._on.subscriptions:
            await keep_connected(self._url, f"jalur-{self._on.service}-upkeep", self._keep)

    async def count_parked(self) -> dict[str, int] | None:
        """How many messages are parked at this moment, by queue, without those that somebody has taken to look at.

        None when that cannot be told: the broker is away, or a parking place is missing.
        """
        connection = self._connection
        if connection is None or connection.is_closed:
            return None
        counts = {}
        try:
            # a channel of its own: asking for a queue that is missing closes it
            async with answering(_COUNT_S), connection.channel() as channel:
                for queue in self._queues:
                    found = await channel.declare_queue(topology.parked(queue), passive=True)
                    counts[queue] = found.declaration_result.message_count or 0
        except BrokerAway:
            return None
        self.parked = counts
        return counts

    async def _keep(self, connection: AbstractConnection) -> None:
        self._connection = connection
        channel = await connection.channel()
        wanted = topology.of_service(self._on.service, self._on.contracts)
        while True:
            if self._on.ready:  # who begins to listen declares them too, and has to see what was missing
                waiting = await topology.declare(channel, wanted)
                self.parked = {queue: waiting.pop(topology.parked(queue)) for queue in self._queues}
                self.waiting = waiting
            await asyncio.sleep(EVERY_S if self._on.ready else 0.2)
