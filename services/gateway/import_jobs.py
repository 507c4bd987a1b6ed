"""Imports that run after the answer: accepted once, finished whatever happens to this process meanwhile."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from services.gateway.calling import Caller
from services.gateway.import_job import UNFINISHED, By, ImportJob, State
from services.gateway.importing import Importing
from services.gateway.kinds import BY_NAME
from services.gateway.report import Reader, Report
from services.gateway.uploads import Spool
from shared import context
from shared.context import Actor
from shared.contracts import Event
from shared.problems import Away, NotFound, Problem
from shared.storage import Documents, IndexModel, Storage, StorageAway, guarded

log = logging.getLogger(__name__)

_LEASE = timedelta(seconds=5)
_RENEW_EVERY_S = 1.0
_LOOK_EVERY_S = 4.0  # for what another replica has left behind
_PATIENCE_S = 3600.0  # how long an accepted import waits for a service that is away
_AT_ONCE = 4
_MOST_UNFINISHED = 100  # each keeps its sheet on disk until it is done
_SWEEP_EVERY_S = 600.0


class ImportJobs:
    """Accepts imports, runs them in the background, and takes over those that a stopped gateway left behind."""

    def __init__(self, storage: Storage, spool: Spool, importing: Importing) -> None:
        open_jobs = IndexModel([("state", 1)], partialFilterExpression={"state": {"$in": list(UNFINISHED)}})
        self._jobs: Documents[ImportJob] = storage.documents(
            "imports", ImportJob, aggregate="import", indexes=[open_jobs]
        )
        self._storage = storage
        self._spool = spool
        self._importing = importing
        self._accepted = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def accept(self, name: str, kind: str, code: str, caller: Caller) -> ImportJob:
        """Promise to import the spooled sheet `name`; it is kept until that is done."""

        def decide(job: ImportJob) -> list[Event] | None:
            if job.exists:
                return None
            job.kind, job.programme_code, job.accepted_at = kind, code, datetime.now(UTC)
            job.by = By(name=caller.actor.name, role=caller.actor.role, language=caller.language)
            job.key = caller.idempotency_key or name
            return []

        job = await self._jobs.change(name, decide)
        self._accepted.set()
        return job

    async def refuse_when_full(self) -> None:
        """Raises Away when too many imports wait already."""
        waiting = self._jobs.raw.count_documents({"state": {"$in": list(UNFINISHED)}}, limit=_MOST_UNFINISHED)
        if await guarded(waiting) >= _MOST_UNFINISHED:
            raise Away("too_many_imports", "Too many imports wait at the moment.")

    async def known(self, name: str) -> bool:
        return await self._jobs.get(name) is not None

    async def unfinished(self) -> list[str]:
        """The ids of imports that are not done, whose sheets are still held."""
        return [job.id for job in await self._unfinished()]

    async def of(self, import_id: str) -> ImportJob:
        """Raises NotFound."""
        job = await self._jobs.get(import_id)
        if job is None:
            raise NotFound("unknown_import", "There is no such import.")
        return job

    async def run(self) -> None:
        """Run what is accepted, until cancelled."""
        sweep_at = 0.0
        try:
            while True:
                try:
                    if time.monotonic() >= sweep_at:
                        self._spool.sweep({job.id for job in await self._unfinished()})
                        sweep_at = time.monotonic() + _SWEEP_EVERY_S
                    await self._take()
                except StorageAway:
                    log.warning("imports: the database is away; looking again later")
                self._accepted.clear()
                try:
                    await asyncio.wait_for(self._accepted.wait(), _LOOK_EVERY_S)
                except TimeoutError:
                    continue
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _unfinished(self) -> list[ImportJob]:
        return await self._jobs.find({"state": {"$in": list(UNFINISHED)}}, sort=[("accepted_at", 1)])

    async def _take(self) -> None:
        now = await self._storage.now()
        for job in await self._unfinished():
            free = job.leased_until is None or job.leased_until < now
            if free and self._spool.holds(job.id) and job.id not in self._running and len(self._running) < _AT_ONCE:
                task = asyncio.create_task(self._run_one(job.id))
                self._running[job.id] = task
                task.add_done_callback(partial(self._ended, job.id))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._running[name]
        self._accepted.set()  # another one that waits may have its place
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("import %s is taken up again later", name, exc_info=error)

    async def _run_one(self, name: str) -> None:
        job = await self._claim(name)
        if job is None:
            return
        actor = Actor(job.by.name, job.by.role)
        context.actor.set(actor)
        progress = Progress()
        renewing = asyncio.create_task(self._renew(name, progress))
        try:
            caller = Caller(actor, job.by.language, job.key)
            kind, code = BY_NAME[job.kind], job.programme_code
            imported = await self._importing.take(kind, code, name, caller, patience_s=_PATIENCE_S, judged=progress.set)
            reader = Reader(caller.language, caller.sees_personal_data, kept=True)
            report = await asyncio.to_thread(imported.report, reader)
            await self._finish(name, State.DONE, report=report)
        except StorageAway:
            return  # the lease runs out, and it is taken up again
        except Problem as problem:
            await self._finish(name, State.FAILED, problem=told(problem))
        except Exception:
            log.exception("import %s failed", name)
            await self._finish(name, State.FAILED, problem=told(Problem("unexpected", "An unexpected error.")))
        finally:
            renewing.cancel()
        self._spool.drop(name)

    async def _claim(self, name: str) -> ImportJob | None:
        claimed = False
        now = await self._storage.now()  # leases go by one clock, whatever a gateway's own says

        def decide(job: ImportJob) -> list[Event] | None:
            nonlocal claimed
            claimed = job.state in UNFINISHED and (job.leased_until is None or job.leased_until < now)
            if not claimed:
                return None
            job.state, job.leased_until, job.runs = State.RUNNING, now + _LEASE, job.runs + 1
            return []

        job = await self._jobs.change(name, decide)
        return job if claimed else None

    async def _renew(self, name: str, progress: "Progress") -> None:
        def decide(job: ImportJob) -> list[Event] | None:
            if job.state is not State.RUNNING:
                return None
            job.leased_until, job.judged = now + _LEASE, progress.count
            return []

        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            try:
                now = await self._storage.now()
                await self._jobs.change(name, decide)
            except Away:
                continue

    async def _finish(
        self, name: str, state: State, *, report: Report | None = None, problem: dict[str, Any] | None = None
    ) -> None:
        def decide(job: ImportJob) -> list[Event]:
            job.state, job.report, job.problem, job.leased_until = state, report, problem, None
            job.judged = report.rows if report else job.judged
            return []

        await self._jobs.change(name, decide)


class Progress:
    """How many rows of a running import have been judged."""

    def __init__(self) -> None:
        self.count = 0

    def set(self, count: int) -> None:
        self.count = count


def told(problem: Problem) -> dict[str, Any]:
    """A problem as it is kept, for whoever asks later."""
    return {"status": problem.status, "code": problem.code, "detail": problem.detail, **problem.extra}
