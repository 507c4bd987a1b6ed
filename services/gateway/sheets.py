"""Reads an uploaded sheet through a child process, so that no file can stall or bring down the gateway."""

import asyncio
import os
import sys
import zlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterable, AsyncIterator, Collection, Sequence
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
_TOGETHER = 16  # rows that are packed as one: a quarter of what they take one by one
_LEVEL = 1  # of zlib: what higher ones save is not worth their time

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
    return await asyncio.to_thread(lambda: columns.tabulate(kind, written, rules))


class Lines(Sequence[Line]):
    """The rows of a sheet as the reader wrote them, packed, and parsed when they are looked at.

    A hundred thousand parsed rows would be some million objects, and the garbage collector stops everybody to see them.
    They are best looked at in their order: rows that were packed together are unpacked together.
    """

    def __init__(self, packed: Sequence[bytes], places: range) -> None:
        self._packed = packed
        self._places = places  # of these rows among all that are packed there
        self._unpacked: tuple[int, list[bytes]] = (-1, [])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> "Lines": ...
    def __getitem__(self, at: int | slice) -> "Line | Lines":
        if isinstance(at, slice):
            return Lines(self._packed, self._places[at])
        which, within = divmod(self._places[at], _TOGETHER)
        unpacked = self._unpacked
        if unpacked[0] != which:
            unpacked = self._unpacked = which, zlib.decompress(self._packed[which]).split(b"\n")
        number, cells = orjson.loads(unpacked[1][within])
        return number, cells


async def packed(written: AsyncIterable[bytes]) -> tuple[Lines, bytes]:
    """All lines but the last, and the last: it says how the reading has ended. Empty when there was none."""
    done: list[bytes] = []
    left: list[bytes] = []
    async for line in written:
        left.append(line)
        if len(left) > _TOGETHER:
            done.append(_pack(left[:_TOGETHER]))
            del left[:_TOGETHER]
    last = left.pop() if left else b""
    places = range(len(done) * _TOGETHER + len(left))
    return Lines([*done, _pack(left)], places), last


def _pack(rows: Sequence[bytes]) -> bytes:
    return zlib.compress(b"\n".join(rows), _LEVEL)


async def _run_reader(path: Path) -> Lines:
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
            written, last = await packed(lines(_output(child)))
            await child.wait()
    except TimeoutError:
        raise _refusal("too_large") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    ending = orjson.loads(last) if last.startswith(b"{") else {"error": "too_large"}
    if "error" in ending:
        raise _refusal(ending["error"])
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
