"""Reading a sheet of applicants and cleaning its rows, without a service around it."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.applicants import programme
from services.gateway import columns, sheets
from services.gateway.kinds import APPLICANTS
from services.registration.cleaning import Unusable, clean
from services.registration.programme import parse
from shared.cells import Cell, moment

_PEER = (  # what reads the sheet, and nothing else
    "import sys, python_calamine as p; b = p.CalamineWorkbook.from_path(sys.argv[1]);"
    "print(sum(1 for row in b.get_sheet_by_index(0).iter_rows()))"
)


@dataclass
class Read:
    """One sheet, read and cleaned: seconds, and the most memory of the child, in bytes."""

    peer_s: float
    peer_bytes: int
    child_s: float
    child_bytes: int
    copied_s: float
    cleaned_s: float


def read(path: Path) -> Read:
    """Read and clean the sheet at `path`."""
    peer_s, peer_bytes, _ = _child([sys.executable, "-c", _PEER, str(path)])
    child_s, child_bytes, written = _child([sys.executable, "-m", sheets.READER, str(path)])
    lines = [orjson.loads(line) for line in written.splitlines()[:-1]]
    table = columns.tabulate(APPLICANTS, [(number, cells) for number, cells in lines])
    rows = [cells for _, cells in table.rows]
    definition = parse(programme("UJI"))

    def cleaned(cells: dict[str, Cell]) -> None:
        try:
            clean(cells, definition, moment(cells["submitted_at"]).date())
        except Unusable:
            return

    return Read(peer_s, peer_bytes, child_s, child_bytes, _each(rows, dict), _each(rows, cleaned))


def _each(rows: list[dict[str, Cell]], do: Callable[[dict[str, Cell]], object]) -> float:
    began = time.perf_counter()
    for cells in rows:
        do(cells)
    return time.perf_counter() - began


def _child(command: list[str]) -> tuple[float, int, bytes]:
    """Seconds, peak resident bytes and output of a process."""
    began = time.perf_counter()
    reading, writing = os.pipe()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)])
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        written = output.read()
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss * 1024, written
