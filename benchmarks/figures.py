"""What a benchmark measures: figures with their goals and the runs behind them, and curves that show how they grow."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of a table: the median of its runs, in `unit`, beside a floor or a peer measured in the same run.

    `goal` says in words what must be true, and `met` whether it is; both are None for what is only there to compare.
    """

    what: str
    runs: tuple[float, ...]
    unit: str
    to: "Figure | None" = None
    goal: str | None = None
    met: bool | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def ratio(self) -> float | None:
        """This figure for each one of `to`; None when it is compared with nothing."""
        return self.median / self.to.median if self.to else None


@dataclass(frozen=True)
class Curve:
    """How something grows: points (x, y) per series, to be drawn with both axes from zero or both logarithmic."""

    name: str  # of the file, without its ending
    title: str
    x: str
    y: str
    series: dict[str, Sequence[tuple[float, float]]]
    logarithmic: bool = False


@dataclass(frozen=True)
class Section:
    """The result of one benchmark: a heading, how it was measured and what bounds it, figures and curves."""

    title: str
    how: str  # Markdown
    figures: Sequence[Figure]
    curves: Sequence[Curve] = field(default_factory=tuple)
