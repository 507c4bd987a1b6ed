"""Cancelled is cancelled."""

import asyncio
import contextlib

import pytest

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


async def test_whoever_ends_tasks_and_is_ended_meanwhile_leaves_none_running() -> None:
    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(deaf()) for _ in range(3)]
    await asyncio.sleep(0)
    ending = asyncio.create_task(end(*tasks))
    await asyncio.sleep(0.01)
    ending.cancel()  # as whoever ends it does, time and again
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await ending
    assert all(task.done() for task in tasks)
