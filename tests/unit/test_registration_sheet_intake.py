"""While a hundred thousand verdicts are told, everybody else is served."""

import asyncio
import contextlib
import time

from services.registration import sheet_intake


async def test_others_have_their_turns_while_verdicts_are_told_to_a_quick_listener() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(other())
    portions = 0
    async for _ in sheet_intake._portions([None] * 10 * sheet_intake._TOLD_TOGETHER):  # type: ignore[arg-type]
        portions += 1
        time.sleep(0.006)  # noqa: ASYNC251  what it takes to write so many verdicts
    others.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await others
    assert (portions, turns >= portions) == (10, True)
