"""What a service consists of, and what a large piece of work holds, does not have the collector stop everybody."""

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from shared.unwatched import unwatched


class Row:
    def __init__(self, number: int) -> None:
        self.cells = {"number": [number]}


@pytest.fixture
def full_collections() -> Iterator[list[int]]:
    """Grows by one with every look at everything that this thread causes; one of another test may do what it likes."""
    found: list[int] = []
    ours = threading.get_ident()

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2 and threading.get_ident() == ours:
            found.append(1)

    gc.collect()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def rows() -> int:
    """So many that the collector would look at everything several times."""
    return len([Row(number) for number in range(20 * len(gc.get_objects()) // 10)])


def test_there_are_no_full_collections_until_the_last_block_has_ended(full_collections: list[int]) -> None:
    usual = gc.get_threshold()
    with unwatched():
        with unwatched():
            rows()
        rows()
        assert full_collections == []
    assert gc.get_threshold() == usual
    rows()
    assert full_collections != []


def test_after_its_start_a_service_is_not_looked_at_any_more() -> None:
    told = """
import gc
from shared import unwatched
started = [[] for _ in range(50_000)]
unwatched.settle()
with unwatched.unwatched():
    pass
print(gc.get_freeze_count() > 50_000, len(gc.get_objects()) < 5_000)
"""
    answer = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True"]
