"""Posts the events of the log to the webhooks: each from its own place, at least once, in order for each subject.

One replica does it for all. A webhook that fails is tried again, later and later, and holds up no other; one that has
failed for days is disabled.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from services.gateway.posting import Failure, Poster, body_of
from services.gateway.signatures import webhook_id
from services.gateway.webhook import Webhook
from services.gateway.webhook_places import Place, Places
from services.gateway.webhooks import Webhooks
from shared import log as events_log
from shared.broker import keep_connected
from shared.lease import Lease
from shared.outsiders import meant_for
from shared.problems import Away
from shared.storage import Storage, StorageAway

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=3)
_LEASE_S = 10.0
_LOOK_EVERY_S = 1.0
_QUIET_S = 4.0  # while there are none; the lease lasts longer
_REST_S = 3.0  # after an interruption
_SAVE_EVERY_S = 1.0
_BATCH = 100
_AT_A_TIME = 4  # posts to one webhook, about different subjects


class _Post(NamedTuple):
    offset: int
    subject: str
    id: str
    body: bytes


class WebhookRelay:
    """Follows the log for all webhooks that are active, whenever no other replica does."""

    def __init__(self, url: str, storage: Storage, webhooks: Webhooks, places: Places, poster: Poster) -> None:
        self._url = url
        self._webhooks = webhooks
        self._places = places
        self._poster = poster
        self._lease = Lease(storage, "webhooks", _LEASE_S)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await keep_connected(self._url, "jalur-gateway-webhooks", self._serve)
        finally:
            with contextlib.suppress(StorageAway):
                await self._lease.release()
            await self._poster.close()

    async def _serve(self, connection: AbstractConnection) -> None:
        """One task a webhook, begun anew whenever something about it was changed."""
        while not await self._lease.hold():
            await asyncio.sleep(_LEASE_S / 2)
        serving: dict[str, tuple[int, asyncio.Task[None]]] = {}
        try:
            while True:
                active = {one.id: one for one in await self._webhooks.active()}
                for name, (version, task) in list(serving.items()):
                    if name not in active or active[name].version != version or task.done():
                        del serving[name]
                        await _end(task)
                for name in active.keys() - serving.keys():
                    task = asyncio.create_task(self._follow(connection, active[name]))
                    serving[name] = active[name].version, task
                await asyncio.sleep(_LOOK_EVERY_S if active else _QUIET_S)
                if not await self._lease.hold():
                    raise ConnectionError("another replica serves the webhooks now")
        finally:
            await asyncio.gather(*(_end(task) for _, task in serving.values()))

    async def _follow(self, connection: AbstractConnection, webhook: Webhook) -> None:
        """Until cancelled, or something is amiss; then it is begun again."""
        try:
            place = await self._places.of(webhook)
            taken: set[int] = set()  # beyond the place: what was delivered while something before it was not
            while True:
                if place.next_attempt_at is not None:
                    await asyncio.sleep((place.next_attempt_at - datetime.now(UTC)).total_seconds())
                place, failure = await self._deliver(connection, webhook, place, taken)
                await self._places.save(webhook, place)
                if failure.gone or _since(place.failing_since) > GIVE_UP_AFTER:
                    log.error("webhook %s is disabled: %s", webhook.id, failure.why)
                    await self._webhooks.give_up(webhook.id, failure.why)
                    return
        except (Away, ConnectionError) as error:
            log.warning("webhook %s: interrupted (%s)", webhook.id, error)
        except Exception:  # one that trips over something must not hold up the others
            log.exception("webhook %s: unexpected error", webhook.id)
        await asyncio.sleep(_REST_S)

    async def _deliver(
        self, connection: AbstractConnection, webhook: Webhook, place: Place, taken: set[int]
    ) -> tuple[Place, Failure]:
        """Post one batch after the other until something is not taken: where that was, and why."""
        keys = set(webhook.keys)
        saved, saved_at = place, time.monotonic()
        reading = events_log.batches(connection, place.start(webhook), _BATCH, idle_s=_SAVE_EVERY_S)
        async with aclosing(reading) as batches:
            async for batch in batches:
                wanted = [one for one in _posts(batch, keys) if one.offset not in taken]
                failure = await self._post(webhook, wanted, taken)
                if failure is not None:
                    left = min(one.offset for one in wanted if one.offset not in taken)
                    delivered = any(one.offset in taken for one in wanted)
                    return place.failed_at(left, failure.why, delivered=delivered), failure
                if batch:
                    place = place.reached(events_log.offset_of(batch[-1]) + 1, delivered=bool(wanted))
                    taken.difference_update(range(events_log.offset_of(batch[0]), place.offset or 0))
                if place != saved and (wanted or time.monotonic() - saved_at > _SAVE_EVERY_S):
                    await self._places.save(webhook, place)
                    saved, saved_at = place, time.monotonic()
        raise ConnectionError("the log has ended")

    async def _post(self, webhook: Webhook, posts: Sequence[_Post], taken: set[int]) -> Failure | None:
        """Subjects side by side, each in order; after the first failure nothing more is begun."""
        by_subject: dict[str, list[_Post]] = defaultdict(list)
        for post in posts:
            by_subject[post.subject].append(post)
        signing = self._webhooks.signing(webhook)
        failures: list[Failure] = []
        turns = asyncio.Semaphore(_AT_A_TIME)

        async def in_order(about: Sequence[_Post]) -> None:
            for post in about:
                async with turns:
                    if failures:
                        return
                    failure = await self._poster.post(webhook.url, signing, post.id, post.body)
                    if failure is not None:
                        failures.append(failure)
                        return
                    taken.add(post.offset)

        async with asyncio.TaskGroup() as group:
            for about in by_subject.values():
                group.create_task(in_order(about))
        return failures[0] if failures else None


def _posts(batch: Sequence[AbstractIncomingMessage], keys: set[str]) -> list[_Post]:
    posts = []
    for message in batch:
        about = meant_for(message, keys)
        if about is not None:
            with contextlib.suppress(ValueError):  # no JSON: no service of ours publishes that
                body = body_of(message, about)
                posts.append(_Post(events_log.offset_of(message), about.subject, webhook_id(about.id), body))
    return posts


def _since(time: datetime | None) -> timedelta:
    return datetime.now(UTC) - time if time else timedelta()


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():
        task.cancel()  # and again: aio-pika swallows it now and then
        await asyncio.wait([task], timeout=1)
    await asyncio.gather(task, return_exceptions=True)
