"""How long the system takes to be ready, and what it costs while nothing happens."""

import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, Section
from benchmarks.system import Measured

_STARTS = 3
_SETTLED_S = 15
_SERVERS, _THEN = "RabbitMQ and MongoDB", "queues and accounts"


def measure(quick: bool) -> Section:
    seconds = 5 if quick else 60
    boots, starts, idle, parts = [], [], [], dict[str, list[float]]()
    with tempfile.TemporaryDirectory(prefix="jalur-bench-") as home:
        Path(home, "home").mkdir()
        for number in range(1 + _STARTS):  # the first one prepares the home, and is not counted
            reached: dict[str, float] = {}

            def note(what: str, reached: dict[str, float] = reached) -> None:
                reached[what] = time.monotonic()

            stack = Measured(Path(home) / "home", progress=note)
            began = time.monotonic()
            try:
                stack.start()
                ready = time.monotonic()
                if number:
                    boots.append(reached[_THEN] - reached[_SERVERS])
                    starts.append(ready - began)
                if number == _STARTS:
                    time.sleep(_SETTLED_S)
                    for _ in range(_STARTS):
                        idle.append(_idle_percent(stack, seconds))
                        for name in stack.service_names:
                            parts.setdefault(name, []).append(stack.memory_mb(name))
            finally:
                stack.stop()
    boot = Figure("both servers answer, as they boot by themselves", tuple(boots), "s")
    ready_after = Figure(
        "everything is ready, of a home that has been used",
        tuple(starts),
        "s",
        boot,
        "≤ the servers' boot + 4 s",
        all(whole - own <= 4 for whole, own in zip(starts, boots, strict=True)),
    )
    cost = Figure("CPU of everything while idle", tuple(idle), "% of a core", None, "< 3 %", max(idle) < 3)
    return Section(
        "Start, and idle",
        f"""
Three starts of the same home, one after the other. Idle: processor time of all processes (both servers, five services,
supervisord) over {seconds} s, three times, beginning {_SETTLED_S} s after the last start.
""",
        [
            boot,
            ready_after,
            cost,
            *(Figure(f"memory of {name}, idle", tuple(runs), "MB") for name, runs in parts.items()),
        ],
    )


def _idle_percent(stack: Measured, seconds: float) -> float:
    used, began = stack.cpu_s(), time.monotonic()
    time.sleep(seconds)
    return 100 * (stack.cpu_s() - used) / (time.monotonic() - began)
