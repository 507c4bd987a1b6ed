"""Keeps a service's queues and bindings as they should be, and knows how many messages are parked."""

import asyncio

from aio_pika.abc import AbstractConnection

from shared import topology
from shared.broker import keep_connected
from shared.messaging import Subscriptions

EVERY_S = 10.0


class Upkeep:
    """Declares everything of a service again every few seconds: whatever somebody has removed is back soon.

    `parked` counts the messages by queue, as of the last time; None before the first. `waiting` counts those in all
    queues of the service that are no parking places.
    """

    def __init__(self, url: str, on: Subscriptions) -> None:
        self.parked: dict[str, int] | None = None
        self.waiting: dict[str, int] = {}
        self._url = url
        self._on = on

    async def run(self) -> None:
        """Until cancelled."""
        if self._on.subscriptions:
            await keep_connected(self._url, f"jalur-{self._on.service}-upkeep", self._keep)

    async def _keep(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        wanted = topology.of_service(self._on.service, self._on.contracts)
        queues = [one.queue for one in self._on.subscriptions]
        while True:
            if self._on.ready:  # who begins to listen declares them too, and has to see what was missing
                waiting = await topology.declare(channel, wanted)
                self.parked = {queue: waiting.pop(topology.parked(queue)) for queue in queues}
                self.waiting = waiting
            await asyncio.sleep(EVERY_S if self._on.ready else 0.2)
