"""Long work on the event loop, in short stretches."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from shared.ending import end

T = TypeVar("T")

_STRETCH_S = 0.005
_BEGUN_TOGETHER = 10  # in one turn of the event loop


class Breath:
    """Lets others have the event loop when this task has had it for some milliseconds. One per piece of work."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def take(self) -> None:
        """To be awaited often: it costs next to nothing as long as it is not time."""
        if time.monotonic() - self._since >= _STRETCH_S:
            await asyncio.sleep(0)
            self._since = time.monotonic()


async def side_by_side(some: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """What each gives, or raises, in their order; only a few begin in each turn of the event loop."""
    running: list[asyncio.Task[T]] = []
    try:
        for one in some:
            running.append(asyncio.create_task(one))
            if len(running) % _BEGUN_TOGETHER == 0:
                await asyncio.sleep(0)
    except asyncio.CancelledError:
        await end(*running)
        raise
    return await asyncio.gather(*running, return_exceptions=True)
