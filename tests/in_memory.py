"""Temporary folders in memory: what servers write for a test goes with it, and need not wait for a disk.

An eighth of the time of four integration files went there. Faults are tried on the disk all the same: see their
conftest.
"""

import os
import shutil
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours, in what the kernel keeps in memory
_NAME = "jalur-tests-"
_ENOUGH_BYTES = 6 << 30  # two workers' servers take some two gigabytes


@pytest.hookimpl(tryfirst=True)  # before the folders are made
def pytest_configure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")  # which is told where by the one that started it
    if not (is_worker or config.option.basetemp) and _is_there():
        _remove_abandoned()
        config.option.basetemp = str(_MEMORY / f"{_NAME}{os.getpid()}")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_MEMORY / f"{_NAME}{os.getpid()}", ignore_errors=True)


def _is_there() -> bool:
    if not _MEMORY.is_dir():
        return False
    found = os.statvfs(_MEMORY)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > _ENOUGH_BYTES


def _remove_abandoned() -> None:
    """Of those that were killed."""
    for folder in _MEMORY.glob(f"{_NAME}*"):
        if not Path(f"/proc/{folder.name.removeprefix(_NAME)}").exists():
            shutil.rmtree(folder, ignore_errors=True)
