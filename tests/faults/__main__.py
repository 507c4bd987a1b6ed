"""`python -m tests.faults [--people N] [--seed N] [--soak SECONDS] [NAME…]`: the table of faults and invariants."""

import asyncio
import logging
import random
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.runner import ending_on_signals
from tests.faults import suite
from tests.faults.experiment import Outcome
from tests.faults.faults import FAULTS
from tests.faults.system import why_not


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Faults; all of them unless given.")] = None,
    people: Annotated[int, typer.Option(help="Applicants of each programme.")] = 2000,
    seed: Annotated[int | None, typer.Option(help="Draws people, moments and victims.")] = None,
    soak: Annotated[float, typer.Option(help="A random mixture for so many seconds instead.")] = 0,
) -> None:
    """Inject faults into a running system and compare what was sent with what is there."""
    logging.disable(logging.ERROR)  # clients of a broker that is killed complain all the time
    console = Console(width=None if sys.stdout.isatty() else 200)
    if missing := why_not():
        console.print(f"[red]no servers of our own[/]: {missing}")
        raise typer.Exit(2)
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    console.print(f"seed {seed}")
    unknown = set(names or ()) - FAULTS.keys()
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}; there are: {', '.join(FAULTS)}")
    with tempfile.TemporaryDirectory(prefix="jalur-faults-") as home, ending_on_signals():
        outcomes: list[Outcome]
        if soak:
            outcomes = [asyncio.run(suite.mixture(Path(home) / "soak", soak, people, seed, console))]
        else:
            outcomes = asyncio.run(suite.one_by_one(Path(home), names or list(FAULTS), people, seed, console))
    console.print(suite.table(outcomes, seed))
    for outcome in outcomes:
        if not outcome.survived:
            console.print(outcome.told())
    raise typer.Exit(0 if all(outcome.survived for outcome in outcomes) else 1)


if __name__ == "__main__":
    typer.run(main)
