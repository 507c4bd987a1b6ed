"""How cells of spreadsheets and forms are read."""

import contextlib
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cells import JAKARTA, BadCell, Cell, day, moment, number, text, whole, word, yes


def reason(read: object, cell: Cell) -> str:
    with pytest.raises(BadCell) as caught:
        read(cell)  # type: ignore[operator]
    return caught.value.reason


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("  Siti   Aminah ", "Siti Aminah"),
        ("Kota\u00a0Pekalongan\n", "Kota Pekalongan"),
        ("\ufeffNama\u200b", "Nama"),
        ("a\x00b\ud800", "ab"),
        ("", None),
        (" \t", None),
        (None, None),
        (16.0, "16"),
        (16, "16"),
        (0.1 + 0.2, "0.3"),
        (0.000001, "0.000001"),
        (float("nan"), "nan"),
        (True, "true"),
    ],
)
def test_text_is_single_spaced_and_blank_is_none(cell: Cell, expected: str | None) -> None:
    assert text(cell) == expected


def test_words_compare_without_case_and_spacing() -> None:
    assert word(" Tidak  BEKERJA ") == word("tidak bekerja")
    assert word(None) == ""


@pytest.mark.parametrize(
    "cell",
    [
        "2001-01-12",
        "2001-01-12T00:00:00",
        "2001-01-12 07:15",
        "2001/1/12",
        "12/01/2001",
        "12-01-2001",
        "12.01.2001",
        "12/1/2001",
        "12 Januari 2001",
        "12 JANUARI 2001",
        " 12  januari 2001 ",
        "12 Jan. 2001",
        "12-Jan-2001",
        "12 January 2001",
        "Jum'at, 12 Januari 2001",
    ],
)
def test_a_day_is_read_in_the_ways_people_write_it(cell: str) -> None:
    assert day(cell) == date(2001, 1, 12)


@pytest.mark.parametrize(
    ("written", "month"), [("Pebruari", 2), ("Agustus", 8), ("Agt", 8), ("August", 8), ("Nopember", 11), ("Des", 12)]
)
def test_months_have_indonesian_and_english_names(written: str, month: int) -> None:
    assert day(f"5 {written} 1999") == date(1999, month, 5)


@pytest.mark.parametrize(
    "cell",
    ["31/02/2001", "12/13/2001", "12/01/01", "36903", 36903, 36903.5, "kemarin", "12 Foo 2001", "0001-01-01", True],
)
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    assert reason(day, cell) == "not_a_date"


def test_a_blank_date_is_missing() -> None:
    assert reason(day, " ") == "missing"
    assert reason(moment, None) == "missing"


@pytest.mark.parametrize(
    "cell",
    [
        "2025-04-14T08:46:41",
        "2025-04-14 08:46:41.123000",
        "14/04/2025 8:46:41",
        "14/04/2025 08.46.41",
        "14 April 2025 pukul 08.46.41 WIB",
        "2025-04-14T01:46:41Z",
        "2025-04-14T08:46:41+07:00",
    ],
)
def test_a_moment_is_in_jakarta_time(cell: str) -> None:
    assert moment(cell) == datetime(2025, 4, 14, 8, 46, 41, tzinfo=JAKARTA)
    assert moment(cell).utcoffset() == datetime(2025, 4, 14, tzinfo=JAKARTA).utcoffset()


def test_a_moment_late_in_utc_is_the_next_day_in_jakarta() -> None:
    assert day("2025-04-14T20:00:00Z") == date(2025, 4, 15)


@pytest.mark.parametrize("cell", ["2025-04-14T25:00:00", "2025-04-14 08:61", "2025-04-14T08:00:00+99:99"])
def test_an_impossible_time_is_refused(cell: str) -> None:
    assert reason(moment, cell) == "not_a_date"


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_survives_each_way_of_writing_it(on: date) -> None:
    months = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ]
    for written in (
        on.isoformat(),
        f"{on:%d/%m/%Y}",
        f"{on:%d-%m-%Y}",
        f"{on.day} {months[on.month - 1]} {on.year}",
        f"{on.isoformat()}T23:59:59",
    ):
        assert day(written) == on


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (78, "78"),
        (78.5, "78.5"),
        ("78,5", "78.5"),
        ("78.5", "78.5"),
        (" -3 ", "-3"),
        (",5", "0.5"),
        ("2.500.000", "2500000"),
        ("2.500.000,50", "2500000.50"),
        ("2,500,000.50", "2500000.50"),
        ("75.125", "75.125"),
        (64.995000000000001, "64.995"),
    ],
)
def test_numbers_have_a_decimal_comma_or_point(cell: Cell, expected: str) -> None:
    assert number(cell) == Decimal(expected)


@pytest.mark.parametrize(
    "cell",
    ["-", "Tidak hadir", "nan", "inf", "1e3", "1E400", "1_000", "٣", "1.2.3", float("nan"), float("inf"), 1e300, True],
)
def test_what_is_no_number_is_refused(cell: Cell) -> None:
    assert reason(number, cell) == "not_a_number"


def test_a_whole_number_has_no_fraction() -> None:
    assert whole("16") == whole(16.0) == whole("16,0") == 16
    assert reason(whole, "16,5") == "not_whole"
    assert reason(whole, None) == "missing"


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_any_cell_is_read_or_refused_with_a_reason(cell: Cell) -> None:
    assert text(cell) is None or text(text(cell)) == text(cell)
    for read in (day, moment, number, whole, yes):
        with contextlib.suppress(BadCell):
            read(cell)


@pytest.mark.parametrize("cell", ["Ya", "YA", "y", " Sudah", "ada", "Ya, bersedia", "true", True, 1, "Sudah pernah"])
def test_yes_is_recognised(cell: Cell) -> None:
    assert yes(cell) is True


@pytest.mark.parametrize("cell", ["Tidak", "t", "BELUM", "belum pernah", "Tidak ada", "no", False, 0, "Tdk."])
def test_no_is_recognised(cell: Cell) -> None:
    assert yes(cell) is False


@pytest.mark.parametrize("cell", ["mungkin", "tidak tahu", "sudah tidak", "-", "?", 2])
def test_an_unclear_answer_is_neither(cell: Cell) -> None:
    assert reason(yes, cell) == "not_yes_or_no"


def test_a_blank_answer_is_missing() -> None:
    assert reason(yes, "") == "missing"
