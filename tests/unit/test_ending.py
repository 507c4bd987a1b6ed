"""Cancelled is cancelled, also for whoever waits for a message that arrives at that moment."""

import asyncio
import contextlib
from typing import Any

import pytest

from shared import log
from shared.ending import end


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same() -> None:
    async def goes_on() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def fails() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ConnectionError

    tasks = [asyncio.create_task(goes_on()), asyncio.create_task(fails())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(*tasks)
    assert all(task.done() for task in tasks)


async def test_whoever_reads_the_log_is_cancelled_also_when_a_message_arrives_at_that_moment() -> None:
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    reading = asyncio.create_task(log._next(arrived, 10, 5))
    await asyncio.sleep(0.01)
    arrived.put_nowait("message")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert arrived.qsize() == 1  # nothing is lost for whoever reads next
