"""Long work on the event loop, in short stretches."""

import asyncio
import time

_STRETCH_S = 0.005


class Breath:
    """Lets others have the event loop when this task has had it for some milliseconds. One per piece of work."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def take(self) -> None:
        """To be awaited often: it costs next to nothing as long as it is not time."""
        if time.monotonic() - self._since >= _STRETCH_S:
            await asyncio.sleep(0)
            self._since = time.monotonic()
