"""From a sheet on disk to the report on all of its rows."""

import asyncio
from collections.abc import Callable

from services.gateway import imports, report, sheets
from services.gateway.calling import Caller
from services.gateway.imports import Import
from services.gateway.kinds import Kind
from services.gateway.programmes import Programmes
from services.gateway.report import Reader, Report
from services.gateway.services import Services
from services.gateway.uploads import Spool

_READ_AT_ONCE = 2  # each reader may take a core and a gigabyte


class Importing:
    """What it takes to import a sheet."""

    def __init__(self, services: Services, programmes: Programmes, spool: Spool) -> None:
        self._services = services
        self._programmes = programmes
        self._spool = spool
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)

    async def report(
        self,
        kind: Kind,
        code: str,
        name: str,
        caller: Caller,
        *,
        patience_s: float,
        kept: bool = False,
        judged: Callable[[int], None] = lambda count: None,
    ) -> Report:
        """Import the spooled sheet `name`. Raises Invalid, TooLarge, Away, and what an owner refuses as a whole."""
        rules = await self._programmes.rules(code, caller) if kind.of_a_programme else frozenset[str]()
        async with self._reading:
            table = await sheets.read_table(self._spool.path(name), kind, rules)
        sheet = Import(kind, code, caller, caller.idempotency_key or name, patience_s, judged)
        verdicts = await imports.judge(self._services, sheet, table)
        reader = Reader(caller.language, caller.sees_personal_data, kept=kept)
        return report.compose(kind, table.headings, verdicts, reader)
