"""The usable rows of a sheet, packed: all are judged together, and a hundred thousand are to be held until then."""

import marshal
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.registration.admission import Submission
from services.registration.cleaning import Cleaned, clean
from services.registration.vault import Vault
from shared.cells import Cell
from shared.contracts.registration import Programme
from shared.rows import Row

TOGETHER = 16  # rows: a quarter of what they take one by one, and opened in a twentieth of a millisecond
_LEVEL = 1  # of zlib: what higher ones save is not worth their time


class ReadRow(NamedTuple):
    """A row as it came, when it was handed in, and what it says."""

    row: Row
    at: datetime
    cleaned: Cleaned


@dataclass(frozen=True, slots=True)
class SheetRow:
    """What rows are judged by, and the cells as they came, to be read once more when it is this row's turn."""

    row: int
    at: datetime
    person_id: str
    phone: str | None
    columns: tuple[str, ...]  # one object for all rows of a sheet
    packed: bytes  # the cells of some rows, one object for all of them
    place: int  # of this row's among them

    @property
    def cells(self) -> dict[str, Cell]:
        together = marshal.loads(zlib.decompress(self.packed))  # noqa: S302 - our own, from memory
        return dict(zip(self.columns, together[self.place], strict=True))

    def opened(self, programme: Programme) -> Submission:
        """The registration that this row hands in."""
        return Submission(self.row, self.at, self.person_id, clean(self.cells, programme, self.at.date()))


class Packing:
    """Packs the rows of one sheet."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._columns: dict[tuple[str, ...], tuple[str, ...]] = {}

    def packed(self, rows: Sequence[ReadRow]) -> Iterator[SheetRow]:
        """The same rows in the same order, packed as one: best `TOGETHER` of them."""
        cells = zlib.compress(marshal.dumps([tuple(one.row.cells.values()) for one in rows]), _LEVEL)
        for place, (row, at, cleaned) in enumerate(rows):
            columns = tuple(row.cells)
            yield SheetRow(
                row.row,
                at,
                self._vault.person_id(cleaned.person.nik),
                cleaned.person.phone,
                self._columns.setdefault(columns, columns),
                cells,
                place,
            )
