"""Which generation of the read model is in service: one small document in the database, that every replica looks at."""

import asyncio
import logging
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from services.gateway.store import ReadModel, Store
from shared.contracts import Event
from shared.documents import Document
from shared.ledger import Entry, Signature, automatic, entry, signature
from shared.storage import Documents, Storage, StorageAway

log = logging.getLogger(__name__)

_THE_ONE = "readmodel"
_LOOK_EVERY_S = 2.0


class State(StrEnum):
    IDLE = "idle"
    BUILDING = "building"
    SWITCHED = "switched"  # the new model is in service, and the old one about to go


class Serving(Document):
    """The generation in service, and how far the one that is `building` has read the log: `offset` of `end` events.

    No number is given to two builds. `skipped` counts events that no handler could absorb; `failure` says why the last
    build was given up.
    """

    generation: int = 0
    building: int = 0
    state: State = State.IDLE
    offset: int = 0
    end: int = 0
    skipped: int = 0
    failure: str | None = None
    asked_at: datetime | None = None
    switched_at: datetime | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def ask(self, added: Entry) -> list[Event] | None:
        """Begin a build, unless one is under way."""
        if self.state is not State.IDLE:
            return None
        self.state, self.building = State.BUILDING, max(self.generation, self.building) + 1
        self.offset = self.end = self.skipped = 0
        self.failure = self.switched_at = None
        self.asked_at = datetime.now(UTC)
        self.ledger.append(added)
        return []

    def reached(self, building: int, offset: int, end: int, skipped: int) -> list[Event] | None:
        """The events below `offset` are in the model that is built, and stay there."""
        if not self.is_under_way(building):
            return None
        self.offset, self.end, self.skipped = offset, max(end, offset), skipped
        return []

    def switch(self, building: int) -> list[Event] | None:
        """From now on the new one is in service."""
        if not self.is_under_way(building) or self.state is not State.BUILDING:
            return None
        self.generation, self.state, self.switched_at = building, State.SWITCHED, datetime.now(UTC)
        return []

    def finish(self, building: int, failure: str | None = None) -> list[Event] | None:
        """What is left over is gone; with `failure`, that is the new one."""
        if not self.is_under_way(building):
            return None
        self.state, self.failure = State.IDLE, failure
        return []

    def is_under_way(self, building: int) -> bool:
        """Until the old model is gone."""
        return self.state is not State.IDLE and self.building == building


class Generations:
    """Puts in service what the database says, soon after it says so; `under_way` is set while one is to be built."""

    def __init__(self, storage: Storage, store: Store) -> None:
        self.documents: Documents[Serving] = storage.documents("serving", Serving, aggregate="readmodel")
        self._storage = storage
        self._store = store
        self._models: dict[int, ReadModel] = {}
        self.under_way = asyncio.Event()

    async def ask(self, reason: str) -> Serving:
        """Have the read model built anew; one build that is under way is not begun again. Raises StorageAway."""
        return await self._ask(signature(), reason)

    async def reached(self, building: int, offset: int, end: int, skipped: int) -> Serving:
        return await self.documents.change(_THE_ONE, lambda serving: serving.reached(building, offset, end, skipped))

    async def switch(self, building: int) -> Serving:
        """Put the new one in service, here at once, elsewhere when they look. Raises StorageAway."""
        serving = await self.documents.change(_THE_ONE, lambda serving: serving.switch(building))
        await self.serve_current()
        return serving

    async def finish(self, building: int, failure: str | None = None) -> Serving:
        return await self.documents.change(_THE_ONE, lambda serving: serving.finish(building, failure))

    async def now(self) -> Serving:
        """Raises StorageAway."""
        return await self.documents.get(_THE_ONE) or Serving(_id=_THE_ONE)

    async def serve_current(self) -> None:
        """Put in service what the database says. Raises StorageAway."""
        serving = await self.now()
        self._note(serving)
        model = self.model(serving.generation)
        if not self._store.serves(model):
            await model.prepare()
            self._store.serve(model)
            self._models = {number: kept for number, kept in self._models.items() if number >= model.generation}
            if await model.is_outdated():
                await self._ask(automatic("gateway"), "an earlier version has written the read model")

    async def _ask(self, signed: Signature, reason: str) -> Serving:
        asked = entry(signed, "rebuild_asked", reason)
        serving = await self.documents.change(_THE_ONE, lambda serving: serving.ask(asked))
        self._note(serving)
        return serving

    def _note(self, serving: Serving) -> None:
        if serving.state is State.IDLE:
            self.under_way.clear()
        else:
            self.under_way.set()

    def model(self, generation: int) -> ReadModel:
        """The one of this number; the same object for whoever builds it and whoever serves it."""
        if generation not in self._models:
            self._models[generation] = ReadModel(self._storage, generation)
        return self._models[generation]

    async def follow(self) -> None:
        """Look again and again, until cancelled: no request needs to."""
        while True:
            try:
                await self.serve_current()
            except StorageAway:
                log.warning("read model: the database is away; looking again later")
            await asyncio.sleep(_LOOK_EVERY_S)
