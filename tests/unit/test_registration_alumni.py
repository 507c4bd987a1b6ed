"""What an alumni list tells travels in events, so it names nobody."""

from services.registration.alumni import AlumniRow
from shared.cells import Cell
from shared.judging import read


def test_a_training_is_kept_without_a_number_that_identifies_somebody() -> None:
    cells: dict[str, Cell] = {"nik": "3376014107990012", "year": 2020, "training": "Las 3376 0141 0799 0012"}
    assert read(AlumniRow, cells).training == "Las …"
