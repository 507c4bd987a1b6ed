"""The decisions that this process carries out: whoever asks for one that is under way waits for it with the others."""

import asyncio
import logging
from functools import partial
from weakref import WeakValueDictionary

from services.selection import deciding
from services.selection.programme import Deciding
from services.selection.run import Run
from services.selection.store import Store
from shared.ending import end
from shared.problems import Problem

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5


class UnderWay:
    """A decision goes on when nobody waits for it any more. Of two replicas one waits for the other to carry it out, as
    long as the other is seen at it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[str, asyncio.Task[Run]] = {}
        self._beginning: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def decide(self, code: str, simulated: str | None, wait_s: float) -> Run | None:
        """Decide the programme, once: repeating it answers the same run. None when that takes longer than `wait_s` and
        can only succeed. Raises what `begin` and `resume` raise.
        """
        async with self._beginning.setdefault(code, asyncio.Lock()):
            await deciding.begin(self._store, code, simulated)
        task = self._carried_out(code)
        await asyncio.wait({task}, timeout=wait_s)
        while not task.done() and await self._may_be_given_back(code):
            await asyncio.wait({task}, timeout=_LOOK_EVERY_S)
        return task.result() if task.done() else None

    async def resume_interrupted(self) -> None:
        """Bring every begun decision that nobody carries out to its end, or back. Raises StorageAway."""
        if tasks := [self._carried_out(code) for code in await self._store.interrupted_decisions()]:
            await asyncio.wait(tasks)

    async def end(self) -> None:
        """What is under way is interrupted, to be resumed by another process."""
        await end(*self._running.values())

    def _carried_out(self, code: str) -> asyncio.Task[Run]:
        task = self._running.get(code)
        if task is None:
            task = self._running[code] = asyncio.create_task(self._carry_out(code))
            task.add_done_callback(partial(self._ended, code))
        return task

    def _ended(self, code: str, task: asyncio.Task[Run]) -> None:
        del self._running[code]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Problem):  # perhaps nobody waits for it any more
            log.warning("the decision about %s has not come to its end: %s", code, error.code)
        elif error is not None:
            log.error("the decision about %s has not come to its end", code, exc_info=error)

    async def _carry_out(self, code: str) -> Run:
        while await self._store.is_seen_deciding(code):  # another replica is at it, or was until it died
            await asyncio.sleep(_LOOK_EVERY_S)
        return await deciding.resume(self._store, code)

    async def _may_be_given_back(self, code: str) -> bool:
        programme = await self._store.programmes.get(code)
        decision = programme.decision if programme else None
        return decision is None or decision.state is Deciding.STARTED
