"""What a run brings class by class, and how two runs differ."""

from services.selection.allocation import allocate
from services.selection.results import Placing, differences, per_class, placings
from services.selection.run import input_row, outcome_row
from tests.builders import candidate, programme

RULES = programme({"A": 2, "B": 1})


def run(*totals: str | None) -> list[Placing]:
    people = [candidate(number, total, choices=("A", "B")) for number, total in enumerate(totals, start=1)]
    outcome = allocate(RULES, people)
    return placings(map(input_row, people), map(outcome_row, outcome))


def test_a_class_tells_its_cut_off_and_who_wanted_it_most() -> None:
    a, b = per_class(RULES, run("90", "80", "70", "60", "50", None))
    assert (a.accepted, a.reserve, a.first_choice, a.cut_off) == (2, 1, 2, 80.0)
    assert (b.accepted, b.reserve, b.first_choice, b.cut_off) == (1, 0, 0, 70.0)


def test_a_class_that_nobody_got_into_has_no_cut_off() -> None:
    assert [one.cut_off for one in per_class(RULES, run("50", None))] == [None, None]


def test_everybody_is_listed_in_ranking_order_and_whoever_has_no_rank_last() -> None:
    found = run("50", "80", None, "90")
    assert [one.registration_no[-4:] for one in found] == ["0004", "0002", "0001", "0003"]
    assert [(one.rank, one.choice, one.reasons) for one in found] == [
        *((1, 1, []), (2, 1, []), (None, None, ["below_pass_mark"]), (None, None, ["absent"])),
    ]


def test_of_two_runs_those_are_told_whom_they_place_differently_who_gets_in_first() -> None:
    before, after = run("90", "80", "70", "60"), run("90", "56", "70", "60")
    found = differences(before, after)
    assert [
        (one.registration_no[-4:], one.first and one.first.outcome, one.second and one.second.outcome) for one in found
    ] == [
        ("0003", "accepted", "accepted"),  # from B to A
        ("0004", "reserve", "accepted"),
        ("0002", "accepted", "reserve"),
    ]
    assert differences(before, before) == []


def test_who_is_in_one_run_alone_differs_too() -> None:
    found = differences(run("90"), run("90", "80"))
    assert [(one.applicant_id, one.first) for one in found] == [("a0002", None)]
