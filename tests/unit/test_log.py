"""Who follows the log and is told to stop stops, also when a message comes in at that very moment."""

import asyncio
from typing import Any

import pytest

from shared import log


@pytest.mark.parametrize("turns", range(6))
async def test_waiting_for_the_next_messages_can_be_cancelled_at_any_moment(turns: int) -> None:
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    stopped = asyncio.Event()

    async def follow() -> None:
        try:
            while True:
                await log._next(arrived, 10, 60)
        finally:
            stopped.set()

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    arrived.put_nowait("a message")
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    async with asyncio.timeout(1):
        await stopped.wait()
