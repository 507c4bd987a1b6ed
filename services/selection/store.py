"""Selection's collections and its named queries."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.selection.applicant import Applicant
from services.selection.person import Person
from services.selection.programme import Deciding, OpenProgramme
from services.selection.roster import Filled, Roster
from services.selection.run import Run
from shared.contracts.selection import Outcome
from shared.run_chunks import RunChunks
from shared.storage import IndexModel, Storage, StorageAway, guarded

_ASKED = 10_000  # ids in one query, which may hold 16 MB as well
_COMPARED = 500
_TO_COMPARE = dict.fromkeys(("registration_no", "person_id", "facts", "screening", "overruled", "scores"), 1)
_RANKED = 200
_TO_RANK = dict.fromkeys(
    ("registration_no", "registered_at", "person_id", "facts", "overruled", "scores", "programme_code"), 1
)
_IN_PROGRAMME = [("programme_code", 1)]
_SHOW_EVERY_S = 1.0
_UNSEEN_MS = 4_000  # twice at it costs, but is not wrong: every step may be repeated
_UNFINISHED = {"decision": {"$ne": None}, "decision.state": {"$ne": Deciding.DONE}}
_SEEN = {"$gte": [{"$ifNull": ["$deciding_seen", 0]}, {"$subtract": ["$$NOW", _UNSEEN_MS]}]}
_COUNTED = 1_000  # of those who lack scores; beyond that only "more" is told

# who is to be scored, by number: LPKS-2025-10000 behind LPKS-2025-9999
_BY_NUMBER = {"locale": "en", "numericOrdering": True}
_TO_BE_SCORED = {"screening.passed": True, "withdrawn": False}
_LISTED = dict.fromkeys(("registration_no", "facts", "scores", "decision"), 1)
_NO_LEDGER = {"ledger": 0, "outbox": 0}
_UNSCORED = {**_TO_BE_SCORED, "scores": None}
_ACCEPTED = {"decision.outcome": Outcome.ACCEPTED.value, "withdrawn": False}


@dataclass
class HowFar:
    """Of how many applicants of a decision the outcome is written."""

    told: int = 0
    of: int = 0


def _by_number(name: str, those: dict[str, Any]) -> IndexModel:
    keys = [("programme_code", 1), ("registration_no", 1)]
    return IndexModel(keys, name=name, collation=_BY_NUMBER, partialFilterExpression=those)


def _size(field: str) -> dict[str, Any]:
    return {"$size": {"$ifNull": [f"${field}", []]}}  # a class that was filled long ago may lack it


class Store:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.programmes = storage.documents("programmes", OpenProgramme, aggregate="programme")
        self.applicants = storage.documents(
            "applicants",
            Applicant,
            aggregate="applicant",
            indexes=[
                IndexModel(_IN_PROGRAMME),
                IndexModel([("person_id", 1)]),
                _by_number("to_be_scored", _TO_BE_SCORED),
                _by_number("unscored", _UNSCORED),
                # whole conditions, so that who got their first choice is counted without reading anybody
                IndexModel(
                    [(name, 1) for name in ("programme_code", *_ACCEPTED, "decision.class_code", "facts.choices.0")],
                    name="accepted_by_choice",
                    partialFilterExpression=_ACCEPTED,
                ),
            ],
        )
        self.persons = storage.documents("persons", Person, aggregate="person")
        self.rosters = storage.documents(
            "rosters",
            Roster,
            aggregate="roster",
            indexes=[IndexModel([("programme_code", 1)]), IndexModel([("offers.applicant_id", 1)])],
        )
        self.runs = storage.documents(
            "runs", Run, aggregate="run", indexes=[IndexModel([("programme_code", 1), ("at", -1)])]
        )
        self.run_chunks = RunChunks(storage)

    async def ids_in(self, programme_code: str) -> list[str]:
        """The applicants of a programme."""
        return await self._ids({"programme_code": programme_code})

    async def ids_of(self, person_ids: Sequence[str]) -> list[str]:
        """The registrations of these people, in every programme."""
        found = []
        for start in range(0, len(person_ids), _ASKED):
            found += await self._ids({"person_id": {"$in": person_ids[start : start + _ASKED]}})
        return found

    async def awaiting_selection(self, programme_code: str) -> AsyncIterator[list[Applicant]]:
        """Those the programme's selection is about, passed and not withdrawn, without their ledgers, some hundred at a
        time: to read, not to save.
        """
        where = {"programme_code": programme_code, **_TO_BE_SCORED}
        cursor = self.applicants.raw.find(where, _TO_RANK, batch_size=_RANKED)
        while batch := await guarded(cursor.to_list(_RANKED)):
            yield [Applicant.model_validate(found) for found in batch]

    async def not_ready(self, programme_code: str) -> tuple[list[str], list[str]]:
        """Of those the selection is about, the ids of who has no score row, and of whose registration is not known."""
        lacks = {"$or": [{"scores": None}, {"registered_at": None}]}
        where = {"programme_code": programme_code, **_TO_BE_SCORED, **lacks}
        found = await guarded(self.applicants.raw.find(where, {"scores": 1}, hint=_IN_PROGRAMME).to_list(None))
        missing = [one["_id"] for one in found if one["scores"] is None]
        return missing, [one["_id"] for one in found if one["scores"] is not None]

    async def screened_in(self, programme_code: str) -> AsyncIterator[list[Applicant]]:
        """Those who have not withdrawn, without their ledgers, a few hundred at a time: to read, not to save."""
        where = {"programme_code": programme_code, "withdrawn": False}
        cursor = self.applicants.raw.find(where, _TO_COMPARE, batch_size=_COMPARED)
        while batch := await guarded(cursor.to_list(_COMPARED)):
            yield [Applicant.model_validate(found) for found in batch]

    async def to_be_scored(
        self, programme_code: str, *, class_code: str | None, missing: bool, after: str, limit: int
    ) -> list[Applicant]:
        """Those who have passed, by registration number from behind `after`, without their ledgers.

        `class_code` is their first choice; `missing` leaves those who lack scores.
        """
        those, index = (_UNSCORED, "unscored") if missing else (_TO_BE_SCORED, "to_be_scored")
        where = {"programme_code": programme_code, **those, "registration_no": {"$gt": after}}
        if class_code is not None:
            where["facts.choices.0"] = class_code
        cursor = self.applicants.raw.find(
            where, _NO_LEDGER, sort=[("registration_no", 1)], limit=limit, hint=index
        ).collation(_BY_NUMBER)
        return [Applicant.model_validate(found) for found in await guarded(cursor.to_list(limit))]

    async def as_listed(self, applicant_ids: Sequence[str]) -> dict[str, Applicant]:
        """Some hundred applicants with what lists show of them; ledgers are long."""
        found = await guarded(self.applicants.raw.find({"_id": {"$in": list(applicant_ids)}}, _LISTED).to_list(None))
        return {one["_id"]: Applicant.model_validate(one) for one in found}

    async def unscored(self, programme_code: str) -> int:
        """How many of them lack scores; a thousand and one stands for more."""
        where = {"programme_code": programme_code, **_UNSCORED}
        return int(
            await guarded(
                self.applicants.raw.count_documents(where, hint="unscored", collation=_BY_NUMBER, limit=_COUNTED + 1)
            )
        )

    async def offering(self) -> list[str]:
        """The classes in which a seat is offered to somebody."""
        where = {"offers.applicant_id": {"$gt": ""}}
        found = await guarded(self.rosters.raw.find(where, {"_id": 1}).to_list(None))
        return [str(one["_id"]) for one in found]

    async def filled(self, programme_code: str) -> dict[str, Filled]:
        """How far each class is filled, by its code; of its people only those who may be the last to have got in."""
        shown = {
            "class_code": 1,
            "accepted": {"$size": "$holders"},
            "offered": _size("offers"),
            "waiting": {"$size": "$reserves"},
            "last": {"$slice": ["$holders", {"$subtract": [-1, _size("promotions")]}]},
        }
        found = await self.rosters.aggregate([{"$match": {"programme_code": programme_code}}, {"$project": shown}])
        return {one["class_code"]: Filled.model_validate(one) for one in found}

    async def first_choices(self, programme_code: str, class_codes: Iterable[str]) -> dict[str, int]:
        """How many of those who are accepted in these classes wanted theirs most, by its code."""
        accepted = {"programme_code": programme_code, **_ACCEPTED}
        return await self.applicants.count_each(
            {code: {**accepted, "decision.class_code": code, "facts.choices.0": code} for code in class_codes}
        )

    async def latest_runs(self, programme_code: str, limit: int) -> list[Run]:
        """Simulations and the decision, the latest first; without rules and ledgers, to be told and not to be saved."""
        where, fields = {"programme_code": programme_code}, {"definition": 0, **_NO_LEDGER}
        cursor = self.runs.raw.find(where, fields, sort=[("at", -1)], limit=limit)
        return [Run.model_validate(found) for found in await guarded(cursor.to_list(limit))]

    async def interrupted_decisions(self) -> list[str]:
        """The codes of programmes whose decision was begun, is not finished, and is carried out by nobody."""
        found = await self.programmes.find({**_UNFINISHED, "$expr": {"$not": _SEEN}})
        return [one.id for one in found]

    async def is_seen_deciding(self, programme_code: str) -> bool:
        """Whether somebody carries out the programme's decision, or did a moment ago."""
        where = {"_id": programme_code, **_UNFINISHED, "$expr": _SEEN}
        return await guarded(self.programmes.raw.find_one(where, {"_id": 1})) is not None

    async def how_far(self, programme_code: str) -> HowFar | None:
        """How far a decision is that is being carried out."""
        found = await guarded(self.programmes.raw.find_one({"_id": programme_code}, {"deciding_told": 1}))
        return HowFar(**found["deciding_told"]) if found and found.get("deciding_told") else None

    @contextlib.asynccontextmanager
    async def seen_deciding(self, programme_code: str) -> AsyncIterator[HowFar]:
        """Show, by the database's clock, that the decision is being carried out, as long as the block runs, and how
        far it is; the block tells that.
        """
        far = HowFar()
        showing = asyncio.create_task(self._show_deciding(programme_code, far))
        try:
            yield far
        finally:
            showing.cancel()
            await asyncio.wait({showing})
            with contextlib.suppress(StorageAway):
                unseen = {"$unset": {"deciding_seen": True, "deciding_told": True}}
                await guarded(self.programmes.raw.update_one({"_id": programme_code}, unseen))

    async def _show_deciding(self, programme_code: str, far: HowFar) -> None:
        while True:
            seen = {"$currentDate": {"deciding_seen": True}, "$set": {"deciding_told": asdict(far)}}
            with contextlib.suppress(StorageAway):
                await guarded(self.programmes.raw.update_one({"_id": programme_code}, seen))
            await asyncio.sleep(_SHOW_EVERY_S)

    async def _ids(self, where: dict[str, Any]) -> list[str]:
        found = await guarded(self.applicants.raw.find(where, {"_id": 1}).to_list(None))
        return [str(one["_id"]) for one in found]
