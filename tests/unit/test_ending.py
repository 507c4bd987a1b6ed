"""Cancelled is cancelled."""

import asyncio
import contextlib

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
