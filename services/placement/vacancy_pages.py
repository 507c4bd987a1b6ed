"""Pages of vacancies and of employers: what is over, which only grows, is read as far as a page shows it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from services.placement import vacancy_list, vacancy_queries
from services.placement.store import Store
from services.placement.vacancy import State
from services.placement.vacancy_list import Employer, Listed, Wanted
from shared.cells import word

_SEARCHED = ("code", "employer", "position")


class Page(NamedTuple):
    """`total` is how many there are as wanted, `states` counts all there are."""

    shown: list[Listed]
    total: int
    states: Mapping[State, int]
    vocations: list[str]


async def page(store: Store, wanted: Wanted, skip: int, limit: int, today: date) -> Page:
    """`limit` behind the first `skip`: those of today, the first to close before the others; then what is over, the
    latest first.
    """
    current, vocations = (
        await vacancy_queries.current(store.vacancies, today),
        await vacancy_queries.vocations(store.vacancies),
    )
    offered = vacancy_list.listed(current, await store.seats([one.id for one in current]), today)
    found = [one for one in offered if wanted.wants(one)]
    states, shown, total = Counter(one.state for one in offered), found[skip : skip + limit], len(found)
    for state, those in _over(today).items():
        states[state] = await vacancy_queries.count(store.vacancies, those)
        if wanted.state not in (None, state):
            continue
        asked = {"$and": [those, *_asked(wanted, vocations)]}
        count = await vacancy_queries.count(store.vacancies, asked)
        if len(shown) < limit and skip < total + count:
            behind, most = max(0, skip - total), limit - len(shown)
            some = await vacancy_queries.over(store.vacancies, asked, behind, most, closed=state is State.CLOSED)
            shown += vacancy_list.listed(some, await store.seats([one.id for one in some]), today)
        total += count
    return Page(shown, total, {state: states[state] for state in State}, vocations)


async def employers(store: Store, today: date) -> list[Employer]:
    """By name, in any case and spacing; under the spelling that comes first."""
    current = await vacancy_queries.current(store.vacancies, today)
    offered = vacancy_list.listed(current, await store.seats([one.id for one in current]), today)
    still = Counter(word(one.terms.employer) for one in offered if one.state is State.OPEN)
    found: dict[str, Employer] = {}
    for one in await vacancy_queries.by_employer(store.vacancies):
        mine = found.setdefault(word(one["_id"]), Employer(employer=one["_id"], open=still[word(one["_id"])]))
        mine.vacancies += one["vacancies"]
        mine.seats += one["seats"]
    for employer, seats in (await store.seats_by_employer()).items():
        if word(employer) in found:
            found[word(employer)].seats_taken += seats.taken
            found[word(employer)].seats_agreed += seats.agreed
    return [found[name] for name in sorted(found)]


def _over(today: date) -> dict[State, dict[str, Any]]:
    return {
        State.EXPIRED: {"closing": None, "terms.closes_on": {"$lt": today.isoformat()}},
        # any day: an index serves only who names what it begins with
        State.CLOSED: {"closing.by": {"$exists": True}, "terms.closes_on": {"$gt": ""}},
    }


def _asked(wanted: Wanted, vocations: Sequence[str]) -> list[dict[str, Any]]:
    """What is wanted, as the database asks for it; see Wanted.wants."""
    asked: list[dict[str, Any]] = []
    if wanted.vocation:
        asked.append({"terms.vocation": {"$in": [one for one in vocations if word(one) == word(wanted.vocation)]}})
    if wanted.closes_from is not None:
        asked.append({"terms.closes_on": {"$gte": wanted.closes_from.isoformat()}})
    for part in word(wanted.search).split():
        written = {"$regex": re.escape(part), "$options": "i"}
        asked.append({"$or": [{f"terms.{field}": written} for field in _SEARCHED]})
    return asked
