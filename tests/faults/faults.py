"""The registry of faults: how each is injected, and the evidence that it bit."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.system import System


@dataclass
class Scene:
    """What a fault works with: the system, chance drawn from the run's seed, and what was counted meanwhile.

    `counts`, filled when all is over, are differences between before and after: `reconnects` and `refused` connections
    to the broker, `restarts` of processes, `republished` events, `refusals` (503) and `errors` (no answer) that clients
    had, whatever the proxy counts, and `swallowed`… `notes` are the fault's own.
    """

    system: System
    random: random.Random
    notes: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def pause(self, least_s: float, most_s: float) -> None:
        """Let a fault last for a while."""
        time.sleep(self.random.uniform(least_s, most_s))

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> bool:
        """Wait for a condition; whether it came true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.1)
        return False


Inject = Callable[[Scene], None]
Bit = Callable[[Scene], str]


@dataclass(frozen=True)
class Fault:
    """`inject` does it from its beginning to its end, blocking, while load goes on beside it.

    `bit` answers the evidence that it had an effect, in a few words; empty when it had none, which fails the test.
    It runs on a system with that many replicas of each service, and begins while the load is in one of `phases`.
    Only what is `mixed` can happen beside any other fault, whatever the load is doing.
    """

    name: str
    inject: Inject
    bit: Bit
    replicas: int = 1
    phases: tuple[str, ...] = ("register", "score", "decide", "attend", "assess", "certify")
    mixed: bool = True

    @property
    def concept(self) -> str:
        """The module it stands in."""
        return self.inject.__module__.rsplit(".", 1)[-1]


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, bit: Bit, *, replicas: int = 1, phases: tuple[str, ...] = Fault.phases, mixed: bool = True
) -> Callable[[Inject], Inject]:
    """Enter a fault into the registry: decorates its `inject`."""

    def enter(inject: Inject) -> Inject:
        FAULTS[name] = Fault(name, inject, bit, replicas, phases, mixed)
        return inject

    return enter


def counted(*names: str) -> Bit:
    """The evidence that every one of these counts went up."""

    def bit(scene: Scene) -> str:
        return ", ".join(f"{scene.counts[name]} {name}" for name in names) if all(map(scene.counts.get, names)) else ""

    return bit
