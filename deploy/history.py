"""History for an outside subscriber: what it may hear is copied from the log into its virtual host.

It cannot read the log itself, which holds facts about health beside everything else. The copies go to the exchange it
knows, under their own ids, among what happens meanwhile: to a subscriber they are events that come again.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import aclosing

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage

from shared import log, topology
from shared.broker import raise_failure
from shared.outsiders import meant_for

_BATCH = 200
_SILENCE_S = 10.0
_LOOK_EVERY_S = 0.2
_CONFIRM_TIMEOUT_S = 30.0


class Stuck(Exception):
    """The subscriber takes nothing out of its queue for too long; the message says which."""


async def copy(
    ours: AbstractConnection,
    theirs: AbstractConnection,
    keys: Collection[str],
    room: Mapping[str, int],
    since: log.Offset,
    patience_s: float,
) -> int:
    """Copy the events of these keys from `since` to the end of the log as it is now; how many.

    `room` says of each queue of the subscriber how many messages it is filled up to: beyond its limit a queue drops its
    oldest. Raises Stuck when one stays that full for `patience_s`.
    """
    copied = 0
    end = await log.end(ours)
    async with theirs.channel(publisher_confirms=True) as channel:
        exchange = await channel.get_exchange(topology.EVENTS, ensure=False)
        step = min(_BATCH, *room.values())
        async with aclosing(log.batches(ours, since, step, idle_s=_SILENCE_S)) as batches:
            async for batch in batches:
                before_end = [one for one in batch if log.offset_of(one) < end]
                wanted = [one for one in before_end if meant_for(one, keys)]
                if wanted:
                    await _wait_for_room(channel, room, patience_s)
                    await _publish(exchange, wanted)
                    copied += len(wanted)
                if not batch or log.offset_of(batch[-1]) + 1 >= end:  # nothing came: nothing happened since then
                    break
    return copied


async def _publish(exchange: AbstractExchange, messages: Collection[AbstractIncomingMessage]) -> None:
    async with asyncio.timeout(_CONFIRM_TIMEOUT_S):
        publishing = (exchange.publish(_copy_of(one), str(one.routing_key), mandatory=False) for one in messages)
        raise_failure(await asyncio.gather(*publishing, return_exceptions=True))


def _copy_of(message: AbstractIncomingMessage) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
        headers={name: value for name, value in message.headers.items() if name.startswith("ce-")},
    )


async def _wait_for_room(channel: AbstractChannel, room: Mapping[str, int], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    for queue, most in room.items():
        while await _waiting_in(channel, queue) >= most:
            if time.monotonic() > deadline:
                raise Stuck(f"{queue} is full and nobody takes anything out of it; what is copied so far stays there")
            await asyncio.sleep(_LOOK_EVERY_S)


async def _waiting_in(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0
