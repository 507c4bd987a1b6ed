"""Nothing that identifies somebody stays in free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.free_text import HIDDEN, discreet, holds_nik, scrubbed


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("milik 3375011206050059, dipalsukan", f"milik {HIDDEN}, dipalsukan"),
        ("3375 0112 0605 0059", HIDDEN),
        ("337501.120605.0059", HIDDEN),
        ("telepon 0812-3456-7890", f"telepon {HIDDEN}"),
        ("+62 (812) 345 6789", HIDDEN),
        ("lapor ke ana@contoh.id", f"lapor ke {HIDDEN}"),
        ("diganti  nomor 62019 2513 4 0005747 2030", "diganti nomor 62019 2513 4 0005747 2030"),
        ("sejak 12-10-2030, 2 unit", "sejak 12-10-2030, 2 unit"),
    ],
)
def test_numbers_of_people_and_addresses_are_taken_out(written: str, left: str) -> None:
    assert discreet(written) == left


@given(
    digits=st.text("0123456789", min_size=16, max_size=16),
    marks=st.lists(st.sampled_from(["", " ", ".", "-", "'"]), min_size=15, max_size=15),
)
def test_a_nik_is_taken_out_however_it_is_grouped(digits: str, marks: list[str]) -> None:
    grouped = digits[0] + "".join(mark + digit for mark, digit in zip(marks, digits[1:], strict=True))
    assert discreet(f"NIK {grouped} salah") == f"NIK {HIDDEN} salah"


@pytest.mark.parametrize(
    "written", ["3375011206050059", "nomor 3375 0152 0605 0059", "337501.710605.0059", "NIK-3375011206050059"]
)
def test_a_nik_is_recognised_by_its_date(written: str) -> None:
    assert holds_nik(written)


@pytest.mark.parametrize(
    "written",
    ["62019 2513 4 0005747 2030", "3375013206050059", "3375011213050059", "337501120605005", "33750112060500591", "A1"],
)
def test_other_numbers_are_no_nik(written: str) -> None:
    assert not holds_nik(written)


def test_lines_stay_lines() -> None:
    assert scrubbed("File a\n  line 12\nNIK 3375011206050059") == f"File a\n  line 12\nNIK {HIDDEN}"
