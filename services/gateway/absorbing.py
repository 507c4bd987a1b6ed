"""Takes the events of the log into a generation of the read model that is being built."""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Iterator, Mapping, Sequence

from aio_pika.abc import AbstractIncomingMessage

from services.gateway.store import FoldedModel, ReadModel, Store
from shared.broker import raise_failure
from shared.contracts import AboutApplicant, Event
from shared.contracts.registration import PriorTrainingRecorded
from shared.messaging import Subscription, Subscriptions
from shared.meta import Meta
from shared.retries import Permanent
from shared.storage import Storage, StorageAway

log = logging.getLogger(__name__)

_AT_A_STRETCH = 50  # events, between which whoever else is served here gets a turn
_MOST_UNSAVED = 5000  # events, of about a kilobyte each

_Told = tuple[Subscription, Event, Meta]


class Absorbing:
    """With the handlers that serve every day: folded while nobody else writes the model, else side by side.

    `discarded` names by queue the events that were discarded on purpose.
    """

    def __init__(
        self, on: Subscriptions, storage: Storage, store: Store, model: ReadModel, discarded: Mapping[str, set[str]]
    ) -> None:
        self._on = on
        self._by_key = {one.contract.routing_key(): one for one in on.subscriptions}
        self._discarded = discarded
        self._folded = FoldedModel(storage, model.generation)
        self._unsaved: list[AbstractIncomingMessage] = []
        self._alone, self._beside = copy.copy(store), copy.copy(store)
        self._alone.serve(self._folded)
        self._beside.serve(model)

    async def fold(self, batch: Sequence[AbstractIncomingMessage]) -> int:
        """In the order of the log, in memory, to be saved a few thousand events at once.

        While one process alone writes the model. Answers, as `settle` does, how many events no handler could absorb,
        as far as that is known. Raises StorageAway: then nothing since the last `settle` counts as absorbed.
        """
        self._unsaved += batch
        skipped = await self._or_one_by_one(self._fold(batch))
        return skipped + (await self.settle() if len(self._unsaved) > _MOST_UNSAVED else 0)

    async def settle(self) -> int:
        """Have in the database what was folded. Raises StorageAway."""
        skipped = await self._or_one_by_one(self._folded.save()) if self._unsaved else 0
        self._unsaved.clear()
        return skipped

    async def handle(self, batch: Sequence[AbstractIncomingMessage]) -> int:
        """Side by side, as in service; how many events no handler could absorb. Raises StorageAway."""

        async def skips(subscription: Subscription, message: AbstractIncomingMessage) -> bool:
            try:
                if told := self._told(subscription, message):
                    await _handle(told, self._beside)
            except StorageAway:
                raise
            except Exception:
                log.exception("rebuild: %s cannot be absorbed", message.message_id)
                return True
            return False

        outcomes = await asyncio.gather(*(skips(*ours) for ours in self._ours(batch)), return_exceptions=True)
        raise_failure(outcomes)  # when none still runs
        return outcomes.count(True)

    async def _or_one_by_one(self, folding: Awaitable[None]) -> int:
        """When it fails, for an event that cannot be absorbed or a model written elsewhere too: each by itself."""
        try:
            await folding
        except StorageAway:
            self._folded.forget()
            raise
        except Exception as error:  # noqa: BLE001 - the handlers tell whose it is, and for which event
            log.warning("rebuild: %s; %s events one by one", type(error).__name__, len(self._unsaved))
            self._folded.forget()
            skipped = await self.handle(self._unsaved)
            self._unsaved.clear()
            return skipped
        return 0

    async def _fold(self, batch: Sequence[AbstractIncomingMessage]) -> None:
        found = []
        for n, ours in enumerate(self._ours(batch)):
            await _give_way(n)
            if told := self._told(*ours):
                found.append(told)
        events = [event for _, event, _ in found]
        await self._folded.applicants.load(one.applicant_id for one in events if isinstance(one, AboutApplicant))
        await self._folded.people.load(one.person_id for one in events if isinstance(one, PriorTrainingRecorded))
        for n, told in enumerate(found):
            await _give_way(n)
            await _handle(told, self._alone)

    def _ours(self, batch: Sequence[AbstractIncomingMessage]) -> Iterator[tuple[Subscription, AbstractIncomingMessage]]:
        for message in batch:
            subscription = self._by_key.get(message.routing_key or "")
            if subscription and message.message_id not in self._discarded[subscription.queue]:
                yield subscription, message

    def _told(self, subscription: Subscription, message: AbstractIncomingMessage) -> _Told | None:
        """The event in a message; None for one that was parked when it came: it is in no model."""
        try:
            return subscription, *self._on.event_in(subscription, message)
        except Permanent:
            return None


async def _handle(told: _Told, store: Store) -> None:
    subscription, event, meta = told
    await subscription.handle(event, meta, store)


async def _give_way(n: int) -> None:
    if n % _AT_A_STRETCH == 0:
        await asyncio.sleep(0)
