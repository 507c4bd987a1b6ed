"""What a change would come to: decided as ever, by the same rules, and never saved."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from shared.contracts import Event
from shared.documents import Document
from shared.storage import D, Documents

C = TypeVar("C", bound=Document, covariant=True)


class Changing(Protocol[C]):
    """Where documents are changed."""

    async def change(self, document_id: str, decide: Callable[[C], Sequence[Event] | None], /) -> C: ...


class Rehearsal(Generic[D]):
    """A collection for the length of one call: what changes here is seen by what follows here, and by nobody else."""

    def __init__(self, documents: Documents[D]) -> None:
        self._documents = documents
        self._changed: dict[str, D] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def change(self, document_id: str, decide: Callable[[D], Sequence[Event] | None], /) -> D:
        """As `Documents.change`, without saving, events and audit. Raises StorageAway and whatever `decide` raises."""
        async with self._locks[document_id]:
            if document_id in self._changed:  # a copy: what `decide` does before it raises must not stay
                document = self._changed[document_id].model_copy(deep=True)
            else:
                document = await self._documents.get(document_id) or self._documents.kind(_id=document_id)
            if decide(document) is not None:
                self._changed[document_id] = document
            return document


def changing(documents: Documents[D], *, dry_run: bool) -> Changing[D]:
    """The collection itself, or a rehearsal of it."""
    return Rehearsal(documents) if dry_run else documents
