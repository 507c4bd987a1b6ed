"""How long ago an event happened, as far as its headers tell."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import meta


def test_the_age_of_an_event_is_counted_from_its_time_and_is_never_less_than_nothing() -> None:
    now = datetime.now(UTC)
    assert meta.age_s({"ce-time": (now - timedelta(minutes=2)).isoformat()}) == pytest.approx(120, abs=5)
    assert meta.age_s({"ce-time": (now + timedelta(minutes=2)).isoformat()}) == 0


@pytest.mark.parametrize("told", ["", "yesterday", None, 7, b"\xff", "2030-01-01T00:00:00"])
def test_a_time_that_is_none_tells_no_age(told: object) -> None:
    assert meta.age_s({"ce-time": told}) is None
    assert meta.age_s({}) is None
