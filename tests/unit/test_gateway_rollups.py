"""How often funnels are counted."""

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.rollups import rest_after


@given(st.floats(0, 0.75))
def test_what_changes_while_a_count_runs_is_in_the_next_one_within_two_seconds(took_s: float) -> None:
    assert took_s + rest_after(took_s) + took_s <= 2.0001


@given(st.floats(0, 100))
def test_counting_rests_half_a_second_at_least_and_mostly_three_times_as_long(took_s: float) -> None:
    assert rest_after(took_s) >= 0.5
    assert rest_after(took_s) >= 3 * took_s or took_s >= 0.4
