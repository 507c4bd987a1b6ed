"""Which places count as near each other."""

from collections.abc import Iterable

from shared.places import place


class Neighbours:
    """Pairs of places, whichever of the two was named first."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = {frozenset((place(one), place(other))) for one, other in pairs}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each once, in order."""
        return sorted((min(pair), max(pair)) for pair in self._pairs)

    def are(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self._pairs
