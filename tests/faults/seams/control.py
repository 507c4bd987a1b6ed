"""What a test and the processes under test tell each other, through files in one directory."""

import json
import os
import signal
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Arm:
    """Die at a seam of a service (of whichever reaches it first when None), the `nth` time a process comes there.

    `times` is how often altogether, over all processes: a service that has come back may die of it again. With the
    signal SIGSTOP a process does not die but sleeps there until somebody wakes it.
    """

    seam: str
    service: str | None = None
    nth: int = 1
    times: int = 1
    signal: int = signal.SIGKILL
    name: str = field(default_factory=lambda: uuid.uuid4().hex)


class Control:
    """The test's side: arms seams, switches protections off, sets clocks wrong; and reads what has come of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.armed_at = 0.0
        self._plan: dict[str, Any] = {}
        self.clear()

    @property
    def environment(self) -> dict[str, str]:
        """What a service process needs in its environment to be under control."""
        return {"JALUR_SEAMS": str(self.directory), "PYTHONPATH": str(Path(__file__).parent)}

    def arm(self, *arms: Arm) -> None:
        self.armed_at = time.time()
        self._plan["armed"] += [asdict(arm) for arm in arms]
        self._write()

    def switch_off(self, *protections: str) -> None:
        """Let every process do without these protections, until `clear`."""
        self._plan["off"] += protections
        self._write()

    def set_clocks(self, **seconds_by_service: float) -> None:
        """How far the clock of each service is ahead; those that are not named are right."""
        self._plan["clocks"] = seconds_by_service
        self._write()

    def disarm(self) -> None:
        """No more deaths."""
        self._plan["armed"] = []
        self._write()

    def shuffle(self, *, on: bool) -> None:
        """Let messages overtake each other on their way to their handlers, or no longer."""
        self._plan["shuffled"] = on
        self._write()

    def clear(self) -> None:
        """Everything works as it should again; what has fired stays on record."""
        self._plan = {"armed": [], "off": [], "clocks": {}}
        self._write()

    def fired(self, arm: Arm | None = None) -> list[dict[str, Any]]:
        """Each death at a seam: seam, service, pid; those of one arm, or all."""
        found = _lines(self.directory / "fired")
        return [one for one in found if arm is None or one["name"] == arm.name]

    def bitten(self) -> Counter[str]:
        """How often each switched-off protection would have done something, had it been on."""
        return Counter(one["protection"] for one in _lines(self.directory / "bitten"))

    def _write(self) -> None:
        # in one step, for processes read it at any time
        fresh = self.directory / f"plan.{uuid.uuid4().hex}"
        fresh.write_text(json.dumps(self._plan))
        fresh.rename(self.directory / "plan")


class Controlled:
    """The side of a process under test."""

    def __init__(self, service: str, directory: Path) -> None:
        self.service = service
        self._directory = directory
        self._path = directory / "plan"
        self._plan: dict[str, Any] = {"armed": [], "off": [], "clocks": {}}
        self._read_at: tuple[int, int] = (0, 0)
        self._reached: Counter[str] = Counter()

    @property
    def plan(self) -> dict[str, Any]:
        found = self._path.stat()
        if (found.st_ino, found.st_mtime_ns) != self._read_at:
            self._read_at = (found.st_ino, found.st_mtime_ns)
            self._plan = json.loads(self._path.read_text())
        return self._plan

    def due(self, seam: str) -> dict[str, Any] | None:
        """The arm that is to go off now, as the process has come to this seam."""
        for arm in self.plan["armed"]:
            if arm["seam"] == seam and arm["service"] in (None, self.service):
                self._reached[arm["name"]] += 1
                if self._reached[arm["name"]] % arm["nth"] == 0 and self._left(arm):
                    return dict(arm)
        return None

    def reached(self, seam: str) -> None:
        """Die here if that is wanted."""
        if arm := self.due(seam):
            self.die(arm)

    def die(self, arm: dict[str, Any]) -> None:
        record = {"name": arm["name"], "seam": arm["seam"], "service": self.service, "pid": os.getpid()}
        self._record("fired", record | {"at": time.time()})
        os.kill(os.getpid(), arm["signal"])

    def is_off(self, protection: str) -> bool:
        return bool(protection in self.plan["off"])

    def bites(self, protection: str) -> None:
        """The missing protection would have done something here."""
        self._record("bitten", {"protection": protection, "service": self.service})

    @property
    def clock_ahead_s(self) -> float:
        return float(self.plan["clocks"].get(self.service, 0))

    def _left(self, arm: dict[str, Any]) -> bool:
        fired: int = sum(one["name"] == arm["name"] for one in _lines(self._directory / "fired"))
        return bool(fired < arm["times"])

    def _record(self, name: str, what: dict[str, Any]) -> None:
        # one short write to a file opened for appending: several processes do not tear each other's lines
        with (self._directory / name).open("a") as file:
            file.write(json.dumps(what) + "\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
