"""Reads an uploaded sheet through a child process, so that no file can stall or bring down the gateway."""

import asyncio
import json
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import cast

from services.gateway import columns
from services.gateway.columns import Line, Table
from services.gateway.kinds import Kind
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
    output = await _run_reader(path)
    # parsing some hundred thousand rows takes seconds: not on the event loop
    return await asyncio.to_thread(lambda: columns.tabulate(kind, _lines(output), rules))


async def _run_reader(path: Path) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", READER, str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    output = bytearray()
    try:
        async with asyncio.timeout(LONGEST_READ_S):
            while child.stdout and (chunk := await child.stdout.read(_CHUNK)):
                output += chunk
                if len(output) > MOST_OUTPUT_BYTES:
                    raise _refusal("too_large")
            await child.wait()
    except TimeoutError:
        raise _refusal("too_large") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return bytes(output)


def _environment() -> dict[str, str]:
    """No secrets for a process that parses strangers' files; the path, because the code may not be installed."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}


def _lines(output: bytes) -> list[Line]:
    written = output.splitlines()
    last = json.loads(written[-1]) if written and written[-1].startswith(b"{") else {"error": "too_large"}
    if "error" in last:
        raise _refusal(last["error"])
    return [cast(Line, tuple(json.loads(line))) for line in written[:-1]]


def _refusal(reason: str) -> Invalid | TooLarge:
    kind_of_problem = TooLarge if reason == "too_large" else Invalid
    return kind_of_problem(reason, _DETAILS[reason])
