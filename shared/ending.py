"""Ends tasks for good."""

import asyncio
from typing import Any

_AGAIN_S = 0.5


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel these and return when all of them have ended, in whatever way.

    Time and again, since a cancellation can be lost: `asyncio.wait_for` of Python 3.11 forgets one that comes together
    with what it waits for, and aio-pika swallows some. A service must stop all the same.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
