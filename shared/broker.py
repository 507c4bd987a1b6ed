"""A connection to RabbitMQ that is kept up: whoever uses it is started again whenever the broker comes back."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.exceptions import AMQPError

from shared.ending import end
from shared.problems import Away

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
_HEARTBEAT_S = 10
_PAUSES_S = (0.1, 0.3, 1.0, 2.0)
_STABLE_S = 10.0

# what a broker that is away, slow or frozen looks like from here; the last when it hangs up during the greeting
Unreachable = (OSError, AMQPError, asyncio.TimeoutError, asyncio.InvalidStateError, RuntimeError, StopAsyncIteration)


class BrokerAway(Away):
    """RabbitMQ does not answer, or not in time."""

    def __init__(self) -> None:
        super().__init__("broker_away", "The message broker does not answer at the moment.")


async def keep_connected(url: str, name: str, use: Callable[[AbstractConnection], Awaitable[None]]) -> None:
    """Connect, run `use` until it ends or the connection does, and again, until cancelled.

    `name` is shown in the broker's list of connections. What `use` raises because the broker or the database went away
    is expected; anything else is logged, and `use` is started again all the same: a service never stops listening.
    """
    failures = 0
    while True:
        try:
            connection = await aio_pika.connect(
                url, timeout=CONNECT_TIMEOUT_S, heartbeat=_HEARTBEAT_S, client_properties={"connection_name": name}
            )
            since = time.monotonic()
            try:
                await _until_lost(connection, use)
            finally:
                if time.monotonic() - since > _STABLE_S:
                    failures = 0  # what connects and fails at once, time and again, must not keep the broker busy
                with contextlib.suppress(*Unreachable):
                    async with asyncio.timeout(CONNECT_TIMEOUT_S):
                        await connection.close()
        except asyncio.CancelledError:
            # aio-pika cancels what waits on a dead connection; only our own cancellation may end this
            if _is_cancelled():
                raise
        except Exception as error:  # whatever happens, a service must listen again
            if _is_unreachable(error):
                log.warning("%s: a server is away (%s)", name, type(error).__name__)
            else:
                log.exception("%s: unexpected error; connecting again", name)
        if _is_cancelled():  # and aio-pika swallowed it
            raise asyncio.CancelledError
        await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
        failures += 1


@contextlib.asynccontextmanager
async def connected_once(url: str, name: str, within_s: float) -> AsyncIterator[AbstractConnection]:
    """A connection for one deed, closed after it. Raises BrokerAway when the broker is away, or not done in time."""
    async with answering(within_s):
        connection = await aio_pika.connect(
            url, timeout=CONNECT_TIMEOUT_S, heartbeat=_HEARTBEAT_S, client_properties={"connection_name": name}
        )
        try:
            yield connection
        finally:
            with contextlib.suppress(*Unreachable):
                await connection.close()


@contextlib.asynccontextmanager
async def answering(within_s: float) -> AsyncIterator[None]:
    """Raises BrokerAway when the broker is away during the block, or the block is not done in time."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        raise BrokerAway from error  # aio-pika cancels what waits on a dead connection
    except Unreachable as error:
        raise BrokerAway from error


def raise_failure(outcomes: Iterable[object]) -> None:
    """Raise the first exception among what `asyncio.gather(…, return_exceptions=True)` answered.

    A CancelledError there was nobody's wish: aio-pika cancels what waits on a dead connection. Raised as it is, it
    would end the gathering task without a word, and its task group would carry on without it.
    """
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, BaseException):
            raise ConnectionError("cancelled by a dead connection") from outcome


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_unreachable(error: Exception) -> bool:
    if isinstance(error, ExceptionGroup):
        return all(isinstance(part, Exception) and _is_unreachable(part) for part in error.exceptions)
    return isinstance(error, (*Unreachable, Away))


async def _until_lost(connection: AbstractConnection, use: Callable[[AbstractConnection], Awaitable[None]]) -> None:
    lost = asyncio.Event()
    connection.close_callbacks.add(lambda *_: lost.set())
    using = asyncio.ensure_future(use(connection))
    losing = asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait({using, losing}, return_when=asyncio.FIRST_COMPLETED)
        if using.done():
            using.result()
    finally:
        await end(using, losing)
