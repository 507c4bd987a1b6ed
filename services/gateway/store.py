"""The gateway's collections: the read model of applicants, people and programmes, and named queries over it."""

from collections.abc import Callable, Iterable

from services.gateway import stages
from services.gateway.readmodel import Applicant, Person, ProgrammeView
from services.gateway.rollups import Rollups
from services.gateway.users import Users
from shared.contracts import AboutApplicant, Event
from shared.contracts.selection import Outcome
from shared.meta import Meta
from shared.storage import Documents, IndexModel, Storage

_OF_A_LIST = ("number", "_id")


class Store:
    """What events and routes work with."""

    def __init__(self, storage: Storage) -> None:
        self.applicants: Documents[Applicant] = storage.documents(
            "applicants",
            Applicant,
            aggregate="applicant",
            indexes=[
                IndexModel([("programme_code", 1), *((field, 1) for field in _OF_A_LIST)]),
                IndexModel([("programme_code", 1), ("stage", 1), *((field, 1) for field in _OF_A_LIST)]),
                IndexModel([("programme_code", 1), ("decision.class_code", 1), *((field, 1) for field in _OF_A_LIST)]),
                IndexModel([("person_id", 1)]),
            ],
        )
        self.people: Documents[Person] = storage.documents("people", Person, aggregate="person")
        self.programmes: Documents[ProgrammeView] = storage.documents(
            "programmes", ProgrammeView, aggregate="programme"
        )
        self.rollups = Rollups(self.applicants, storage.collection("funnels"))
        self.users = Users(storage)

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

        await self.applicants.change(about.applicant_id, decide, meta=meta)
        self.rollups.changed(about.programme_code)

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
