"""How far each webhook has come in the log, and how it fares: written by whoever posts, read by everybody."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.gateway.webhook import Webhook
from shared import log
from shared.storage import Storage, guarded

# the waits after the first failures; the last one again and again
PAUSES_S = (5, 60, 600, 3600, 4 * 3600)
_JITTER = 0.1


class Place(BaseModel):
    """Events below `offset` were delivered; None when none was read yet. Failures count since the last success."""

    model_config = ConfigDict(frozen=True)

    offset: int | None = None
    delivered_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    last_failure: str | None = None

    def reached(self, offset: int, *, delivered: bool) -> "Place":
        """Everything below is delivered, or was for others."""
        if not delivered:
            return self.model_copy(update={"offset": offset})
        return Place(offset=offset, delivered_at=datetime.now(UTC))

    def failed_at(self, offset: int, why: str, *, delivered: bool) -> "Place":
        """The event at `offset` was not taken; it is tried again after a while. `delivered` says that others were."""
        now = datetime.now(UTC)
        # another event than the last time: that one was taken meanwhile
        before = self if offset == self.offset else Place()
        pause = PAUSES_S[min(before.failures, len(PAUSES_S) - 1)]
        spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - so that not all come at once
        return Place(
            offset=offset,
            delivered_at=now if delivered else self.delivered_at,
            failures=before.failures + 1,
            failing_since=before.failing_since or now,
            next_attempt_at=now + timedelta(seconds=pause * spread),
            last_failure=why,
        )

    def start(self, webhook: Webhook) -> log.Offset:
        return webhook.start if self.offset is None else self.offset


class Places:
    """One small document per webhook, beside what administrators decide about it.

    It counts for the `turn` of the webhook it was written in, so that an older one cannot undo a replay; how it fared
    counts for the version, so that whatever an administrator changes is tried at once.
    """

    def __init__(self, storage: Storage) -> None:
        self._places = storage.collection("webhook_places")

    async def of(self, webhook: Webhook) -> Place:
        """Raises StorageAway."""
        found: dict[str, Any] | None = await guarded(self._places.find_one({"_id": webhook.id, "turn": webhook.turn}))
        if found is None:
            return Place()
        place = Place.model_validate(found)
        return place if found["webhook"] == webhook.version else Place(offset=place.offset)

    async def save(self, webhook: Webhook, place: Place) -> None:
        """Raises StorageAway."""
        written = {"turn": webhook.turn, "webhook": webhook.version, **place.model_dump(mode="json")}
        await guarded(self._places.replace_one({"_id": webhook.id}, written, upsert=True))
