"""Who applied, and who got a place: by age, gender and where they live. Counts alone; it names nobody."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from services.gateway import stages
from services.gateway.readmodel import Applicant
from services.gateway.stages import Stage

# the first year of each band of ages, at the training's start
AGES = (0, 18, 20, 25, 30, 35, 40, 50)
Group = tuple[str, str]  # what people are grouped by, and the group
_ALL: Group = ("all", "")
_ELSEWHERE: Group = ("elsewhere", "")
_BETWEEN = "|"
_LONGEST_PLACE = 60  # of a district, which people write as they like
MOST_PLACES = 30


class Counted(BaseModel):
    """Of a group: who registered, and who of them holds a place, or has completed from one."""

    registered: int = 0
    accepted: int = 0


class AgeBand(Counted):
    """Ages from `youngest` to `oldest`; None: no limit."""

    youngest: int
    oldest: int | None


class Place(Counted):
    """`district` is None where nobody stated one."""

    city: str
    district: str | None


class Portrait(BaseModel):
    """Everybody who registered, three times over. Of places the MOST_PLACES with the most people; `elsewhere` has the
    others together.
    """

    registered: int = 0
    accepted: int = 0
    gender: dict[str, Counted] = {}
    ages: list[AgeBand] = []
    places: list[Place] = []
    elsewhere: Counted = Counted()


def together(portraits: Iterable[Portrait]) -> Portrait:
    """Several programmes' portraits as one: people who registered in two of them are counted twice."""
    registered: Counter[Group] = Counter()
    accepted: Counter[Group] = Counter()
    for one in portraits:
        for group, counted in _groups(one):
            registered[group] += counted.registered
            accepted[group] += counted.accepted
    return _assembled(registered, accepted)


def portrait(applicant: Applicant) -> str:
    """Somebody as they are counted; few are different."""
    accepted = Stage.ACCEPTED.value if Stage.ACCEPTED.value in stages.counted_in(applicant) else ""
    band = max(first for first in AGES if first <= max(applicant.age, 0))
    places = (one.replace(_BETWEEN, " ")[:_LONGEST_PLACE] for one in (applicant.city, applicant.district or ""))
    return _BETWEEN.join((accepted, applicant.gender, str(band), *places))


def pipeline(programme_code: str, block: int) -> list[dict[str, Any]]:
    """The aggregation over a block of applicants whose rows `grouped` takes; an index holds all it needs."""
    return [
        {"$match": {"programme_code": programme_code, "block": block, "portrait": {"$gt": ""}}},
        {"$group": {"_id": "$portrait", "people": {"$sum": 1}}},
    ]


def grouped(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The groups of rows `{_id: portrait, people}`, of which there are far fewer: rows that `assemble` takes."""
    registered: Counter[Group] = Counter()
    accepted: Counter[Group] = Counter()
    for row in rows:
        got_in, gender, age, city, district = row["_id"].split(_BETWEEN)
        for group in (_ALL, ("gender", gender), ("age", age), ("place", city + _BETWEEN + district)):
            registered[group] += row["people"]
            accepted[group] += row["people"] if got_in else 0
    return [{"_id": group, "registered": registered[group], "accepted": accepted[group]} for group in registered]


def assemble(rows: Iterable[Mapping[str, Any]]) -> Portrait:
    """The portrait from rows `{_id: group, registered, accepted}`, one a group."""
    counted = {(row["_id"][0], row["_id"][1]): row for row in rows}
    registered = Counter({group: row["registered"] for group, row in counted.items()})
    return _assembled(registered, Counter({group: row["accepted"] for group, row in counted.items()}))


def _groups(one: Portrait) -> Iterator[tuple[Group, Counted]]:
    yield _ALL, Counted(registered=one.registered, accepted=one.accepted)
    yield _ELSEWHERE, one.elsewhere
    for gender, counted in one.gender.items():
        yield ("gender", gender), counted
    for band in one.ages:
        yield ("age", str(band.youngest)), band
    for place in one.places:
        yield ("place", place.city + _BETWEEN + (place.district or "")), place


def _assembled(registered: Counter[Group], accepted: Counter[Group]) -> Portrait:
    def of(kind: str) -> dict[str, dict[str, int]]:
        groups = [group for group, _ in registered.most_common() if group[0] == kind]
        return {group[1]: {"registered": registered[group], "accepted": accepted[group]} for group in groups}

    ages, places = of("age"), list(of("place").items())
    rest = [*(counted for _, counted in places[MOST_PLACES:]), *of(_ELSEWHERE[0]).values()]
    return Portrait.model_validate(
        {
            "registered": registered[_ALL],
            "accepted": accepted[_ALL],
            "gender": of("gender"),
            "ages": [
                {"youngest": first, "oldest": then and then - 1, **ages[str(first)]}
                for first, then in zip(AGES, (*AGES[1:], None), strict=True)
                if str(first) in ages
            ],
            "places": [_placed(where) | counted for where, counted in places[:MOST_PLACES]],
            "elsewhere": {name: sum(counted[name] for counted in rest) for name in Counted.model_fields},
        }
    )


def _placed(where: str) -> dict[str, Any]:
    city, _, district = where.partition(_BETWEEN)
    return {"city": city, "district": district or None}
