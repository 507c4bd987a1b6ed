"""A usable row of a sheet, packed: all rows are judged together, and a hundred thousand are to be held until then."""

import marshal
from dataclasses import dataclass
from datetime import datetime

from services.registration.admission import Submission
from services.registration.cleaning import Cleaned, clean
from services.registration.vault import Vault
from shared.cells import Cell
from shared.contracts.registration import Programme
from shared.rows import Row


@dataclass(frozen=True, slots=True)
class SheetRow:
    """What rows are judged by, and the cells as they came, to be read once more when it is this row's turn.

    That takes less than a twentieth of a millisecond; what was read takes five times the memory.
    """

    row: int
    at: datetime
    person_id: str
    phone: str | None
    columns: tuple[str, ...]  # one object for all rows of a sheet
    packed: bytes

    @classmethod
    def of(cls, row: Row, at: datetime, cleaned: Cleaned, vault: Vault, columns: tuple[str, ...]) -> "SheetRow":
        """`columns` are the row's own."""
        person_id = vault.person_id(cleaned.person.nik)
        return cls(row.row, at, person_id, cleaned.person.phone, columns, marshal.dumps(tuple(row.cells.values())))

    @property
    def cells(self) -> dict[str, Cell]:
        return dict(zip(self.columns, marshal.loads(self.packed), strict=True))  # noqa: S302 - our own, from memory

    def opened(self, programme: Programme) -> Submission:
        """The registration that this row hands in."""
        return Submission(self.row, self.at, self.person_id, clean(self.cells, programme, self.at.date()))
