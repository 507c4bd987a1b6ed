"""Who waits for messages and is told to stop stops, also when one comes in at that very moment; none is lost by it."""

import asyncio
from typing import cast

import pytest
from aio_pika.abc import AbstractIncomingMessage

from shared.arriving import Arriving

A, B, C = (cast(AbstractIncomingMessage, name) for name in "ABC")


@pytest.mark.parametrize("within_s", [60, None])
@pytest.mark.parametrize("turns", range(6))
async def test_waiting_for_the_next_messages_can_be_cancelled_at_any_moment(turns: int, within_s: float | None) -> None:
    arriving = Arriving()
    taken: list[AbstractIncomingMessage] = []
    stopped = asyncio.Event()

    async def follow() -> None:
        try:
            while True:
                await arriving.some(within_s)
                taken.extend(arriving.take(10))
        finally:
            stopped.set()

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    arriving.put(A)
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    async with asyncio.timeout(1):
        await stopped.wait()
    assert [*taken, *arriving.take(10)] == [A]  # it was taken, or is there for whoever waits next


async def test_messages_are_taken_in_their_order_and_waited_for_when_all_are_taken() -> None:
    arriving = Arriving()
    await arriving.some(0.001)
    assert arriving.take(2) == []
    for message in (A, B, C):
        arriving.put(message)
    await arriving.some()
    assert arriving.take(2) == [A, B]
    await arriving.some()
    assert arriving.take(2) == [C]
    waiting = asyncio.create_task(arriving.some())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    arriving.end()
    await waiting
    with pytest.raises(ConnectionError):
        arriving.take(2)
