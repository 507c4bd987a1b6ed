"""Decides a selection in this process, from its beginning to its end, whoever else is at it."""

from services.selection import deciding
from services.selection.run import Run
from services.selection.store import Store


async def decide(store: Store, programme_code: str) -> Run:
    """Raises what `deciding.begin` and `deciding.resume` raise."""
    await deciding.begin(store, programme_code, None)
    return await deciding.resume(store, programme_code)
