"""Placement's collections and its named queries."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from services.placement import tracer_queries, vacancy_queries
from services.placement.employer_link import EmployerLink
from services.placement.fair import Fair, Visit
from services.placement.fair_outcomes import Visitor
from services.placement.graduate import Graduate
from services.placement.programme import OpenProgramme
from services.placement.run import Run
from services.placement.turn import Turn
from services.placement.vacancy import Vacancy
from services.placement.vacancy_list import Seats
from services.placement.wave import Link, Wave
from shared.contracts import Event
from shared.contracts.placement import Party, Status
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.rehearsing import Changing
from shared.run_chunks import RunChunks
from shared.storage import IndexModel, Storage, guarded


class Store:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.programmes = storage.documents("programmes", OpenProgramme, aggregate="programme")
        self.graduates = storage.documents(
            "graduates",
            Graduate,
            aggregate="graduate",
            indexes=[
                IndexModel([("programme_code", 1)]),
                tracer_queries.INDEX,
                IndexModel([("match.vacancy_id", 1)], sparse=True),
                IndexModel([("match.run_id", 1)], sparse=True),
                IndexModel([("programme_code", 1), ("match.vacancy_id", 1)]),
                IndexModel(
                    [("programme_code", 1), ("refused.vacancy_id", 1)],
                    partialFilterExpression={"refused.0": {"$exists": True}},
                ),
                IndexModel([("refused.vacancy_id", 1)], sparse=True),
            ],
        )
        self.vacancies = storage.documents("vacancies", Vacancy, aggregate="vacancy", indexes=vacancy_queries.INDEXES)
        self.waves = storage.documents("waves", Wave, aggregate="wave")
        self.links = storage.documents(
            "links",
            Link,
            aggregate="link",
            indexes=[IndexModel([("digest", 1)], sparse=True), IndexModel([("wave_id", 1)])],
        )
        self.employer_links = storage.documents(
            "employer_links",
            EmployerLink,
            aggregate="employer_link",
            indexes=[IndexModel([("digest", 1)], sparse=True), IndexModel([("programme_code", 1)])],
        )
        self.fairs = storage.documents("fairs", Fair, aggregate="fair")
        self.visits = storage.documents(
            "visits", Visit, aggregate="visit", indexes=[IndexModel([("fair_id", 1), ("came", 1)])]
        )
        self.runs = storage.documents("runs", Run, aggregate="run", indexes=[IndexModel([("request", 1)], sparse=True)])
        self.turn = Turn(storage)
        self.run_chunks = RunChunks(storage)

    async def programme(self, code: str) -> Programme | None:
        """The definition of a programme, None while it has not arrived."""
        found = await self.programmes.peek(code)
        return None if found is None else found.definition

    async def record(
        self, applicant_id: str, rule: Callable[[Graduate], Change | None], graduates: Changing[Graduate] | None = None
    ) -> Change | None:
        """Let a rule change one graduate, or one of the `graduates` given. Raises what the rule raises."""
        change: Change | None = None

        def decide(graduate: Graduate) -> list[Event] | None:
            nonlocal change
            change = rule(graduate)
            return None if change is None else change.events

        await (graduates or self.graduates).change(applicant_id, decide)
        return change

    async def unmatched(self, programme_code: str) -> list[Graduate]:
        """Holders of certificates in a programme who have not been proposed for a vacancy."""
        return await self.graduates.find(
            {"programme_code": programme_code, "match": None, "withdrawn": False, "certificates.0": {"$exists": True}}
        )

    async def seats_taken(self) -> dict[str, int]:
        """How many seats of each vacancy have been proposed to somebody who has not withdrawn."""
        return {vacancy_id: seats.taken for vacancy_id, seats in (await self.seats()).items()}

    async def seats(self, vacancy_ids: Sequence[str] | None = None) -> dict[str, Seats]:
        """Of each vacancy, or of these, the seats proposed to somebody who has not withdrawn, and those agreed on."""
        which = {"$exists": True} if vacancy_ids is None else {"$in": list(vacancy_ids)}
        return await self._seats(which, by="$match.vacancy_id")

    async def seats_by_employer(self) -> dict[str, Seats]:
        """The same of each employer, as it is written in the proposals."""
        return await self._seats({"$exists": True}, by="$match.employer")

    async def _seats(self, which: dict[str, Any], by: str) -> dict[str, Seats]:
        agreed = {"$setIsSubset": [[party.value for party in Party], {"$ifNull": ["$match.answers.party", []]}]}
        found = await self.graduates.aggregate(
            [
                {"$match": {"match.vacancy_id": which, "withdrawn": False}},
                {
                    "$group": {
                        "_id": by,
                        "taken": {"$sum": 1},
                        "agreed": {"$sum": {"$cond": [agreed, 1, 0]}},
                    }
                },
            ]
        )
        return {one["_id"]: Seats(one["taken"], one["agreed"]) for one in found}

    async def matched(self, programme_code: str) -> list[dict[str, Any]]:
        """Of a programme's graduates who are, or were, proposed for a vacancy: class and matches, as stored."""
        return await self._matches(
            {"programme_code": programme_code, "refused.0": {"$exists": True}},
            {"programme_code": programme_code, "match.vacancy_id": {"$type": "string"}},
        )

    async def matched_with(self, vacancy_id: str) -> list[dict[str, Any]]:
        """Of the graduates who are, or were, proposed for this vacancy, the same."""
        return await self._matches({"refused.vacancy_id": vacancy_id}, {"match.vacancy_id": vacancy_id})

    async def _matches(self, *either: dict[str, Any]) -> list[dict[str, Any]]:
        shown = {"$project": {"programme_code": 1, "class_code": 1, "match": 1, "refused": 1}}
        found = await asyncio.gather(*(self.graduates.aggregate([{"$match": one}, shown]) for one in either))
        return list({one["_id"]: one for some in found for one in some}.values())

    async def placements(self, programme_code: str) -> list[dict[str, Any]]:
        """Of a programme's graduates who were ever employed: answers, what employers said, and when answers came."""
        answered = {"$in": ["$$this.what", ["answer_recorded", "answer_corrected"]]}
        shown = {"class_code": 1, "answers": 1, "confirmations": 1, "match": 1}
        employed = {"programme_code": programme_code, "completed": True, "answers.status": Status.EMPLOYED.value}
        return await self.graduates.aggregate(
            [
                {"$match": employed},
                {"$project": {**shown, "ledger": {"$filter": {"input": "$ledger", "cond": answered}}}},
            ]
        )

    async def links_of(self, wave_id: str) -> dict[str, bool]:
        """Whose link to a wave there is, and whether it works."""
        shown = {"$project": {"applicant_id": 1, "digest": 1}}
        found = await self.links.aggregate([{"$match": {"wave_id": wave_id}}, shown])
        return {one["applicant_id"]: one["digest"] is not None for one in found}

    async def came(self, fair_ids: Sequence[str]) -> dict[str, int]:
        """How many graduates came to each of these fairs; one to which nobody came is left out."""
        those = {"fair_id": {"$in": list(fair_ids)}, "came": True}
        found = await self.visits.aggregate([{"$match": those}, {"$group": {"_id": "$fair_id", "came": {"$sum": 1}}}])
        return {one["_id"]: one["came"] for one in found}

    async def visitors(self, fair_id: str) -> list[Visitor]:
        """The graduates who came to a fair."""
        visits = await self.visits.find({"fair_id": fair_id, "came": True})
        return await self._visitors([one.applicant_id for one in visits])

    async def visitor(self, applicant_id: str) -> Visitor | None:
        """A graduate as those who came are seen."""
        found = await self._visitors([applicant_id])
        return found[0] if found else None

    async def _visitors(self, applicant_ids: Sequence[str]) -> list[Visitor]:
        shown = dict.fromkeys(set(Visitor.model_fields) - {"applicant_id"}, 1)
        found = await self.graduates.aggregate([{"$match": {"_id": {"$in": list(applicant_ids)}}}, {"$project": shown}])
        return [Visitor.model_validate(one) for one in found]

    async def run_of(self, request: str) -> Run | None:
        """The run that a request caused."""
        found = await self.runs.find({"request": request, "done": True}, limit=1)
        return found[0] if found else None

    async def count_proposed(self, run_id: str) -> int:
        """How many a run has proposed."""
        count: int = await guarded(self.graduates.raw.count_documents({"match.run_id": run_id}))
        return count
