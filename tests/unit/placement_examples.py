"""A row of vacancies, valid as it is, for the tests of placement."""

from datetime import UTC, datetime

from shared.cells import Cell
from shared.ledger import Signature

SIGNED = Signature("petugas", datetime(2030, 7, 1, tzinfo=UTC))


def row(**cells: Cell) -> dict[str, Cell]:
    valid: dict[str, Cell] = {
        "code": "L-001",
        "employer": "CV Maju Jaya",
        "position": "Juru las",
        "vocation": "Pengelasan",
        "seats": 2.0,
        "location": "Kota Tegal",
        "education": "SMP",
        "wage_min": 2_000_000.0,
        "wage_max": 2_500_000.0,
        "closes_on": "31/12/2030",
        "source": None,
    }
    return {**valid, **cells}
