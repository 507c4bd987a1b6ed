"""Sets the clock of one service wrong, for what reads the time of day; durations are measured by another clock."""

import sys
import time
from datetime import datetime, timedelta, tzinfo
from typing import Self

from tests.faults.seams.control import Controlled

_READERS = ("services.", "shared.", "jwt.")


def install(controlled: Controlled) -> None:
    """Let `time.time` and `datetime.now`, as the product's modules know them, go wrong by what the plan says."""
    true_time = time.time

    class WrongClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=ahead())

    def ahead() -> float:
        if seconds := controlled.clock_ahead_s:
            controlled.bites("clock")
        return seconds

    time.time = lambda: true_time() + ahead()
    for name, module in list(sys.modules.items()):
        if name.startswith(_READERS) and getattr(module, "datetime", None) is datetime:
            module.datetime = WrongClock  # type: ignore[attr-defined]
