"""Queries of vacancies that read what is asked for and not all there ever was."""

from datetime import date
from typing import Any, Final

from services.placement.vacancy import Vacancy
from shared.storage import Documents, IndexModel, guarded

_LATEST: Final = [("terms.closes_on", -1), ("terms.code", 1), ("_id", 1)]
INDEXES: Final = (
    IndexModel([("closing", 1), *_LATEST]),
    IndexModel(_LATEST, partialFilterExpression={"closing.by": {"$exists": True}}),
    IndexModel([("terms.vocation", 1)]),
    IndexModel([("terms.employer", 1), ("terms.seats", 1)]),
)

Where = dict[str, Any]


async def current(vacancies: Documents[Vacancy], today: date) -> list[Vacancy]:
    """Those that nobody has closed and that take applications."""
    return await vacancies.find({"closing": None, "terms.closes_on": {"$gte": today.isoformat()}})


async def over(vacancies: Documents[Vacancy], where: Where, skip: int, limit: int, *, closed: bool) -> list[Vacancy]:
    """Some of those that are over, the last to close first; staff have `closed` them or their day has passed."""
    hint = [*([] if closed else [("closing", 1)]), *_LATEST]  # else the index of a vocation, and sorted in memory
    shown = {"version": 1, "terms": 1, "closing": 1}
    cursor = vacancies.raw.find(where, shown, sort=_LATEST, skip=skip, limit=limit, hint=hint)
    return [Vacancy.model_validate(one) for one in await guarded(cursor.to_list(None))]


async def count(vacancies: Documents[Vacancy], where: Where) -> int:
    found = await vacancies.aggregate([{"$match": where}, {"$count": "found"}])
    return int(found[0]["found"]) if found else 0


async def vocations(vacancies: Documents[Vacancy]) -> list[str]:
    """Those that any vacancy ever asked for."""
    every = await vacancies.aggregate([{"$sort": {"terms.vocation": 1}}, {"$group": {"_id": "$terms.vocation"}}])
    return sorted(one["_id"] for one in every)


async def by_employer(vacancies: Documents[Vacancy]) -> list[dict[str, Any]]:
    """Of each employer, as it is written, how many vacancies and seats it has offered; in order."""
    offered = {"_id": "$terms.employer", "vacancies": {"$sum": 1}, "seats": {"$sum": "$terms.seats"}}
    found = await vacancies.aggregate([{"$sort": {"terms.employer": 1}}, {"$group": offered}])
    return sorted(found, key=lambda one: str(one["_id"]))
