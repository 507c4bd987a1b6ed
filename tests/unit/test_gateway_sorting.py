"""Lists of applicants: what finds whom, and where a page begins."""

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import sorting
from services.gateway.readmodel import Applicant
from services.gateway.sorting import SORTS, SortName
from shared.problems import Invalid

VALUES = st.none() | st.floats(0, 100) | st.integers(1, 10**6)


@given(st.sampled_from(SORTS), VALUES, st.integers(0, 10**9))
def test_a_cursor_leads_to_where_it_was_given(sort: SortName, value: float | None, number: int) -> None:
    decision = {"outcome": "rejected", "stage": "ranking", "class_code": None, "total": None, "order": (1, 0)}
    held: dict[str, Any] = {"rank": None if value is None else int(value), "reasons": []}
    scores = {"total": value, "absent": False}
    last = Applicant.model_validate(
        {"_id": "a", "number": number, "registered_us": 7, "scores": scores, "decision": {**decision, **held}}
    )
    assert sorting.behind(sorting.cursor(last, sort), sort) == sorting.place(last, sort)


@given(st.text(), st.sampled_from(SORTS))
def test_a_cursor_that_we_did_not_give_is_refused_and_never_an_error(cursor: str, sort: SortName) -> None:
    with contextlib.suppress(Invalid):
        sorting.behind(cursor, sort)


def test_a_cursor_of_a_list_in_another_order_is_refused() -> None:
    given_for_totals = sorting.cursor(Applicant(_id="a", number=3), "total")
    with pytest.raises(Invalid):
        sorting.behind(given_for_totals, "-total")


def test_the_facets_of_an_applicant_are_those_that_any_filter_would_ask_for() -> None:
    found = sorting.facets("rejected", "LAS", ["no_seat", "absent"])
    asked = [sorting.facet(*one) for one in product((None, "rejected"), (None, "LAS"), (None, "no_seat", "absent"))]
    assert sorted(found) == sorted(asked)
    assert len(set(found)) == len(found) == 12
    assert sorting.facets("passed", None, []) == ["||", "passed||"]


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 10**6))
def test_times_sort_as_their_microseconds(at: datetime, more: int) -> None:
    with contextlib.suppress(OverflowError):
        assert sorting.microseconds(at + timedelta(microseconds=more)) == sorting.microseconds(at) + more
