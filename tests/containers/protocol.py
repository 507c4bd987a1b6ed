"""The table of a container test: what was done, how long it took, what was seen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from rich.console import Console
from rich.table import Table


class Protocol:
    """One line per step; a step that raises is on it too."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lines: list[tuple[str, float, str]] = []

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """Put what was seen into the list."""
        seen: list[str] = []
        began = time.monotonic()
        try:
            yield seen
        except BaseException as error:
            seen.append(f"FAILED: {type(error).__name__}")
            raise
        finally:
            self._lines.append((what, time.monotonic() - began, ", ".join(seen)))

    def __str__(self) -> str:
        table = Table("step", "seconds", "seen")
        for what, seconds, seen in self._lines:
            table.add_row(what, f"{seconds:.1f}", seen)
        table.add_row("together", f"{time.monotonic() - self._started:.1f}", "")
        console = Console(width=120, file=StringIO())
        with console.capture() as printed:
            console.print(table)
        return printed.get()
