"""What happens to a message that could not be handled: it climbs the retry ladder, or it is parked."""

import traceback
from datetime import UTC, datetime
from pathlib import Path

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from shared import meta, topology
from shared.metrics import Outcome

_REASON_LENGTH = 500
_MOST_HEADERS = 60_000
_MOST_VALUE = 1_000


class NotYet(Exception):
    """A fact this event builds on has not arrived; trying again later will help."""


class Permanent(Exception):
    """Trying again will not help: an unreadable body, an unknown version."""


class Forged(Permanent):
    """Somebody else than its publisher has sent it. It is parked to be looked at, and never handled."""


class Retries:
    """Sends failed messages on, with confirms. Nothing here acknowledges: the caller does, once this has returned."""

    def __init__(self, service: str, channel: AbstractChannel) -> None:
        self._service = service
        self._channel = channel

    async def after_failure(self, message: AbstractIncomingMessage, queue: str, error: Exception) -> Outcome:
        """To the next rung, or to the parking place when the error is permanent or the ladder is climbed."""
        attempt = meta.attempt(message.headers) + 1
        step = None if isinstance(error, Permanent) else topology.rung(self._service, attempt)
        # without the broker's own x-death: it takes a queue named there for a cycle, and drops the message
        headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
        if len(str(headers)) > _MOST_HEADERS:  # with ours added they would not fit into a frame: the broker hangs up
            headers = {
                name: value for name, value in headers.items() if name.startswith("ce-") and len(str(value)) < 999
            }
        headers[meta.ATTEMPT] = attempt
        headers[meta.REASON] = _reason(error)
        headers.setdefault(meta.ROUTING_KEY, message.routing_key or "")
        if step is None:
            headers[meta.PARKED_AT] = datetime.now(UTC).isoformat(timespec="microseconds")
        exchange = await self._channel.get_exchange(step or topology.parking(self._service), ensure=False)
        copy = Message(
            message.body,
            headers=headers,
            content_type=message.content_type,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message.message_id,
            type=message.type,
        )
        await exchange.publish(copy, routing_key=queue, mandatory=True)
        return "retried" if step else "parked"


def _reason(error: Exception) -> str:
    """What an operator is told: our own words, or, as those of others may quote what they stumbled over, the place."""
    if isinstance(error, NotYet | Permanent):
        return f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
    *_, last = traceback.extract_tb(error.__traceback__) or [None]
    where = f" in {last.name}, {Path(last.filename).name}:{last.lineno}" if last else ""
    return f"{type(error).__name__}{where}"[:_REASON_LENGTH]
