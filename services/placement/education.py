"""Levels of education and their order, for vacancies that ask for at least one."""

import re
from functools import lru_cache
from typing import Final

from shared.cells import BadCell, Cell, word

_RANKS: Final = {
    name: rank
    for rank, names in enumerate(
        (
            "sd mi paketa",
            "smp sltp mts paketb",
            "sma smk slta smu stm smea ma mak paketc",
            "d1 di",
            "d2 dii",
            "d3 diii",
            "s1 d4 div sarjana strata1",
            "s2 magister",
            "s3 doktor",
        )
    )
    for name in names.split()
}
_ANYONE: Final = frozenset({"", "-", "semua", "bebas", "tidak ada"})
_AROUND: Final = re.compile(r"\b(minimal|min|sederajat|setara|setingkat|lulusan|atau)\b")


@lru_cache(maxsize=1000)  # the same few, asked for every type of graduate and kind of vacancy
def rank(education: str) -> int | None:
    """How high a level is: SMP < SMA = SMK < D3 < S1. None for one that is not known."""
    return _RANKS.get(re.sub(r"[^a-z0-9]", "", word(education)))


def suffices(graduate_rank: int | None, asked: str | None) -> bool:
    """Whether somebody with that rank has at least the level asked for; someone of unknown rank suits "anyone" only."""
    if asked is None:
        return True
    least = rank(asked)
    return graduate_rank is not None and least is not None and graduate_rank >= least


def minimum(cell: Cell) -> str | None:
    """The level a vacancy asks for, the lowest where it names several ("SMA/SMK"); None when it takes anyone.

    Raises BadCell, "unknown_education".
    """
    if word(cell) in _ANYONE:
        return None
    levels = [level.strip().upper() for level in re.split(r"[/,]", _AROUND.sub("/", word(cell)))]
    ranked = {level: rank(level) for level in levels if level}
    known = [(found, level) for level, found in ranked.items() if found is not None]
    if not known or len(known) < len(ranked):
        raise BadCell("unknown_education")
    return min(known)[1]
