"""Runs faults one by one or mixed, and shows what came of them: `python -m tests.faults`."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.experiment import Laboratory, Outcome
from tests.faults.faults import FAULTS, Fault
from tests.faults.invariants import INVARIANTS
from tests.faults.system import System

_TWO_AT_ONCE = 0.3


async def one_by_one(home: Path, names: list[str], people: int, seed: int, console: Console) -> list[Outcome]:
    """Each fault in a programme of its own; those that need two replicas of everything come last."""
    outcomes: list[Outcome] = []
    for replicas in (1, 2):
        chosen = [FAULTS[name] for name in names if FAULTS[name].replicas == replicas]
        if not chosen:
            continue
        with System(home / f"replicas-{replicas}", replicas=replicas) as system:
            laboratory = Laboratory(system, seed)
            try:
                for fault in chosen:
                    outcomes.append(await laboratory.experiment([(fault,)], people, name=fault.name))
                    console.print(_line(outcomes[-1]))
            finally:
                laboratory.close()
    return outcomes


async def mixture(home: Path, seconds: float, people: int, seed: int, console: Console) -> Outcome:
    """Faults drawn by chance, sometimes two at once, into one programme after the other, compared in the end."""
    with System(home, replicas=2) as system:
        laboratory = Laboratory(system, seed)
        try:
            turns = _turns(random.Random(seed), console)
            return await laboratory.experiment(turns, people, name="mixture", until=time.monotonic() + seconds)
        finally:
            laboratory.close()


def _turns(chance: random.Random, console: Console) -> Iterator[tuple[Fault, ...]]:
    mixed = [fault for fault in FAULTS.values() if fault.mixed]
    while True:
        one, other = chance.sample(mixed, 2)
        # two of one concept would mend each other: a broker that is started again is no longer frozen
        turn = (one, other) if one.concept != other.concept and chance.random() < _TWO_AT_ONCE else (one,)
        console.print("fault:", " and ".join(fault.name for fault in turn))
        yield turn


def table(outcomes: list[Outcome], seed: int) -> Table:
    """Fault × invariant."""
    shown = Table(title=f"faults × invariants, seed {seed}", caption=_legend())
    shown.add_column("fault")
    for number, _ in enumerate(INVARIANTS, start=1):
        shown.add_column(str(number), justify="center")
    for heading in ("commands", "held /s", "lasted s", "back s"):
        shown.add_column(heading, justify="right")
    shown.add_column("it bit")
    for one in outcomes:
        marks = ["[red]✗[/]" if one.violations[name] else "[green]✓[/]" for name in INVARIANTS]
        back = "never" if one.recovery_s is None else f"{one.recovery_s:.1f}"
        figures = (str(one.commands), f"{one.held:.1f}", f"{one.lasted_s:.1f}", back)
        shown.add_row(one.fault, *marks, *figures, one.evidence or "[red]no[/]")
    return shown


def _legend() -> str:
    return "\n".join(f"{number} {name.replace('_', ' ')}" for number, name in enumerate(INVARIANTS, start=1))


def _line(outcome: Outcome) -> str:
    if not outcome.survived:
        return f"[red]{outcome.fault}[/]: {outcome.told()}"
    return f"{outcome.fault}: survived, back after {outcome.recovery_s:.1f} s, all in {outcome.took_s:.0f} s"
