"""From a sheet on disk to the report on all of its rows, or to a workbook of those that were refused."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from services.gateway import imports, refused_rows, report, sheets
from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.imports import Import
from services.gateway.kinds import Kind
from services.gateway.programmes import Programmes
from services.gateway.report import Reader, Report
from services.gateway.services import Services
from services.gateway.uploads import Spool
from services.gateway.verdicts import Verdicts
from shared import metrics
from shared.problems import Away

_READ_AT_ONCE = 2  # each reader may take a core and a gigabyte
_ANSWERED_AT_ONCE = 4  # each sheet in hand may take some hundred megabytes
_WAITING_AT_MOST = 20  # beyond that a caller hears at once that it is too much


@dataclass(frozen=True)
class Imported:
    """What became of the rows of one sheet."""

    kind: Kind
    table: Table
    verdicts: Verdicts

    def report(self, reader: Reader) -> Report:
        return report.compose(self.kind, self.table.headings, self.verdicts, reader)

    def write_refused(self, path: Path, caller: Caller) -> None:
        """The refused rows as a workbook at `path`."""
        refused_rows.write(path, self.kind, self.table, self.verdicts, caller.language)


class Importing:
    """What it takes to import a sheet."""

    def __init__(self, services: Services, programmes: Programmes, spool: Spool) -> None:
        self._services = services
        self._programmes = programmes
        self._spool = spool
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._answering = asyncio.Semaphore(_ANSWERED_AT_ONCE)
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn for an import whose caller waits. Raises Away when too many wait already."""
        if self._waiting >= _WAITING_AT_MOST:
            raise Away("too_many_imports", "Too many sheets are being imported at the moment.")
        self._waiting += 1
        try:
            await self._answering.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._answering.release()

    async def read(self, kind: Kind, code: str, name: str, caller: Caller) -> Table:
        """The spooled sheet `name` by our column names. Raises Invalid, TooLarge, Away."""
        rules = await self._programmes.rules(code, caller) if kind.of_a_programme else frozenset[str]()
        async with self._reading:
            return await sheets.read_table(self._spool.path(name), kind, rules)

    async def take(
        self,
        kind: Kind,
        code: str,
        name: str,
        caller: Caller,
        *,
        patience_s: float,
        judged: Callable[[int], None] = lambda count: None,
    ) -> Imported:
        """Import the spooled sheet `name`. Raises Invalid, TooLarge, Away, and what an owner refuses as a whole."""
        began = time.monotonic()
        table = await self.read(kind, code, name, caller)
        sheet = Import(kind, code, caller, caller.idempotency_key or name, patience_s, judged)
        verdicts = await imports.judge(self._services, sheet, table)
        _measure(kind, verdicts, time.monotonic() - began)
        return Imported(kind, table, verdicts)

    async def rehearse(
        self,
        kind: Kind,
        code: str,
        table: Table,
        caller: Caller,
        *,
        patience_s: float,
        judged: Callable[[int], None] = lambda count: None,
    ) -> Imported:
        """What importing this sheet would come to: the owners judge its rows by the same rules and keep nothing.

        Raises what `take` raises.
        """
        sheet = Import(kind, code, caller, f"dry-run:{uuid4().hex}", patience_s, judged, dry_run=True)
        return Imported(kind, table, await imports.judge(self._services, sheet, table))


def _measure(kind: Kind, verdicts: Verdicts, seconds: float) -> None:
    accepted, duplicates = verdicts.accepted, verdicts.duplicates
    counts = {"accepted": accepted, "duplicate": duplicates, "refused": verdicts.rows - accepted - duplicates}
    for verdict, count in counts.items():
        metrics.import_rows.labels(kind.name, verdict).inc(count)
    metrics.importing.labels(kind.name).observe(seconds)
