"""The faults: how each is injected, and the evidence that it bit."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.system import System


@dataclass
class Scene:
    """What a fault works with: the system, chance drawn from the run's seed, and notes for its evidence."""

    system: System
    random: random.Random
    notes: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Fault:
    """`inject` does it from its beginning to its end, blocking, while load goes on beside it.

    `bit` answers the evidence that it had an effect, in a few words; empty when it had none, which fails the test.
    """

    name: str
    inject: Callable[[Scene], None]
    bit: Callable[[Scene], str]
    replicas: int = 1


FAULTS: dict[str, Fault] = {}


def fault(name: str, bit: Callable[[Scene], str], *, replicas: int = 1) -> Callable[[Callable[[Scene], None]], Fault]:
    """Enter a fault into the registry: decorates its `inject`."""

    def enter(inject: Callable[[Scene], None]) -> Fault:
        FAULTS[name] = Fault(name, inject, bit, replicas)
        return FAULTS[name]

    return enter
