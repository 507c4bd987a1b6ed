"""Many events folded into documents in memory: a document is loaded once and saved once, whatever happens to it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from shared.broker import raise_failure
from shared.contracts import Event
from shared.meta import Meta
from shared.storage import BATCH, D, Documents, save_of

_HELD = 10_000  # documents of a few kilobytes: those that the next events are likely to be about


class Folded(Documents[D]):
    """A collection that one process alone writes, whose documents cause no events: a read model that is built.

    What changes here is in the database after `save`. Documents stay in memory after that for a while, so that the next
    events about them need not load them again.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._held: dict[str, D] = {}  # the one that was used last at the end
        self._changed: dict[str, D] = {}

    async def load(self, document_ids: Iterable[str]) -> None:
        """Have these in memory, those that do not exist as blank ones. Raises StorageAway."""
        missing = [one for one in dict.fromkeys(document_ids) if one not in self._held]
        for first in range(0, len(missing), BATCH):
            ids = missing[first : first + BATCH]
            found = await self.get_many(ids)
            self._held.update({one: found.get(one) or self.kind(_id=one) for one in ids})

    async def change(
        self, document_id: str, decide: Callable[[D], Sequence[Event] | None], *, meta: Meta | None = None
    ) -> D:
        """As `Documents.change`, but only in memory. After an exception nothing may be saved: see `forget`."""
        if document_id not in self._held:
            await self.load([document_id])
        document = self._held[document_id] = self._held.pop(document_id)
        if meta is not None and document.has_absorbed(meta):
            return document
        events = decide(document)
        if meta is not None:
            document.mark(meta)
        if events is not None or meta is not None:
            self._changed[document_id] = document
        return document

    async def save(self) -> None:
        """Write what has changed. Raises StorageAway, VersionConflict when somebody else has written one of them."""
        changed = list(self._changed.values())
        for document in changed:
            self._derive(document)
        chunks = [changed[first : first + BATCH] for first in range(0, len(changed), BATCH)]
        saving = (self._save_batch([save_of(document, [], []) for document in chunk]) for chunk in chunks)
        outcomes = await asyncio.gather(*saving, return_exceptions=True)
        raise_failure(outcomes)  # when none is under way any more
        for answers in outcomes:
            raise_failure(() if isinstance(answers, BaseException) else answers)
        for document in changed:
            document.version = document.next_version
        self._changed.clear()
        for oldest in list(islice(self._held, max(0, len(self._held) - _HELD))):
            del self._held[oldest]

    def forget(self) -> None:
        """Nothing has changed, and everything is loaded again."""
        self._held.clear()
        self._changed.clear()
