"""Placement's collections and its named queries."""

from collections.abc import Callable

from services.placement.graduate import Graduate
from services.placement.programme import OpenProgramme
from services.placement.run import Run
from services.placement.turn import Turn
from services.placement.vacancy import Vacancy
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.run_chunks import RunChunks
from shared.storage import IndexModel, Storage, guarded


class Store:
    def __init__(self, storage: Storage) -> None:
        self.programmes = storage.documents("programmes", OpenProgramme, aggregate="programme")
        self.graduates = storage.documents(
            "graduates",
            Graduate,
            aggregate="graduate",
            indexes=[
                IndexModel([("programme_code", 1)]),
                IndexModel([("match.vacancy_id", 1)], sparse=True),
                IndexModel([("match.run_id", 1)], sparse=True),
            ],
        )
        self.vacancies = storage.documents(
            "vacancies", Vacancy, aggregate="vacancy", indexes=[IndexModel([("terms.closes_on", 1), ("_id", 1)])]
        )
        self.runs = storage.documents("runs", Run, aggregate="run", indexes=[IndexModel([("request", 1)], sparse=True)])
        self.turn = Turn(storage)
        self.run_chunks = RunChunks(storage)

    async def programme(self, code: str) -> Programme | None:
        """The definition of a programme, None while it has not arrived."""
        found = await self.programmes.get(code)
        return None if found is None else found.definition

    async def record(self, applicant_id: str, rule: Callable[[Graduate], Change | None]) -> Change | None:
        """Let a rule change one graduate. Raises what the rule raises."""
        change: Change | None = None

        def decide(graduate: Graduate) -> list[Event] | None:
            nonlocal change
            change = rule(graduate)
            return None if change is None else change.events

        await self.graduates.change(applicant_id, decide)
        return change

    async def unmatched(self, programme_code: str) -> list[Graduate]:
        """Holders of certificates in a programme who have not been proposed for a vacancy."""
        return await self.graduates.find(
            {"programme_code": programme_code, "match": None, "withdrawn": False, "certificates.0": {"$exists": True}}
        )

    async def seats_taken(self) -> dict[str, int]:
        """How many seats of each vacancy have been proposed to somebody who has not withdrawn."""
        found = await self.graduates.aggregate(
            [
                {"$match": {"match.vacancy_id": {"$exists": True}, "withdrawn": False}},
                {"$group": {"_id": "$match.vacancy_id", "seats": {"$sum": 1}}},
            ]
        )
        return {one["_id"]: one["seats"] for one in found}

    async def run_of(self, request: str) -> Run | None:
        """The run that a request caused."""
        found = await self.runs.find({"request": request, "done": True}, limit=1)
        return found[0] if found else None

    async def count_proposed(self, run_id: str) -> int:
        """How many a run has proposed."""
        count: int = await guarded(self.graduates.raw.count_documents({"match.run_id": run_id}))
        return count
