"""A service's audit over HTTP: its entries, page by page, and its verification, as it goes."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from shared.audit.chain import Head
from shared.audit.trail import BEGINNING, Position, Trail, Wanted
from shared.audit.verification import Verdict, verify
from shared.json_lines import NDJSON
from shared.problems import Invalid
from shared.storage import Storage, StorageAway

MOST_ENTRIES = 200


class Page(BaseModel):
    """Entries in the order of the chain, each with its `chunk`; `next_cursor` is None on the last page."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None


class Asked(BaseModel):
    """Which entries: about something (an applicant, a programme, a user, … by its id), by somebody, since then."""

    about: str | None = Field(default=None, max_length=200)
    by: str | None = Field(default=None, max_length=200)
    since: AwareDatetime | None = None
    cursor: str | None = Field(default=None, max_length=40)
    limit: int = Field(default=100, ge=1, le=MOST_ENTRIES)


def router_of(storage: Storage) -> APIRouter:
    """The routes with which a service answers for its own audit."""
    router = APIRouter(prefix="/internal/audit")

    @router.get("/entries")
    async def entries(asked: Annotated[Asked, Query()]) -> Page:
        return await page(Trail(storage), asked)

    @router.get("/verify", response_class=StreamingResponse, responses={200: {"content": {NDJSON: {}}}})
    async def verification(expect: Annotated[list[str] | None, Query()] = None) -> StreamingResponse:
        return StreamingResponse(lines(storage, heads(expect or ())), media_type=NDJSON)

    return router


async def page(trail: Trail, asked: Asked) -> Page:
    """One page of entries. Raises Invalid for a cursor that is not ours, and StorageAway."""
    wanted = Wanted(asked.about, asked.by, asked.since)
    found = await trail.entries(wanted, _position(asked.cursor), asked.limit)
    last = found[-1].position if len(found) == asked.limit else None
    return Page(
        items=[{"chunk": one.position.chunk, **one.deed} for one in found],
        next_cursor=f"{last.chunk}.{last.place}" if last else None,
    )


async def lines(storage: Storage, expected: Sequence[Head]) -> AsyncGenerator[bytes]:
    """JSON lines: `{"progress": …}` now and then, and last `{"verdict": …}`, or `{"problem": …}` when it broke off."""
    try:
        async for told in verify(storage, expected):
            kind = "verdict" if isinstance(told, Verdict) else "progress"
            yield orjson.dumps({kind: told.model_dump()}) + b"\n"
    except StorageAway as away:
        problem = {"service": storage.service, "code": away.code, "detail": away.detail}
        yield orjson.dumps({"problem": problem}) + b"\n"


class _Anchor(BaseModel):
    n: int = Field(ge=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


def heads(written: Sequence[str]) -> list[Head]:
    """Heads as they were written down, `<n>:<hash>`. Raises Invalid."""
    found = []
    for one in written:
        n, _, hash_ = one.partition(":")
        try:
            anchor = _Anchor.model_validate({"n": n, "hash": hash_})
        except ValidationError:
            raise Invalid("bad_head", f"{one[:80]} is no head of a chain: <n>:<64 hexadecimal digits>.") from None
        found.append(Head(anchor.n, anchor.hash))
    return found


def _position(cursor: str | None) -> Position:
    if cursor is None:
        return BEGINNING
    try:
        return Position(*TypeAdapter(tuple[int, int]).validate_python(tuple(cursor.split("."))))
    except ValidationError:
        raise Invalid("bad_cursor", "The cursor is not one of ours.") from None
