"""Brings decisions that were interrupted to their end, or back, whichever replica had begun them."""

import asyncio
import contextlib

from services.selection.under_way import UnderWay
from shared.storage import StorageAway

_LOOK_EVERY_S = 5.0


async def keep_resuming(under_way: UnderWay) -> None:
    """Resume what was interrupted, until cancelled; then nothing is under way in this process any more."""
    try:
        while True:
            with contextlib.suppress(StorageAway):
                await under_way.resume_interrupted()
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        await under_way.end()
