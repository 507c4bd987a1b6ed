"""Who is registered: one submission per person, inside the window, numbered in order of submission."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.admission import Submission, admit, outside, registration_no, shared_phones, unused
from services.registration.cleaning import clean
from shared.cells import JAKARTA, moment
from shared.contracts.registration import Window
from tests.unit.registration_examples import ON, PROGRAMME, ROW

WINDOW = Window(opens=date(2026, 1, 5), closes=date(2026, 1, 30))
CLEANED = clean(ROW, PROGRAMME, ON)


def submission(row: int, at: str, person_id: str, phone: str | None = None) -> Submission:
    return Submission(
        row, moment(at), person_id, CLEANED if phone is None else clean({**ROW, "phone": phone}, PROGRAMME, ON)
    )


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-01-04 23:59:59", "not_open"),
        ("2026-01-05", None),
        ("2026-01-30 23:59:59", None),
        ("2026-01-31", "closed"),
        ("2026-01-30T17:00:00Z", "closed"),
        ("2026-01-04T17:00:00Z", None),
    ],
)
def test_the_window_closes_at_the_end_of_its_last_day_in_jakarta(at: str, reason: str | None) -> None:
    assert outside(WINDOW, moment(at)) == reason


def test_the_first_submission_counts_whatever_its_row() -> None:
    late, early = submission(2, "2026-01-10", "ani"), submission(9, "2026-01-09", "ani")
    result = admit([late, early], (), WINDOW)
    assert (result.admitted, result.repeated) == ([early], [late])


def test_the_earlier_row_counts_at_the_same_moment() -> None:
    second, first = submission(3, "2026-01-10", "ani"), submission(2, "2026-01-10", "ani")
    assert admit([second, first], (), WINDOW).admitted == [first]


def test_duplicates_are_judged_before_the_window() -> None:
    again, stranger = submission(2, "2026-02-10", "ani"), submission(3, "2026-02-10", "budi")
    result = admit([again, stranger], {"ani"}, WINDOW)
    assert result.repeated == [again]
    assert result.refused == [(stranger, "closed")]


def test_a_submission_outside_the_window_does_not_use_up_the_persons_turn() -> None:
    early, timely = submission(2, "2026-01-01", "ani"), submission(3, "2026-01-06", "ani")
    result = admit([early, timely], (), WINDOW)
    assert result.admitted == [timely]
    assert result.refused == [(early, "not_open")]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdefgh")), max_size=30),
    st.sets(st.sampled_from("abcdefgh")),
)
def test_everybody_is_judged_once_and_registered_at_most_once(rows: list[tuple[int, str]], known: set[str]) -> None:
    start = datetime(2026, 1, 1, tzinfo=JAKARTA)
    given_in = [
        Submission(row, start + timedelta(days=days), person, CLEANED) for row, (days, person) in enumerate(rows)
    ]
    result = admit(given_in, known, WINDOW)
    judged = [*result.admitted, *result.repeated, *(one for one, _ in result.refused)]
    people = [one.person_id for one in result.admitted]
    assert sorted(one.row for one in judged) == [one.row for one in given_in]
    assert len(people) == len(set(people)) and known.isdisjoint(people)
    assert [one.at for one in result.admitted] == sorted(one.at for one in result.admitted)
    assert admit(given_in, known | set(people), WINDOW).admitted == []


def test_a_phone_number_two_people_gave_is_noticed() -> None:
    rows = [
        submission(2, "2026-01-10", "ani", "081300000912"),
        submission(3, "2026-01-10", "budi", "+62 813 0000 0912"),
        submission(4, "2026-01-10", "cici", "081355512345"),
        submission(5, "2026-01-11", "cici", "081355512345"),
        submission(6, "2026-01-11", "dewi", "081377700111"),
        submission(7, "2026-01-11", "eka", "-"),
        submission(8, "2026-01-11", "fina", "-"),
    ]
    assert shared_phones(rows, {"+6281377700111": "somebody"}) == {2, 3, 6}


def test_numbers_have_four_digits_or_more() -> None:
    assert registration_no("LPKS-2025", 1) == "LPKS-2025-0001"
    assert registration_no("LPKS-2025", 12345) == "LPKS-2025-12345"


def test_numbers_an_interrupted_import_left_open_are_found() -> None:
    assert unused({1, 2, 4, 7}, above=0, last=8) == [3, 5, 6, 8]
    assert unused(set(), above=0, last=0) == []


def test_numbers_that_may_have_been_given_before_a_restore_are_not_open() -> None:
    assert unused({1, 2, 4, 1001, 1003}, above=1000, last=1004) == [1002, 1004]
