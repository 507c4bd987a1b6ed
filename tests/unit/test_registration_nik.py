"""NIKs are cleaned as people write them, and contradict nobody out of a registration."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.nik import born, clean, differences
from shared.cells import BadCell, Cell
from shared.contracts.registration import Gender

NIK = "3375014107900012"  # a woman born on 1 July 1990


@pytest.mark.parametrize(
    "cell",
    [
        NIK,
        f" {NIK} ",
        f"'{NIK}",
        f"\u2019{NIK}",
        f"\u2018{NIK}\u2019",
        "3375 0141 0790 0012",
        "337501.410790.0012",
        "3375\u00a00141\u00a00790\u00a00012",
        f"\ufeff{NIK}",
    ],
)
def test_spaces_dots_and_apostrophes_are_stripped(cell: str) -> None:
    assert clean(cell) == NIK


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "missing"),
        ("  ", "missing"),
        ("'", "missing"),
        (int(NIK), "nik_numeric"),
        (float(NIK), "nik_numeric"),
        (True, "nik_numeric"),
        ("3,37504E+15", "nik_numeric"),
        ("3.37504e+15", "nik_numeric"),
        ("33750A4107900012", "nik_not_digits"),
        ("٣٣٧٥٠١٤١٠٧٩٠٠٠١٢", "nik_not_digits"),
        (NIK[:-1], "nik_length"),
        (NIK + "1", "nik_length"),
        ("3375010007900012", "nik_date"),
        ("3375013202900012", "nik_date"),
        ("3375014013900012", "nik_date"),
        ("3375013002900012", "nik_date"),
        ("3375012902910012", "nik_date"),
        ("3375017202900012", "nik_date"),
        ("3375013104900012", "nik_date"),
    ],
)
def test_an_unusable_nik_is_refused_with_a_reason(cell: Cell, reason: str) -> None:
    with pytest.raises(BadCell) as caught:
        clean(cell)
    assert caught.value.reason == reason


@pytest.mark.parametrize("nik", ["3375012902000012", "3375016902040012"])
def test_29_february_stands_in_a_leap_year(nik: str) -> None:
    assert clean(nik) == nik


@given(st.dates(date(1930, 1, 1), date(2029, 12, 31)), st.sampled_from(Gender), st.integers(1, 9999))
def test_a_nik_agrees_with_the_person_it_was_made_for(birth: date, gender: Gender, serial: int) -> None:
    day = birth.day + (40 if gender is Gender.FEMALE else 0)
    nik = f"337501{day:02d}{birth:%m%y}{serial:04d}"
    assert clean(nik) == nik
    assert born(nik) == (birth.day, birth.month, birth.year % 100, gender)
    assert differences(nik, birth, gender) == []


def test_disagreement_warns() -> None:
    assert differences(NIK, date(1990, 7, 2), Gender.FEMALE) == ["nik_birth_date_differs"]
    assert differences(NIK, date(1990, 7, 1), Gender.MALE) == ["nik_gender_differs"]
