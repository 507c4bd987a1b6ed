"""Brings decisions that were interrupted to their end, or back, whichever replica had begun them."""

import asyncio
import contextlib
import logging

from services.selection.deciding import resume
from services.selection.store import Store
from shared.problems import Conflict
from shared.storage import StorageAway

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0


async def keep_resuming(store: Store) -> None:
    """Resume what was interrupted, until cancelled."""
    while True:
        with contextlib.suppress(StorageAway):
            await resume_interrupted(store)
        await asyncio.sleep(_LOOK_EVERY_S)


async def resume_interrupted(store: Store) -> None:
    """Resume every begun decision that nobody is carrying out. Raises StorageAway."""
    for programme_code in await store.interrupted_decisions():
        try:
            await resume(store, programme_code)
        except Conflict as conflict:
            log.warning("the decision about %s was given back: %s", programme_code, conflict.code)
