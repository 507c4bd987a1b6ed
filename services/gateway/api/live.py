"""The live feed over HTTP, as server-sent events."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known, no_longer
from services.gateway.live import Offset
from services.gateway.roles import PREFIX
from shared.problems import Invalid

router = APIRouter(prefix=PREFIX, tags=["events"])

_PING_EVERY_S = 15
_MOST_DIGITS = 18  # of an offset; more is none the log has, and no number to convert


@router.get("/events", response_class=EventSourceResponse)
async def listen(
    request: Request,
    gateway: TheGateway,
    caller: Known,
    after: Annotated[str | None, Query(description="An event's `id`; `0` or `first`: from the start.")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """Every event from now on, or after the one named. Each carries `{id, type, subject, time, sequence, data}`.

    A client that reconnects with `Last-Event-ID` misses nothing. The stream ends when its token or session does.
    """
    start = _start(after, last_event_id)
    gateway.feed.check()
    over = partial(no_longer, request, caller)
    return EventSourceResponse(gateway.feed.events(start, over, health=caller.sees_health), ping=_PING_EVERY_S)


def _start(after: str | None, last_event_id: str | None) -> Offset:
    if last_event_id is not None and _is_offset(last_event_id):
        return int(last_event_id) + 1
    if after is None:
        return "next"
    if after in ("0", "first"):
        return "first"
    if _is_offset(after):
        return int(after) + 1
    raise Invalid("bad_offset", "`after` is the id of an event, `0` or `first`.")


def _is_offset(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS
