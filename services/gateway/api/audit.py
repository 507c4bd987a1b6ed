"""Who decided what, when and from what facts; and whether that record is intact."""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.gateway.api.gateway import TheGateway
from services.gateway.audits import SERVICES, Service, expected_of
from services.gateway.calling import Known
from services.gateway.roles import PREFIX
from shared.audit.api import Asked, Page
from shared.json_lines import NDJSON

router = APIRouter(prefix=PREFIX, tags=["audit"])


class AskedOf(Asked):
    service: Service


@router.get("/audit/entries")
async def entries(asked: Annotated[AskedOf, Query()], gateway: TheGateway, caller: Known) -> Page:
    """One service's entries in the order of its chain: about somebody or something, by somebody, since then."""
    return await gateway.audits.entries(asked.service, Asked(**asked.model_dump(exclude={"service"})), caller)


@router.get("/audit/verify", response_class=StreamingResponse, responses={200: {"content": {NDJSON: {}}}})
async def verify(
    gateway: TheGateway,
    caller: Known,
    service: Annotated[list[Service] | None, Query(description="All of them unless given.")] = None,
    expect: Annotated[list[str] | None, Query(description="Heads written down earlier: <service>:<n>:<hash>.")] = None,
) -> StreamingResponse:
    """Verify the audits. JSON lines: `progress` now and then, and of every service its `verdict`, or a `problem`.

    429 `verification_running` while somebody else does.
    """
    expected = expected_of(expect or ())
    wanted = [one for one in SERVICES if not service or one in service or one in expected]

    told = gateway.audits.verify(wanted, expected, caller)

    async def lines() -> AsyncIterator[bytes]:
        async for line in told:
            yield orjson.dumps(line) + b"\n"

    return StreamingResponse(lines(), media_type=NDJSON)
