"""Seats go to whoever ranks higher, and nobody can point at a class that took someone behind them."""

import tracemalloc
from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.selection.allocation import Candidate, Placed, allocate, ranking
from shared.contracts.registration import Programme
from shared.contracts.selection import Outcome
from tests.builders import candidate, programme

CODES = ("A", "B", "C")


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    people = draw(st.integers(0, 14))
    return [
        candidate(
            number,
            draw(st.sampled_from([None, "40", "54.99", "55", "60", "60.5", "90"])),
            choices=tuple(draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))),
            willing_to_move=draw(st.booleans()),
            written=Decimal(draw(st.sampled_from(["40", "60", "80"]))),
        )
        for number in range(people)
    ]


seat_counts = st.fixed_dictionaries({code: st.integers(1, 4) for code in CODES})


def test_the_higher_total_ranks_first_then_written_then_registration() -> None:
    first = candidate(9, "80", written=Decimal(90))
    second = candidate(3, "80", written=Decimal(70))
    third = candidate(5, "80", written=Decimal(70))
    assert list(ranking([third, second, candidate(1, None), first])) == [first, second, third]


def test_a_full_first_choice_gives_the_second_and_then_any_class_for_the_willing() -> None:
    people = [
        candidate(1, "90", choices=("A",)),
        candidate(2, "80", choices=("A", "B")),
        candidate(3, "70", choices=("A", "B"), willing_to_move=True),
        candidate(4, "60", choices=("A", "B")),
    ]
    outcome = {one.applicant_id: one for one in allocate(programme({"A": 1, "B": 1, "C": 1}), people)}
    assert [outcome[f"a000{n}"].class_code for n in (1, 2, 3)] == ["A", "B", "C"]
    assert outcome["a0004"] == Placed("a0004", Outcome.RESERVE, "A", 4)


def test_reserve_places_are_one_class_a_person_and_only_in_stated_choices() -> None:
    people = [candidate(n, str(90 - n), choices=("A", "B"), willing_to_move=True) for n in range(1, 8)]
    outcome = allocate(programme({"A": 1, "B": 1, "C": 1}), people)
    reserves = [(one.applicant_id, one.class_code) for one in outcome if one.outcome is Outcome.RESERVE]
    assert reserves == [("a0004", "A"), ("a0005", "B")]
    assert [one.reasons for one in outcome if one.applicant_id in ("a0006", "a0007")] == [("no_seat",)] * 2


def test_below_the_pass_mark_and_absent_people_are_rejected_with_the_reason() -> None:
    outcome = allocate(programme(), [candidate(1, "54.99"), candidate(2, None), candidate(3, "55")])
    assert {one.applicant_id: (one.outcome, one.reasons) for one in outcome} == {
        "a0001": (Outcome.REJECTED, ("below_pass_mark",)),
        "a0002": (Outcome.REJECTED, ("absent",)),
        "a0003": (Outcome.ACCEPTED, ()),
    }


@given(candidates(), seat_counts)
def test_everybody_gets_one_outcome_and_no_class_is_overfull(people: list[Candidate], seats: dict[str, int]) -> None:
    outcome = allocate(programme(seats), people)
    assert Counter(one.applicant_id for one in outcome) == Counter(one.applicant_id for one in people)
    accepted = Counter(one.class_code for one in outcome if one.outcome is Outcome.ACCEPTED)
    reserves = Counter(one.class_code for one in outcome if one.outcome is Outcome.RESERVE)
    assert all(accepted[code] <= seats[code] and reserves[code] <= 1 for code in CODES)


@given(candidates(), seat_counts)
def test_nobody_can_point_at_a_class_that_took_someone_behind_them(
    people: list[Candidate], seats: dict[str, int]
) -> None:
    outcome = {one.applicant_id: one for one in allocate(programme(seats), people)}
    by_id = {one.applicant_id: one for one in people}
    accepted = Counter(one.class_code for one in outcome.values() if one.outcome is Outcome.ACCEPTED)
    for mine in outcome.values():
        me = by_id[mine.applicant_id]
        if mine.rank is None:
            continue
        wishes = [*me.choices, *(code for code in seats if me.willing_to_move and code not in me.choices)]
        got = wishes.index(mine.class_code) if mine.outcome is Outcome.ACCEPTED and mine.class_code else len(wishes)
        for better in wishes[:got]:
            assert accepted[better] == seats[better]
            assert all(
                one.rank is not None and one.rank < mine.rank
                for one in outcome.values()
                if one.outcome is Outcome.ACCEPTED and one.class_code == better
            )


@given(candidates(), seat_counts)
def test_the_order_of_the_list_does_not_matter(people: list[Candidate], seats: dict[str, int]) -> None:
    assert set(allocate(programme(seats), people)) == set(allocate(programme(seats), people[::-1]))


def deferred_acceptance(offered: Programme, people: list[Candidate]) -> dict[str, str]:
    """Who is accepted where: everybody asks at their classes in turn, and a class lets go of its last for a better."""
    seats = {one.code: one.seats for one in offered.classes}
    held: dict[str, list[Candidate]] = {code: [] for code in seats}
    best = list(ranking([one for one in people if one.total is not None and one.total >= offered.selection.pass_mark]))
    others = {one: [code for code in seats if one.willing_to_move and code not in one.choices] for one in best}
    asking = {one: [*one.choices, *others[one]] for one in best}
    free = best[::-1]  # the worst asks first, so that there is something to let go of
    while free:
        one = free.pop(0)
        if asking[one]:
            code = asking[one].pop(0)
            held[code] = sorted([*held[code], one], key=best.index)
            free += held[code][seats[code] :]
            held[code] = held[code][: seats[code]]
    return {one.applicant_id: code for code, holders in held.items() for one in holders}


@given(candidates(), seat_counts)
def test_the_seats_are_those_of_deferred_acceptance(people: list[Candidate], seats: dict[str, int]) -> None:
    outcome = allocate(programme(seats), people)
    accepted = {one.applicant_id: one.class_code for one in outcome if one.outcome is Outcome.ACCEPTED}
    assert accepted == deferred_acceptance(programme(seats), people)


def test_everybodys_outcome_is_told_again_and_again() -> None:
    outcome = allocate(programme(), [candidate(1), candidate(2, "40"), candidate(3, None)])
    assert [one.applicant_id for one in outcome] == [one.applicant_id for one in outcome] == ["a0001", "a0002", "a0003"]


def test_what_it_finds_takes_far_less_memory_than_an_object_for_everybody() -> None:
    people = [candidate(number, str(number % 100)) for number in range(10_000)]
    tracemalloc.start()
    try:
        assert sum(one.rank is not None for one in allocate(programme({"A": 16}), people)) == 4_500
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / len(people) < 60  # bytes; an outcome alone is 80
