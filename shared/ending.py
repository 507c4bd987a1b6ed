"""Ends tasks for good."""

import asyncio
from typing import Any

_AGAIN_S = 0.5


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel these and return when all of them have ended, in whatever way.

    Time and again, since a cancellation can be lost: `asyncio.wait_for` of Python 3.11 forgets one that comes together
    with what it waits for, and aio-pika swallows some. A service must stop all the same. Who is cancelled meanwhile
    learns it when they have ended: what was left running would go on beside what takes its place.
    """
    running = set(tasks)
    cancelled: asyncio.CancelledError | None = None
    while running:
        for task in running:
            task.cancel()
        try:
            _, running = await asyncio.wait(running, timeout=_AGAIN_S)
        except asyncio.CancelledError as error:
            cancelled = error
    await asyncio.gather(*tasks, return_exceptions=True)
    if cancelled is not None:
        raise cancelled
