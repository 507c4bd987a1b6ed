"""Processes of a home are found by the mark in their environment and ended; nobody else's are."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import leftovers

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1; done"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(started: list[subprocess.Popen[bytes]], home: Path, *command: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, env={**os.environ, **leftovers.mark(home)}, stdout=subprocess.PIPE)
    started.append(process)
    deadline = time.monotonic() + 5
    while process.pid not in leftovers.of(home):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_processes_of_this_home_end_and_those_of_another_stay(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    ours = start(started, tmp_path / "a", "sleep", "60")
    theirs = start(started, tmp_path / "ab", "sleep", "60")
    leftovers.stop(tmp_path / "a", grace=5)
    assert ours.wait(1) != 0
    assert theirs.poll() is None


def test_one_that_does_not_listen_is_killed_when_its_time_is_over(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = start(started, tmp_path, "sh", "-c", STUBBORN)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    leftovers.stop(tmp_path, grace=0.3)
    assert process.wait(1) == -9
    assert leftovers.of(tmp_path) == []
