"""Reads an uploaded sheet through a child process, so that no file can stall or bring down the gateway."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import overload

import orjson

from services.gateway import columns
from services.gateway.columns import Line, Table
from services.gateway.kinds import Kind
from shared.json_lines import lines
from shared.problems import Invalid, TooLarge

READER = "services.gateway.sheet_reader"
LONGEST_READ_S = 60
MOST_OUTPUT_BYTES = 96 << 20
_CHUNK = 1 << 18

_DETAILS = {
    "not_a_spreadsheet": "The file is neither an Excel workbook nor a CSV file.",
    "empty": "The file is empty.",
    "no_rows": "The sheet has a heading but no rows below it.",
    "encrypted": "The workbook is protected by a password.",
    "too_large": "The sheet is too large: it has more rows, columns or contents than can be read.",
}


async def read_table(path: Path, kind: Kind, rules: Collection[str] = ()) -> Table:
    """The sheet at `path` by our column names (see `columns.tabulate`).

    Raises Invalid or TooLarge with the reason as its code.
    """
    written = await _run_reader(path)
    # it may have to look through all of them: not on the event loop
    return await asyncio.to_thread(lambda: columns.tabulate(kind, Lines(written), rules))


class Lines(Sequence[Line]):
    """The rows of a sheet as the reader wrote them, parsed when they are looked at.

    A hundred thousand parsed rows would be some million objects, and the garbage collector stops everybody to see them.
    """

    def __init__(self, written: Sequence[bytes]) -> None:
        self._written = written

    def __len__(self) -> int:
        return len(self._written)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> "Lines": ...
    def __getitem__(self, at: int | slice) -> "Line | Lines":
        if isinstance(at, slice):
            return Lines(self._written[at])
        number, cells = orjson.loads(self._written[at])
        return number, cells


async def _run_reader(path: Path) -> list[bytes]:
    """One line of JSON a row. Raises what `read_table` does."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", READER, str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(LONGEST_READ_S):
            written = [line async for line in lines(_output(child))]
            await child.wait()
    except TimeoutError:
        raise _refusal("too_large") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    last = orjson.loads(written.pop()) if written and written[-1].startswith(b"{") else {"error": "too_large"}
    if "error" in last:
        raise _refusal(last["error"])
    return written


async def _output(child: Process) -> AsyncIterator[bytes]:
    received = 0
    while child.stdout and (chunk := await child.stdout.read(_CHUNK)):
        received += len(chunk)
        if received > MOST_OUTPUT_BYTES:
            raise _refusal("too_large")
        yield chunk


def _environment() -> dict[str, str]:
    """No secrets for a process that parses strangers' files; the path, because the code may not be installed."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}


def _refusal(reason: str) -> Invalid | TooLarge:
    kind_of_problem = TooLarge if reason == "too_large" else Invalid
    return kind_of_problem(reason, _DETAILS[reason])
