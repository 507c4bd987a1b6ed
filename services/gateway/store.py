"""The gateway's collections: the read model of applicants, people and programmes, and named queries over it."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from services.gateway import stages
from services.gateway.masking import without_health
from services.gateway.readmodel import Applicant, Person, ProgrammeView
from services.gateway.rollups import RECOUNT_EVERY_S, Rollups
from services.gateway.stages import Stage
from services.gateway.users import Users
from shared.contracts import AboutApplicant, Event
from shared.contracts.selection import Outcome
from shared.meta import Meta
from shared.problems import Away
from shared.storage import Documents, IndexModel, Storage, StorageAway, guarded

log = logging.getLogger(__name__)

_OF_A_LIST = ("number", "_id")
_INDEXES = [
    IndexModel([("programme_code", 1), *((field, 1) for field in _OF_A_LIST)]),
    IndexModel([("programme_code", 1), ("stage", 1), *((field, 1) for field in _OF_A_LIST)]),
    IndexModel([("programme_code", 1), ("decision.class_code", 1), *((field, 1) for field in _OF_A_LIST)]),
    IndexModel([("person_id", 1)]),
]


class ReadModel:
    """One generation of the collections that are built from events alone; the first has their plain names."""

    def __init__(self, storage: Storage, generation: int) -> None:
        def name(plain: str) -> str:
            return f"{plain}_{generation}" if generation else plain

        self.generation = generation
        self.applicants: Documents[Applicant] = Documents(storage, name("applicants"), Applicant, "applicant", _INDEXES)
        self.people: Documents[Person] = Documents(storage, name("people"), Person, "person", [])
        self.programmes: Documents[ProgrammeView] = Documents(
            storage, name("programmes"), ProgrammeView, "programme", []
        )
        self.rollups = Rollups(self.applicants, storage.collection(name("funnels")))

    async def prepare(self) -> None:
        """Create its indexes. Raises StorageAway."""
        await guarded(self.applicants.raw.create_indexes(list(self.applicants.indexes)))

    async def drop(self) -> None:
        """Take its collections away. Raises StorageAway."""
        for collection in (self.applicants.raw, self.people.raw, self.programmes.raw, self.rollups.collection):
            await guarded(collection.drop())


class Store:
    """What events and routes work with: the users, and the read model that is in service."""

    def __init__(self, storage: Storage) -> None:
        self._model: ReadModel | None = None
        self.users = Users(storage)

    def serve(self, model: ReadModel) -> None:
        """From now on this one is read and written."""
        self._model = model

    def serves(self, model: ReadModel) -> bool:
        return self._model is model

    async def keep_counted(self) -> None:
        """Count the funnels of whatever is in service, until cancelled."""
        while True:
            try:
                await self.rollups.recount()
            except StorageAway:
                log.warning("rollups: the database is away; counting later")
            await asyncio.sleep(RECOUNT_EVERY_S)

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
        self, about: AboutApplicant, change: Callable[[Applicant], object], meta: Meta | None = None
    ) -> None:
        """Absorb one event into its applicant; with `meta` once, else `change` must be idempotent."""

        def decide(applicant: Applicant) -> list[Event] | None:
            before = applicant.model_copy(deep=True) if meta is None else None
            applicant.programme_code = about.programme_code
            change(applicant)
            applicant.stage = stages.stage(applicant).value
            applicant.counted_in = stages.counted_in(applicant)
            return None if applicant == before else []

        model = self.model
        await model.applicants.change(about.applicant_id, decide, meta=meta)
        model.rollups.changed(about.programme_code)

    async def page(
        self, programme_code: str, *, stage: str | None, class_code: str | None, after: tuple[int, str], limit: int
    ) -> list[Applicant]:
        """Registered applicants in order of their number, those behind `after` (number, id)."""
        number, applicant_id = after
        where: dict[str, object] = {
            "programme_code": programme_code,
            "registration_no": {"$ne": None},
            "$or": [{"number": {"$gt": number}}, {"number": number, "_id": {"$gt": applicant_id}}],
        }
        if stage is not None:
            where["stage"] = stage
        if class_code is not None:
            where["decision.class_code"] = class_code
        return await self.applicants.find(where, sort=[(field, 1) for field in _OF_A_LIST], limit=limit)

    async def refusals(self, programme_code: str, *, health: bool) -> dict[str, int]:
        """How many people were refused by each rule; one person may be refused by several."""
        rows = await self.applicants.aggregate(
            [
                {"$match": {"programme_code": programme_code, "stage": Stage.REFUSED.value}},
                {"$unwind": "$decision.reasons"},
                {"$group": {"_id": "$decision.reasons", "people": {"$sum": 1}}},
                {"$sort": {"people": -1, "_id": 1}},
            ]
        )
        counted = {row["_id"]: row["people"] for row in rows}
        return counted if health else {reason: counted[reason] for reason in without_health(list(counted))}

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
