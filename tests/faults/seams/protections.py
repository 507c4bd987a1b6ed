"""The protections that control runs do without, each switched off from outside, in a running service.

A control run shows that the suite can fail: without the protection, and with the fault it is there for, the invariant
that names it must be violated.
"""

import asyncio
import functools
import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from shared import topology
from shared.documents import Committed, Document
from shared.hearing import Hearing
from shared.meta import Meta
from tests.faults.seams.control import Controlled
from tests.faults.seams.wrapping import Wrapped, wrap

CONFIRMS = "publisher confirms"
MARKS = "dedup marks"
LOG_FIRST = "publishing only when there is a log"
LATE_ACKNOWLEDGEMENT = "acknowledgement after the effect"
HEARING = "the log heard behind the queues"
ONE_WRITE = "state and events in one write"
ORDER = "order per aggregate"
SAME_IDS = "same ids on republication"
SEATS = "limited seats"


def install(controlled: Controlled) -> None:
    """Make each protection of this service one that can be switched off."""

    def around(where: str, without: Any) -> None:
        wrap(where, functools.partial(without, controlled))

    around("aiormq.channel:Channel.basic_publish", _unconfirmed)
    around("aio_pika.channel:Channel.get_queue", _unasked)
    around("shared.documents:Document.has_absorbed", _unmarked)
    around("shared.arriving:listen", _acknowledged_on_delivery)
    around("aio_pika.message:IncomingMessage.ack", _unless_on_delivery)
    around("shared.hearing:Hearing._hear", _passed_by)
    around("shared.storage:write_of", _events_apart)
    around("shared.outbox:Relay._publish", _last_first)
    around("shared.outbox:_properties", _renamed)
    if controlled.service == "selection":
        around("services.selection.allocation:_first_with_room", _with_room_for_all)


def _unconfirmed(controlled: Controlled, publish: Wrapped) -> Wrapped:
    """A publish is over once it is written, whatever becomes of it."""
    unheard: set[asyncio.Future[Any]] = set()

    def end(sending: asyncio.Future[Any]) -> None:
        unheard.discard(sending)
        if sending.cancelled() or sending.exception() is not None:
            controlled.bites(CONFIRMS)

    @functools.wraps(publish)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if named.get("exchange") != topology.outgoing(controlled.service) or not controlled.is_off(CONFIRMS):
            return await publish(*arguments, **named)
        sending = asyncio.ensure_future(publish(*arguments, **named))
        unheard.add(sending)
        sending.add_done_callback(end)
        await asyncio.sleep(0)
        return None

    return wrapped


def _unasked(controlled: Controlled, get_queue: Wrapped) -> Wrapped:
    """Whether the broker has its log is not asked; from the process's next connection on."""

    @functools.wraps(get_queue)
    async def wrapped(channel: Any, name: str, *, ensure: bool = True) -> Any:
        if name == topology.LOG and ensure and controlled.is_off(LOG_FIRST):
            controlled.bites(LOG_FIRST)
            ensure = False
        return await get_queue(channel, name, ensure=ensure)

    return wrapped


def _unmarked(controlled: Controlled, has_absorbed: Wrapped) -> Wrapped:
    """No document knows what it has absorbed."""

    def wrapped(document: Document, meta: Meta) -> bool:
        answer = bool(has_absorbed(document, meta))
        if answer and controlled.is_off(MARKS):
            controlled.bites(MARKS)
            return False
        return answer

    return wrapped


def _acknowledged_on_delivery(controlled: Controlled, listen: Wrapped) -> Wrapped:
    """A message counts as consumed when it is delivered; from the process's next connection on. Not so in the log."""

    @functools.wraps(listen)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if controlled.is_off(LATE_ACKNOWLEDGEMENT) and not named.get("arguments"):
            controlled.bites(LATE_ACKNOWLEDGEMENT)
            named["no_ack"] = True
        return await listen(*arguments, **named)

    return wrapped


def _unless_on_delivery(controlled: Controlled, ack: Wrapped) -> Wrapped:
    @functools.wraps(ack)
    async def wrapped(message: Any, *arguments: Any, **named: Any) -> None:
        if not message._IncomingMessage__no_ack:
            await ack(message, *arguments, **named)

    return wrapped


def _passed_by(controlled: Controlled, hear: Wrapped) -> Wrapped:
    """What stands in the log counts as heard, whether a queue has brought it or not."""

    @functools.wraps(hear)
    async def wrapped(hearing: Hearing, batch: Sequence[AbstractIncomingMessage], *arguments: Any) -> None:
        if not controlled.is_off(HEARING):
            await hear(hearing, batch, *arguments)
        elif batch:
            if any(one.routing_key in hearing._by_key and one.message_id not in hearing._on.handled for one in batch):
                controlled.bites(HEARING)
            hearing._places.reached(batch)

    return wrapped


def _events_apart(controlled: Controlled, write_of: Wrapped) -> Wrapped:
    """The events that a write causes are known to this process alone."""

    def wrapped(document: Document, entries: list[dict[str, Any]], *added: Any) -> Any:
        where, update = write_of(document, entries, *added)
        if entries and controlled.is_off(ONE_WRITE):
            controlled.bites(ONE_WRITE)
            del update["$push"]["outbox"], update["$set"]["pending"]
        return where, update

    return wrapped


def _last_first(controlled: Controlled, publish: Wrapped) -> Wrapped:
    """A document's events go out the last one first."""

    @functools.wraps(publish)
    async def wrapped(relay: Any, exchange: Any, batch: Sequence[Committed]) -> None:
        if controlled.is_off(ORDER):
            for committed in batch:
                if len(committed.entries) > 1:
                    controlled.bites(ORDER)
                    committed.entries.reverse()
        await publish(relay, exchange, batch)

    return wrapped


def _renamed(controlled: Controlled, properties: Wrapped) -> Wrapped:
    """Each publication of an event has an id of its own."""

    def wrapped(entry: Mapping[str, Any]) -> Any:
        if controlled.is_off(SAME_IDS):
            controlled.bites(SAME_IDS)
            aggregate, version, _ = str(entry["id"]).rsplit(":", 2)
            entry = {**entry, "id": f"{aggregate}:{version}:{random.randrange(10**6)}"}
        return properties(entry)

    return wrapped


def _with_room_for_all(controlled: Controlled, first_with_room: Wrapped) -> Wrapped:
    """A class takes everybody who asks for it."""

    def wrapped(codes: Iterable[str], room: dict[str, int]) -> str | None:
        rest = iter(codes)  # it may never end while there is room
        wanted = list(itertools.islice(rest, 1))
        answer: str | None = first_with_room(itertools.chain(wanted, rest), room)
        if answer is None and wanted and controlled.is_off(SEATS):
            controlled.bites(SEATS)
            return wanted[0]
        return answer

    return wrapped
