"""Has sheets that wait to be confirmed judged beside everything else; what comes of it is kept beside the sheet."""

import asyncio
import contextlib
import logging
from functools import partial

from services.gateway import preview
from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.import_jobs import Progress, told
from services.gateway.importing import Importing
from services.gateway.kinds import Kind
from services.gateway.preview import Preview, State
from services.gateway.uploads import Spool
from shared import context
from shared.problems import Away, Problem

log = logging.getLogger(__name__)

_AT_ONCE = 2
_PATIENCE_S = 10.0  # how long an owner that is away is waited for
_NOTE_EVERY_S = 1.0
_GIVEN_UP_AFTER_S = 15.0  # when nothing has been noted for so long, whoever judged is gone
_SOON_S = 2.0


class Previews:
    """Nothing of them is in the database: the sheet and what is said of it stand in the spool, and go together."""

    def __init__(self, spool: Spool, importing: Importing) -> None:
        self._spool = spool
        self._importing = importing
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self, name: str, kind: Kind, code: str, caller: Caller, filename: str, table: Table, discarded: int
    ) -> None:
        """Judge the spooled sheet `name`, which was read as `table`, and for which `discarded` others had to go.

        Raises Away when the disk is full.
        """
        known = preview.of_table(kind, filename, table, discarded)
        await self._begin(name, kind, code, caller, known, table)

    async def of(self, name: str, kind: Kind, code: str, caller: Caller, *, anew: bool = False) -> Preview | None:
        """What is known of it by now, None when the sheet is gone. Judges it again when `anew`, or nobody is at it."""
        noted = self._spool.noted(name)
        if noted is None or not self._spool.holds(name):
            return None
        known, age_s = Preview.model_validate_json(noted[0]), noted[1]
        given_up = known.state is State.JUDGING and age_s > _GIVEN_UP_AFTER_S
        if (anew or given_up) and name not in self._running:
            known = known.model_copy(update={"state": State.JUDGING, "judged": 0, "problem": None, "views": {}})
            await self._begin(name, kind, code, caller, known, None)
        return known

    async def soon(self, name: str) -> None:
        """Returns when it is judged, or in two seconds: of most sheets nobody needs to be shown the progress."""
        if task := self._running.get(name):
            await asyncio.wait({task}, timeout=_SOON_S)

    async def close(self) -> None:
        """Stop judging; another gateway, or this one later, takes up what somebody asks for."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _begin(
        self, name: str, kind: Kind, code: str, caller: Caller, known: Preview, table: Table | None
    ) -> None:
        self._note(name, known)
        if self._turns.locked():  # it has to wait: read it again then, instead of holding it
            table = None
        task = asyncio.create_task(self._judge(name, kind, code, caller, known, table))
        self._running[name] = task
        task.add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the preview of a sheet is not finished", exc_info=error)

    async def _judge(
        self, name: str, kind: Kind, code: str, caller: Caller, known: Preview, table: Table | None
    ) -> None:
        context.actor.set(caller.actor)
        progress = Progress()
        noting = asyncio.create_task(self._keep_noting(name, known, progress))
        try:
            async with self._turns:
                table = table or await self._importing.read(kind, code, name, caller)
                imported = await self._importing.rehearse(
                    kind, code, table, caller, patience_s=_PATIENCE_S, judged=progress.set
                )
                known = await asyncio.to_thread(preview.judged, known, imported)
        except Problem as problem:
            known = known.model_copy(update={"state": State.FAILED, "problem": told(problem)})
        except Exception:
            log.exception("a sheet could not be judged")
            unexpected = told(Problem("unexpected", "An unexpected error."))
            known = known.model_copy(update={"state": State.FAILED, "problem": unexpected})
        finally:
            noting.cancel()
        self._note(name, known)

    async def _keep_noting(self, name: str, known: Preview, progress: Progress) -> None:
        while True:
            await asyncio.sleep(_NOTE_EVERY_S)
            with contextlib.suppress(Away):
                self._note(name, known.model_copy(update={"judged": progress.count}))

    def _note(self, name: str, known: Preview) -> None:
        """Unless the sheet is gone: nothing that was written in it outlives it. A file so small needs no thread, in
        which an earlier note might come last.
        """
        if self._spool.holds(name):
            self._spool.note(name, known.model_dump_json().encode())
            if not self._spool.holds(name):
                self._spool.drop(name)
