"""How the command speaks: what went well, and what went wrong without a stack trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from services.gateway.client import Refused, Unreachable

console = Console()
complaints = Console(stderr=True, soft_wrap=True)


def plain(text: str) -> str:
    """What others wrote, for a terminal: as it stands, without markup, and without what would steer the terminal."""
    printable = (one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)
    return escape("".join(printable))


@contextmanager
def told_plainly() -> Iterator[None]:
    """What goes wrong is said in a line or two, without a stack trace."""
    try:
        yield
    except Unreachable as error:
        complaints.print(f"[red]{plain(str(error))}[/]")
        raise typer.Exit(1) from error
    except Refused as error:
        complaints.print(f"[red]{plain(str(error))}[/]")
        for one in error.problem.get("errors", []):
            where, what = one.get("field") or one.get("column"), one.get("detail") or one["reason"]
            complaints.print(f"  {plain(str(where))}: {plain(str(what))}")
        raise typer.Exit(1) from error
