"""Lists of applicants on a real database: any filter, any sort, page by page, each page from one range of an index."""

import asyncio
from itertools import product
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway import sorting
from services.gateway.readmodel import Applicant
from services.gateway.sorting import SORTS, SortName
from tests.conftest import Urls
from tests.integration.gateway_alone import Alone, administrator, alone, user
from tests.integration.gateway_model import a_model, somebody

__all__ = ["alone"]

REASONS = ("no_seat", "under_age", "not_healthy")
CLASSES = ("A", "B|x")
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "total": st.none() | st.sampled_from([40.0, 55.5, 90.25]),
            "rank": st.none() | st.integers(1, 4),
            "second": st.integers(0, 2),
            "class": st.none() | st.sampled_from(CLASSES),
            "outcome": st.sampled_from(["accepted", "reserve", "rejected"]),
            "reasons": st.lists(st.sampled_from(REASONS), unique=True, max_size=2),
        }
    ),
    max_size=25,
)


def expected(people: list[Applicant], sort: SortName, facet: str) -> list[str]:
    """In the order of the sort, ties by number the same way round, and last whoever has no value."""
    ours = [one for one in people if facet in one.facets]
    ours.sort(key=lambda one: (sorting.place(one, sort).value or 0, one.number), reverse=sort.startswith("-"))
    return [one.id for one in sorted(ours, key=lambda one: sorting.place(one, sort).value is None)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_people=PEOPLE, limit=st.integers(1, 7))
def test_all_pages_show_each_applicant_once_and_in_order(
    servers: Urls, given_people: list[dict[str, Any]], limit: int
) -> None:
    people = [somebody(number, said) for number, said in enumerate(given_people, start=1)]

    async def walk() -> None:
        async with a_model(servers) as store:
            unregistered = Applicant(_id="not yet", programme_code="U")
            await asyncio.gather(*(store.applicants.add(one) for one in (*people, unregistered)))
            filters = [sorting.facet(*one) for one in product((None, "accepted"), (None, "B|x"), (None, "no_seat"))]
            for sort, facet in product(SORTS, filters):
                seen: list[str] = []
                behind = None
                while found := await store.page("U", facet, sort, behind, limit):
                    seen += [one.id for one in found]
                    behind = sorting.behind(sorting.cursor(found[-1], sort), sort)
                assert seen == expected(people, sort, facet), (sort, facet)

    asyncio.run(walk())


@pytest.mark.parametrize("sort", SORTS)
async def test_a_page_far_down_reads_nothing_but_what_is_on_it(servers: Urls, sort: SortName) -> None:
    async with a_model(servers) as store:
        said = {"class": "A", "outcome": "accepted", "reasons": ["no_seat"], "second": 1}
        people = [
            somebody(n, {**said, "total": None if n % 5 == 0 else n % 40, "rank": n if n % 7 else None})
            for n in range(1, 401)
        ]
        await asyncio.gather(*(store.applicants.add(one) for one in people))
        facet = sorting.facet("accepted", "A", "no_seat")
        order = expected(people, sort, facet)
        by_id = {one.id: one for one in people}
        for start in (0, 100, 300, 390):
            behind = sorting.place(by_id[order[start - 1]], sort) if start else None
            for where, by in sorting.stretches(sort, behind):
                cursor = store.applicants.raw.find(
                    {"programme_code": "U", "facets": facet, **where}, sort=by, limit=20, hint=sorting.index_of(sort)
                )
                told = await cursor.explain()
                stages = _stages(told["queryPlanner"]["winningPlan"])
                assert "IXSCAN" in stages
                assert not {"COLLSCAN", "SORT"} & stages
                assert told["executionStats"]["totalDocsExamined"] <= 20
                assert told["executionStats"]["totalKeysExamined"] <= 22


def _stages(plan: dict[str, Any]) -> set[str]:
    plan = plan.get("queryPlan", plan)
    inputs = [*plan.get("inputStages", []), *([plan["inputStage"]] if "inputStage" in plan else [])]
    return {plan["stage"]}.union(*map(_stages, inputs))


async def test_an_unknown_sort_names_those_there_are_and_health_is_no_filter_for_everybody(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        for path in ("/programmes/UJI-1/applicants", "/programmes/UJI-1/applicants.xlsx"):
            refused = await admin.get(path, params={"sort": "name"})
            assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
            (error,) = refused.json()["errors"]
            assert error["field"] == "sort"
            assert all(sort in error["detail"] for sort in SORTS)
            token = await user(url, f"viewer-of{path[-5:]}", "viewer")
            health = {"reason": "not_healthy"}
            told = await admin.get(path, params=health, headers={"Authorization": f"Bearer {token}"})
            assert (told.status_code, told.json()["code"]) == (403, "reason_not_allowed")
