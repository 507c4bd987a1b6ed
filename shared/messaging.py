"""Subscriptions: typed handlers declared with FastStream, fed in batches through aio-pika."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from pydantic import ValidationError

from shared import arriving, context, meta, metrics, topology, tracing
from shared.arriving import Arriving
from shared.breath import side_by_side
from shared.broker import keep_connected, raise_failure
from shared.contracts import Event
from shared.meta import BadHeaders, Meta
from shared.metrics import Outcome
from shared.retries import Forged, NotYet, Permanent, Retries
from shared.sent_on import SentOn
from shared.storage import StorageAway, Unstorable

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
Handler = Callable[[E, Meta, Any], Awaitable[None]]

PREFETCH = 300
BATCH = 150  # messages handled side by side, so that their loads and saves coalesce
_APART_S = 0.05  # between the beginnings of two batches, so that what comes in a stream is handled together
_DATABASE_PAUSE_S = 0.5
_BUSY_S = 0.5
_REMEMBERED = 19_000  # handled messages at least; of a few more a set takes four times the memory


@dataclass(frozen=True)
class Subscription:
    queue: str
    contract: type[Event]
    handle: Handler[Any]


class Handled:
    """The ids of the messages that were handled last; of twice as many, the older half is forgotten at once.

    Kept by their hashes of 64 bits, for that takes half the memory: of 10^14 ids one is taken for another.
    """

    def __init__(self) -> None:
        self._latest: set[int] = set()
        self._earlier: set[int] = set()

    def add(self, ids: Iterable[str | None]) -> None:
        self._latest.update(map(hash, ids))
        if len(self._latest) >= _REMEMBERED:
            self._earlier, self._latest = self._latest, set()

    def discard(self, id_: str | None) -> None:
        self._latest.discard(hash(id_))
        self._earlier.discard(hash(id_))

    def __contains__(self, id_: str | None) -> bool:
        return hash(id_) in self._latest or hash(id_) in self._earlier

    @property
    def crowded(self) -> bool:
        """Whether the oldest will be forgotten before long, unless they are discarded."""
        return len(self._latest) + len(self._earlier) > _REMEMBERED / 2


class Subscriptions:
    """What one service listens to. Used as a decorator factory in its `events.py`:

        on = Subscriptions("certification")

        @on(SelectionDecided)
        async def take_in(decided: SelectionDecided, meta: Meta, store: Store) -> None: ...

    Handlers of one batch run side by side, in no order: what guards a document is its version and its marks.
    FastStream's broker holds the same declarations, for AsyncAPI and for tests of a handler's logic in memory.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.broker = RabbitBroker()
        self.subscriptions: list[Subscription] = []
        self.consuming: set[str] = set()
        self.handled = Handled()
        self.sent_on: SentOn | None = None
        self.lost = False  # a queue was missing, or went missing: it may not have been told everything
        self._batches = 0  # that are being handled now
        self._last_batch_at = 0.0
        self._store: Any = None

    def __call__(self, contract: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Declare the handler of one event."""

        def declare(handle: Handler[E]) -> Handler[E]:
            queue = topology.queue_of(self.service, contract)
            self.subscriptions.append(Subscription(queue, contract, handle))
            self._declare_to_faststream(queue, contract, handle)
            return handle

        return declare

    @property
    def contracts(self) -> list[type[Event]]:
        return [subscription.contract for subscription in self.subscriptions]

    @property
    def ready(self) -> bool:
        """Whether there is a consumer on every queue."""
        return len(self.consuming) == len(self.subscriptions)

    @property
    def busy(self) -> bool:
        """Whether what a queue brought is being handled, or was a moment ago."""
        return self._batches > 0 or time.monotonic() - self._last_batch_at < _BUSY_S

    async def run(self, url: str, store: Any) -> None:
        """Consume until cancelled; handlers get `store` as their third argument."""
        if not self.subscriptions:
            return
        self._store = store
        await keep_connected(url, f"jalur-{self.service}", self._consume_from)

    async def _consume_from(self, connection: AbstractConnection) -> None:
        declaring = await connection.channel()
        self.lost |= await topology.lacks(declaring, (one.queue for one in self.subscriptions))
        # a queue that was deleted comes back; `jalur.events` is the operator's, and waited for
        await topology.declare(declaring, topology.of_service(self.service, self.contracts))
        await declaring.close()
        publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
        retries = Retries(self.service, publishing)
        try:
            async with asyncio.TaskGroup() as group:
                for subscription in self.subscriptions:
                    # a channel of its own: acknowledging many at once takes every lower delivery tag with it
                    channel = await connection.channel()
                    await channel.set_qos(prefetch_count=PREFETCH)
                    group.create_task(self._consume(subscription, channel, retries))
        finally:
            self.consuming.clear()

    async def _consume(self, subscription: Subscription, channel: AbstractChannel, retries: Retries) -> None:
        def queue_is_gone(*_: Any) -> None:
            self.lost = True

        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(queue_is_gone)
        arrivals = await arriving.listen(channel, subscription.queue)
        self.consuming.add(subscription.queue)
        began = -_APART_S
        while True:
            batch = await _next_batch(arrivals, began + _APART_S)
            began = time.monotonic()
            self._batches += 1
            try:
                # all of them end before one failure is raised: none still runs when its message comes again
                handling = (self.handle(subscription, message, retries) for message in batch)
                outcomes = await side_by_side(handling)
                raise_failure(outcomes)
            finally:
                self._batches -= 1
                self._last_batch_at = time.monotonic()
            took_s = time.monotonic() - began
            metrics.batch_handled(subscription.queue, outcomes, took_s, meta.age_s(batch[0].headers))
            # every effect of this batch is durable now, or its message has been sent on
            self.handled.add(message.message_id for message in batch if self._is_vouched_for(subscription, message))
            await batch[-1].ack(multiple=True)

    async def handle(self, subscription: Subscription, message: AbstractIncomingMessage, retries: Retries) -> Outcome:
        """Until the message has had its durable effect, or was sent on to be retried or parked."""
        while True:
            try:
                await self._deliver(subscription, message)
                return "handled"
            except StorageAway:
                # a server that is away is not an attempt: hold on to the message until it is back
                await asyncio.sleep(_DATABASE_PAUSE_S)
            except Unstorable as error:
                return await self._send_on(subscription, message, retries, Permanent(f"unstorable: {error}"))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, its message must not be lost
                if not isinstance(error, NotYet):
                    log.warning("%s: %s of %s", subscription.queue, type(error).__name__, message.message_id)
                return await self._send_on(subscription, message, retries, error)

    async def _send_on(
        self, subscription: Subscription, message: AbstractIncomingMessage, retries: Retries, error: Exception
    ) -> Outcome:
        outcome = await retries.after_failure(message, subscription.queue, error)
        # not of what is forged: it may bear the id of a true event
        if self.sent_on is not None and not isinstance(error, Forged):
            await self.sent_on.mark(subscription.queue, message.message_id)
        return outcome

    def event_in(self, subscription: Subscription, message: AbstractIncomingMessage) -> tuple[Event, Meta]:
        """The event in a message. Raises Permanent when it is none, Forged when its publisher has not sent it."""
        if not self._is_vouched_for(subscription, message):
            raise Forged(f"sent through {message.exchange}, not by {subscription.contract.service}")
        return decode(subscription.contract, message)

    def _is_vouched_for(self, subscription: Subscription, message: AbstractIncomingMessage) -> bool:
        return topology.is_vouched_for(message.exchange, subscription.contract.service, self.service)

    async def _deliver(self, subscription: Subscription, message: AbstractIncomingMessage) -> None:
        event, attributes = self.event_in(subscription, message)
        context.actor.set(context.Actor(name=attributes.source.rsplit("/", 1)[-1], role=context.SERVICE))
        context.correlation_id.set(attributes.correlation_id)
        context.causation_id.set(attributes.id)
        with tracing.handling(attributes.traceparent, subscription.queue, attributes.id):
            await subscription.handle(event, attributes, self._store)

    def _declare_to_faststream(self, queue: str, contract: type[E], handle: Handler[E]) -> None:
        async def receive(event: Any) -> None:
            await handle(event, meta.read(self.broker.context.get_local("message").headers), self._store)

        receive.__annotations__["event"] = contract
        receive.__name__ = getattr(handle, "__name__", queue)
        receive.__doc__ = handle.__doc__
        self.broker.subscriber(
            RabbitQueue(queue, queue_type=QueueType.QUORUM, routing_key=contract.routing_key(), declare=False),
            RabbitExchange(topology.EVENTS, type=ExchangeType.TOPIC, declare=False),
        )(receive)


async def _next_batch(arrivals: Arriving, not_before: float) -> list[AbstractIncomingMessage]:
    """What has arrived; a batch that would be small waits until `not_before`, by the monotonic clock, for more."""
    await arrivals.some()
    if len(arrivals) < BATCH:
        await asyncio.sleep(not_before - time.monotonic())
    return arrivals.take(BATCH)


def decode(contract: type[E], message: AbstractIncomingMessage) -> tuple[E, Meta]:
    """The event in a message. Raises Permanent when it is none of this contract; the text names no values."""
    try:
        attributes = meta.read(message.headers)
        if attributes.type != contract.ce_type():
            raise Permanent(f"expected {contract.ce_type()}, found {attributes.type}")
        return contract.model_validate(orjson.loads(message.body)), attributes
    except BadHeaders as error:
        raise Permanent(str(error)) from error
    except orjson.JSONDecodeError as error:
        raise Permanent("the body is not JSON") from error
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) + f" ({item['type']})" for item in error.errors())
        raise Permanent(f"the body is not a {contract.event_name}: {fields}") from error
