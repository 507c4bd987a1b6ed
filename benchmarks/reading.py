"""Reading a sheet of applicants and cleaning its rows, without a service around it."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.applicants import programme
from benchmarks.residency import told_bytes
from services.gateway import columns, sheets
from services.gateway.kinds import APPLICANTS
from services.registration.cleaning import Unusable, clean
from services.registration.programme import parse
from shared.cells import Cell, moment

# by the process itself: what the kernel tells its parent is never less than what the parent had when it began
_TOLD = """
import sys
try:
    {}
finally:
    sys.stderr.write(open("/proc/self/status").read())
"""
_PEER = (  # what reads the sheet, and nothing else
    "import python_calamine as p; b = p.CalamineWorkbook.from_path(sys.argv[1]);"
    "print(sum(1 for row in b.get_sheet_by_index(0).iter_rows()))"
)
_OURS = f"import runpy; runpy.run_module({sheets.READER!r}, run_name='__main__')"


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
    peer_s, peer_bytes, _ = _child(_PEER, path)
    child_s, child_bytes, written = _child(_OURS, path)
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


def _child(work: str, path: Path) -> tuple[float, int, bytes]:
    """Seconds, peak resident bytes and output of a process of its own that does this work on the sheet."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _TOLD.format(work), str(path)], capture_output=True, check=True)
    took_s = time.perf_counter() - began
    return took_s, told_bytes("VmHWM", done.stderr.decode()), done.stdout
