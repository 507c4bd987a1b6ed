"""A freed seat goes to the class's first reserve, once, and a class is never overfull."""

from hypothesis import given
from hypothesis import strategies as st

from services.selection.roster import Roster


def roster() -> Roster:
    return Roster(_id="UJI-1/A", seats=2, holders=["a", "b"], reserves=["c", "d"])


def test_the_first_reserve_takes_a_freed_seat_and_nobody_else_moves() -> None:
    one = roster()
    assert one.free("a", promote=True) == "c"
    assert (one.holders, one.reserves) == (["b", "c"], ["d"])


def test_a_repeated_withdrawal_answers_what_the_first_did() -> None:
    one = roster()
    assert [one.free("a", promote=True) for _ in range(3)] == ["c", "c", "c"]
    assert (one.holders, one.reserves) == (["b", "c"], ["d"])


def test_after_the_last_day_for_reserves_a_seat_stays_free() -> None:
    one = roster()
    assert one.free("a", promote=False) is None
    assert (one.holders, one.reserves) == (["b"], ["c", "d"])


def test_a_reserve_who_cannot_be_accepted_is_passed_over_for_the_next() -> None:
    one = roster()
    one.free("a", promote=True)
    assert one.pass_over("c", freed_by="a") == "d"
    assert one.pass_over("c", freed_by="a") == "d"
    assert (one.holders, one.reserves) == (["b", "d"], [])
    assert one.pass_over("d", freed_by="a") is None


def test_who_was_promoted_and_withdrew_has_passed_the_seat_on_already() -> None:
    one = roster()
    one.free("a", promote=True)
    assert one.free("c", promote=True) == "d"
    assert one.pass_over("c", freed_by="a") is None
    assert one.holders == ["b", "d"]


def test_a_reserve_who_withdraws_leaves_the_list() -> None:
    one = roster()
    assert one.free("c", promote=True) is None
    assert one.reserves == ["d"]


def test_the_best_holders_are_among_some_of_them_whoever_was_promoted() -> None:
    one = Roster(_id="UJI-1/A", seats=3, holders=["a", "b", "c"], reserves=["d", "e"])
    assert one.best_holders(2) == ["a", "b"]
    one.free("a", promote=True)
    one.free("b", promote=True)
    assert one.holders == ["c", "d", "e"]
    assert one.best_holders(1) == ["c", "d", "e"]  # who was promoted may have been given the seat by hand


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=12))
def test_seats_never_exceed_capacity_and_nobody_is_there_twice(steps: list[tuple[str, bool]]) -> None:
    one = roster()
    for who, promote in steps:
        one.free(who, promote=promote)
        assert len(one.holders) <= one.seats
        everybody = one.holders + one.reserves
        assert len(everybody) == len(set(everybody))
