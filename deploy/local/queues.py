"""Declares the queues as soon as the broker lets us: after its start it listens before its queues are back."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from aio_pika.exceptions import AMQPConnectionError, AMQPError, ChannelNotFoundEntity

from deploy import topology
from deploy.local.supervision import StartFailed

_RECOVERY_S = 60
# "home node of durable queue is down" arrives as not found
_NOT_YET = (ChannelNotFoundEntity, AMQPConnectionError)


def declare(amqp_url: str) -> None:
    """Declare every exchange, queue and binding that is missing. Raises StartFailed.

    Works in a thread of its own, because the caller may have a loop running.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _declare(amqp_url)).result()


async def _declare(amqp_url: str) -> None:
    deadline = time.monotonic() + _RECOVERY_S
    while (error := await _attempt(amqp_url)) is not None:
        if not isinstance(error, _NOT_YET) or time.monotonic() > deadline:
            raise StartFailed(f"the queues cannot be declared: {error}") from error
        await asyncio.sleep(0.1)


async def _attempt(amqp_url: str) -> AMQPError | None:
    failure: AMQPError | None = None
    try:
        await topology.declare(amqp_url)
    except* AMQPError as errors:
        found: BaseException = errors
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        failure = cast(AMQPError, found)
    return failure
