"""Publishes events as another service's relay would, and collects what a service publishes."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from shared import meta, topology
from shared.contracts import Event
from shared.contracts.placement import JobMatched
from tests.builders import facts


def applicant(number: int, **changes: Any) -> dict[str, Any]:
    """The data of the `number`th ApplicantRegistered of UJI-1; people meet every rule."""
    valid = {
        "applicant_id": f"a{number:04}",
        "programme_code": "UJI-1",
        "person_id": f"p{number:04}",
        "registration_no": f"UJI-1-{number:04}",
        "registered_at": (datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(),
        **facts().model_dump(mode="json"),
    }
    return valid | changes


def matched(who: str) -> JobMatched:
    """A match of this person's."""
    return JobMatched(
        applicant_id=who,
        programme_code="UJI-1",
        match_id=who,
        vacancy_id="L-1",
        employer="PT Uji",
        position="Barista",
        score=60,
        reasons=[],
    )


def message(event: Event, subject: str, sequence: int = 1, n: int = 0, **headers: Any) -> aio_pika.Message:
    """The message of an event as its publisher's relay makes it."""
    entry = {
        "id": f"{event.service}.test:{subject}:{sequence}:{n}",
        "source": f"/jalur/{event.service}",
        "type": event.ce_type(),
        "key": event.routing_key(),
        "subject": subject,
        "sequence": sequence,
        "time": "2030-01-01T00:00:00+00:00",
        "correlation": "test",
    }
    return aio_pika.Message(
        event.model_dump_json().encode(),
        content_type="application/json",
        message_id=str(entry["id"]),
        headers=meta.headers(entry) | headers,
    )


async def publish(
    connection: AbstractConnection, event: Event, subject: str, sequence: int = 1, n: int = 0, **headers: Any
) -> None:
    """Publish one event to the exchange, confirmed."""
    async with connection.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.EVENTS)
        await exchange.publish(message(event, subject, sequence, n, **headers), event.routing_key())


class Outsider:
    """A subscriber's own queue on the exchange, as another system would bind it."""

    def __init__(self) -> None:
        self.seen: list[AbstractIncomingMessage] = []

    async def listen(self, connection: AbstractConnection, binding: str = "#") -> "Outsider":
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(topology.EVENTS, binding)
        await queue.consume(self._take, no_ack=True)
        return self

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.seen.append(message)

    def data(self, event: type[Event]) -> list[dict[str, Any]]:
        """The bodies of one event, in the order they came."""
        return [json.loads(one.body) for one in self.seen if one.headers["ce-type"] == event.ce_type()]


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    """Wait for a condition, plain or awaitable; fail at the deadline."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.05)
