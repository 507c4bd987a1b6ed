"""In CI: a few minutes of faults drawn by chance, under load, on servers of their own."""

import asyncio
import os
import random
from pathlib import Path

import pytest
from rich.console import Console

from tests.faults import suite
from tests.faults.system import why_not

SECONDS = float(os.environ.get("JALUR_FAULTS_SECONDS") or 300)
PEOPLE = int(os.environ.get("JALUR_FAULTS_PEOPLE") or 150)
SEED = int(os.environ.get("JALUR_FAULTS_SEED") or random.SystemRandom().randrange(10**6))


@pytest.mark.skipif(why_not() is not None, reason=f"NO FAULTS ARE TRIED, for want of own servers: {why_not()}")
def test_a_mixture_of_faults_loses_nothing_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        console = Console(width=200)
        console.print(f"\nfaults for {SECONDS:.0f} s, JALUR_FAULTS_SEED={SEED}")
        outcome = asyncio.run(suite.mixture(tmp_path / "system", SECONDS, PEOPLE, SEED, console))
        console.print(suite.table([outcome], SEED))
    assert outcome.survived, outcome.told()
