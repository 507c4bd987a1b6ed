"""How much of a process is in memory, by the kernel's count for it alone."""

from pathlib import Path
from typing import Literal

Which = Literal["VmRSS", "VmHWM"]  # now, or at most so far


def resident_bytes(which: Which, pid: int | str | None = "self") -> int:
    return told_bytes(which, Path(f"/proc/{pid}/status").read_text())


def told_bytes(which: Which, status: str) -> int:
    """What the text of a process's status says of it."""
    return int(status.split(f"{which}:")[1].split()[0]) * 1024


def forget_peak(pid: int | str | None = "self") -> None:
    """Let VmHWM begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
