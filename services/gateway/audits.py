"""The audits of all services, the gateway's own among them: their entries, and whether they are intact."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

from services.gateway.calling import Caller
from services.gateway.masking import without_free_text, without_health
from services.gateway.services import Services
from shared.audit import api as own
from shared.audit.trail import Trail
from shared.problems import Invalid, Problem, TooMany
from shared.storage import Storage

Service = Literal["registration", "selection", "certification", "placement", "gateway"]
SERVICES: Final[tuple[Service, ...]] = get_args(Service)

Line = dict[str, Any]
_ASK_AGAIN_S: Final = 10
# why messages were replayed or discarded, and read models built anew: operators wrote it, about no person
_OPERATORS_OWN: Final = frozenset({"parked", "serving"})


class Audits:
    """Each service answers for its own audit; nobody reads another's database."""

    def __init__(self, storage: Storage, services: Services) -> None:
        self._storage = storage
        self._services = services
        self._verifying: list[asyncio.Task[None]] = []

    async def entries(self, service: Service, asked: own.Asked, caller: Caller) -> own.Page:
        """A page of one service's entries. Raises Away, and Invalid for a cursor that is not ours."""
        if service == "gateway":
            page = await own.page(Trail(self._storage), asked)
        else:
            query = urlencode(asked.model_dump(mode="json", exclude_none=True))
            page = own.Page(**await self._services.get(service, f"/internal/audit/entries?{query}", caller))
        return page if caller.sees_health else page.model_copy(update={"items": [_masked(one) for one in page.items]})

    def verify(
        self, wanted: Sequence[Service], expected: dict[Service, list[str]], caller: Caller
    ) -> AsyncIterator[Line]:
        """What the services tell while they verify, side by side: `progress`, and of each a `verdict` or `problem`.

        It takes a core of every service, so one is under way at a time: raises TooMany meanwhile.
        """
        if not all(task.done() for task in self._verifying):
            raise TooMany("verification_running", "The audits are being verified already.", _ASK_AGAIN_S)
        told: asyncio.Queue[Line | None] = asyncio.Queue()

        async def ask(service: Service) -> None:
            try:
                async for line in self._lines(service, expected.get(service, []), caller):
                    told.put_nowait(line)
            except Problem as problem:
                told.put_nowait({"problem": {"service": service, "code": problem.code, "detail": problem.detail}})
            finally:
                told.put_nowait(None)

        self._verifying = [asyncio.create_task(ask(service)) for service in wanted]
        return _told(told, self._verifying)

    async def _lines(self, service: Service, expected: Sequence[str], caller: Caller) -> AsyncIterator[Line]:
        if service == "gateway":
            async with aclosing(own.lines(self._storage, own.heads(expected))) as lines:
                async for line in lines:
                    yield json.loads(line)
            return
        query = urlencode([("expect", head) for head in expected])
        async with aclosing(self._services.lines(service, f"/internal/audit/verify?{query}", caller)) as told:
            async for answered in told:
                yield answered


def _masked(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry for a role that sees neither health facts nor what staff wrote about people."""
    if entry.get("collection") in _OPERATORS_OWN:
        return entry
    masked: dict[str, Any] = without_free_text(without_health(entry))
    return masked


async def _told(told: asyncio.Queue[Line | None], asking: Sequence[asyncio.Task[None]]) -> AsyncIterator[Line]:
    try:
        left = len(asking)
        while left:
            line = await told.get()
            if line is None:
                left -= 1
            else:
                yield line
    finally:  # also when whoever asked has gone
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def expected_of(heads: Iterable[str]) -> dict[Service, list[str]]:
    """Heads as they were written down, `<service>:<n>:<hash>`, by service. Raises Invalid."""
    expected: dict[Service, list[str]] = defaultdict(list)
    for head in heads:
        service, _, rest = head.partition(":")
        if service not in SERVICES:
            raise Invalid("bad_head", f"{head[:80]} names no service: <service>:<n>:<64 hexadecimal digits>.")
        own.heads([rest])
        expected[service].append(rest)
    return expected
