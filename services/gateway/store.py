"""The gateway's collections: the read model of applicants, people and programmes, and named queries over it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from services.gateway import sorting
from services.gateway.derive import derive
from services.gateway.readmodel import Applicant, Person, ProgrammeView
from services.gateway.rollups import PORTRAITS, TALLIES, Rollups, rest_after
from services.gateway.sorting import Place, SortName
from services.gateway.stages import Stage
from services.gateway.users import Users
from shared.contracts import AboutApplicant, Event
from shared.contracts.selection import Outcome
from shared.folding import Folded
from shared.meta import Meta
from shared.problems import Away
from shared.storage import Documents, IndexModel, Storage, StorageAway, guarded

log = logging.getLogger(__name__)

_INDEXES = [
    *sorting.indexes(),
    IndexModel([("programme_code", 1), ("block", 1), ("tally", 1)], name=TALLIES),
    IndexModel([("programme_code", 1), ("block", 1), ("portrait", 1)], name=PORTRAITS),
    IndexModel([("person_id", 1)]),
]


class ReadModel:
    """One generation of the collections that are built from events alone; the first has their plain names."""

    kept: ClassVar[type[Documents[Any]]] = Documents

    def __init__(self, storage: Storage, generation: int) -> None:
        kept = self.kept

        def name(plain: str) -> str:
            return f"{plain}_{generation}" if generation else plain

        self.generation = generation
        self.applicants: Documents[Applicant] = kept(
            storage, name("applicants"), Applicant, "applicant", _INDEXES, derive
        )
        self.people: Documents[Person] = kept(storage, name("people"), Person, "person", [])
        self.programmes: Documents[ProgrammeView] = kept(storage, name("programmes"), ProgrammeView, "programme", [])
        self.rollups = Rollups(self.applicants, *map(storage.collection, (name("funnels"), name("funnel_blocks"))))

    async def prepare(self) -> None:
        """Create its indexes. Raises StorageAway."""
        await self.applicants.create_indexes()

    async def is_outdated(self) -> bool:
        """Whether an earlier version has written it, without what lists and counts need now. Raises StorageAway."""
        one = await guarded(self.applicants.raw.find_one({}, {"portrait": 1}, sort=[("_id", 1)]))
        return one is not None and "portrait" not in one

    async def drop(self) -> None:
        """Take its collections away. Raises StorageAway."""
        for collection in (self.applicants.raw, self.people.raw, self.programmes.raw, *self.rollups.collections):
            await guarded(collection.drop())


class FoldedModel(ReadModel):
    """A generation that one process alone writes, while it is built: many events are saved at once."""

    kept = Folded
    applicants: Folded[Applicant]
    people: Folded[Person]
    programmes: Folded[ProgrammeView]

    async def save(self) -> None:
        """Raises StorageAway, VersionConflict when somebody else writes it too."""
        for documents in (self.applicants, self.people, self.programmes):
            await documents.save()

    def forget(self) -> None:
        """What was not saved has not happened."""
        for documents in (self.applicants, self.people, self.programmes):
            documents.forget()


class Store:
    """What events and routes work with: the users, and the read model that is in service."""

    def __init__(self, storage: Storage) -> None:
        self._model: ReadModel | None = None
        self._uncounted = asyncio.Event()  # something may be
        self.users = Users(storage)

    def serve(self, model: ReadModel) -> None:
        """From now on this one is read and written."""
        self._model = model
        self._uncounted.set()

    def serves(self, model: ReadModel) -> bool:
        return self._model is model

    async def keep_counted(self) -> None:
        """Count the funnels of whatever is in service, until cancelled."""
        while True:
            await self._uncounted.wait()
            self._uncounted.clear()
            began = time.monotonic()
            try:
                await self.rollups.recount()
            except StorageAway:
                self._uncounted.set()
                log.warning("rollups: the database is away; counting later")
            await asyncio.sleep(rest_after(time.monotonic() - began))

    @property
    def model(self) -> ReadModel:
        """Raises Away until it is known which one is in service."""
        if self._model is None:
            raise Away("starting", "The gateway is starting.")
        return self._model

    @property
    def applicants(self) -> Documents[Applicant]:
        return self.model.applicants

    @property
    def people(self) -> Documents[Person]:
        return self.model.people

    @property
    def programmes(self) -> Documents[ProgrammeView]:
        return self.model.programmes

    @property
    def rollups(self) -> Rollups:
        return self.model.rollups

    async def note(
        self, about: AboutApplicant, change: Callable[[Applicant], bool | None], meta: Meta | None = None
    ) -> None:
        """Absorb one event into its applicant; with `meta` once, else `change` says whether it was news."""

        def decide(applicant: Applicant) -> list[Event] | None:
            is_news = change(applicant)
            if meta is None and not is_news:
                return None
            applicant.programme_code = about.programme_code
            return []

        model = self.model
        model.rollups.changed(await model.applicants.change(about.applicant_id, decide, meta=meta))
        self._uncounted.set()

    async def page(
        self, programme_code: str, facet: str, sort: SortName, behind: Place | None, limit: int
    ) -> list[Applicant]:
        """Registered applicants whom a facet finds, in that order, from behind that place on."""
        found: list[Applicant] = []
        for where, order in sorting.stretches(sort, behind):
            if len(found) < limit:
                where = {"programme_code": programme_code, "facets": facet, **where}
                still = limit - len(found)
                found += await self.applicants.find(where, sort=order, limit=still, hint=sorting.index_of(sort))
        return found

    async def refused_for(self, programme_code: str, reasons: Iterable[str]) -> dict[str, int]:
        """How many people are refused by each of these rules, the most first; one person may be refused by several."""

        async def people(reason: str) -> int:
            where = {"programme_code": programme_code, "facets": sorting.facet(Stage.REFUSED, reason=reason)}
            return int(
                await guarded(self.applicants.raw.count_documents(where, hint=sorting.index_of("registration_no")))
            )

        asked = list(reasons)
        counted = dict(zip(asked, await asyncio.gather(*map(people, asked)), strict=True))
        return dict(sorted(((one, n) for one, n in counted.items() if n), key=lambda pair: -pair[1]))

    async def trainings(self, applicants: Iterable[Applicant]) -> dict[str, list[str]]:
        """Earlier trainings by person, as alumni lists name them."""
        ids = [applicant.person_id for applicant in applicants if applicant.person_id]
        people = await self.people.get_many(ids)
        return {person_id: person.trainings for person_id, person in people.items()}

    async def acceptances(self, applicants: Iterable[Applicant]) -> dict[str, set[str]]:
        """By person, the programmes in which they hold a place."""
        ids = [applicant.person_id for applicant in applicants if applicant.person_id]
        accepted = await self.applicants.find(
            {"person_id": {"$in": ids}, "decision.outcome": Outcome.ACCEPTED.value, "withdrawn": False}
        )
        found: dict[str, set[str]] = {}
        for applicant in accepted:
            found.setdefault(applicant.person_id or "", set()).add(applicant.programme_code)
        return found
