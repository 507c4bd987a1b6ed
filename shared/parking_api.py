"""`/internal/parked`: what a service answers the gateway about its parked messages, and does with them."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import AfterValidator, BaseModel, Field, model_validator

from shared import context
from shared.free_text import discreet
from shared.parked_message import Parked
from shared.parking import Choice, Deed, Group, Parking

MOST_ITEMS = 200


class ParkedGroup(BaseModel):
    """Messages of one queue that are parked for one cause; times are ISO, empty when the broker itself parked them."""

    queue: str
    cause: str
    messages: int
    oldest: str
    newest: str
    example: str


class ParkedList(BaseModel):
    """All groups, and a page of messages in the order in which they were parked."""

    groups: list[ParkedGroup]
    items: list[dict[str, Any]]
    more: bool


class Wanted(BaseModel):
    """One group, by queue and cause, or single messages; `reason` says why."""

    ids: list[str] = Field(default=[], max_length=MOST_ITEMS)
    queue: str | None = None
    cause: str | None = None
    reason: Annotated[str, AfterValidator(discreet), Field(min_length=1, max_length=500, pattern=r"\S")]

    @model_validator(mode="after")
    def _one_choice(self) -> "Wanted":
        if bool(self.ids) == bool(self.queue and self.cause):
            raise ValueError("name either ids, or a queue and a cause")
        return self

    @property
    def choice(self) -> Choice:
        group = Group(self.queue, self.cause) if self.queue and self.cause else None
        return Choice(frozenset(self.ids), group)


Key = Annotated[str | None, Header(max_length=200)]


def page(messages: Iterable[Parked], cause: str | None, after: str, limit: int) -> ParkedList:
    """The groups of `messages`, and those behind `after`, which is a `place`."""
    messages = list(messages)
    behind = sorted((one for one in messages if cause in (None, one.cause) and place(one.line()) > after), key=_place)
    return ParkedList(groups=_groups(messages), items=[one.line() for one in behind[:limit]], more=len(behind) > limit)


def place(line: dict[str, Any]) -> str:
    """Where a line stands among those of all services."""
    return f"{line['parked_at']} {line['id']}"


async def whole(parking: Parking, id_: str) -> dict[str, Any]:
    """Everything about one message: the message, and what operators did with it before."""
    found = await parking.show(id_)
    history = [entry.model_dump(mode="json") for entry in await parking.records.history(found)]
    return {**found.whole(), "ledger": history}


async def done(parking: Parking, deed: Deed, wanted: Wanted, key: str | None) -> dict[str, int]:
    """How many messages the deed was done to."""
    scoped = key and f"{context.actor.get().name}:{deed}:{key}"
    return {"messages": await parking.do(deed, wanted.choice, wanted.reason, scoped)}


def router(parking: Parking) -> APIRouter:
    """The routes of one service."""
    routes = APIRouter(prefix="/internal/parked")

    @routes.get("")
    async def list_parked(
        queue: str | None = None,
        cause: str | None = None,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    ) -> ParkedList:
        return page(await parking.look(queue), cause, after, limit)

    @routes.get("/{id_}")
    async def show(id_: str) -> dict[str, Any]:
        return await whole(parking, id_)

    @routes.post("/replay")
    async def replay(wanted: Wanted, idempotency_key: Key = None) -> dict[str, int]:
        return await done(parking, "replay", wanted, idempotency_key)

    @routes.post("/discard")
    async def discard(wanted: Wanted, idempotency_key: Key = None) -> dict[str, int]:
        return await done(parking, "discard", wanted, idempotency_key)

    return routes


def _groups(messages: Iterable[Parked]) -> list[ParkedGroup]:
    messages = sorted(messages, key=_place)
    counts = Counter((one.queue, one.cause) for one in messages)
    first = {(one.queue, one.cause): one for one in reversed(messages)}
    last = {(one.queue, one.cause): one for one in messages}
    return [
        ParkedGroup(
            queue=group[0],
            cause=group[1],
            messages=count,
            oldest=first[group].parked_at,
            newest=last[group].parked_at,
            example=first[group].reason,
        )
        for group, count in sorted(counts.items())
    ]


def _place(parked: Parked) -> str:
    return place(parked.line())
