"""One system for all tests that need no replicas: it takes most of a test's time to start."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.experiment import Laboratory
from tests.faults.system import System, why_not

SEED = 20261122


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """On a disk, as what is killed would find it, and not in memory as for other tests."""
    with tempfile.TemporaryDirectory(prefix="jalur-faults-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    if missing := why_not():
        pytest.skip(f"NO FAULTS ARE TRIED, for want of servers of our own: {missing}")
    with tempfile.TemporaryDirectory(prefix="jalur-faults-") as home, System(Path(home) / "system") as running:
        yield running


@pytest.fixture(scope="session")
def laboratory(system: System) -> Iterator[Laboratory]:
    laboratory = Laboratory(system, SEED)
    yield laboratory
    laboratory.close()
