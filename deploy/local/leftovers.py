"""Finds the processes of a home by the mark in their environment, and ends them."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "JALUR_LOCAL_RUN"
_KEEPER = b"deploy.local.keeper"
_KILL_S = 10


def mark(home: Path) -> dict[str, str]:
    """What the environment of every process of this home says."""
    return {MARK: str(home)}


def of(home: Path) -> list[int]:
    """Ids of the living processes of this home that we may see."""
    wanted = f"{MARK}={home}".encode()
    return [pid for pid in _all() if pid != os.getpid() and wanted in _read(pid, "environ").split(b"\0")]


def stop(home: Path, grace: float) -> None:
    """End every process of this home: asked first, killed after `grace` seconds.

    A supervisord that still lives is asked alone: it stops the others in the right order, and would restart them.
    """
    found = of(home)
    keepers = [pid for pid in found if _KEEPER in _read(pid, "cmdline").split(b"\0")]
    _signal(keepers or found, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while of(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    kill(home)


def kill(home: Path) -> None:
    """End every process of this home at once; returns when none is left (or the kernel will not let one go)."""
    deadline = time.monotonic() + _KILL_S
    # repeated: one that was being started has escaped the first round
    while (left := of(home)) and time.monotonic() < deadline:
        _signal(left, signal.SIGKILL)
        time.sleep(0.02)


def _signal(pids: list[int], which: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, which)
        except ProcessLookupError:
            continue


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        # gone meanwhile, or somebody else's
        return b""
