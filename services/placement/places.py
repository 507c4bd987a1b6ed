"""Which places count as near each other."""

from collections.abc import Iterable, Mapping

from shared.places import place


class Neighbours:
    """Pairs of places, whichever of the two was named first."""

    def __init__(self, of: Mapping[str, Iterable[str]]) -> None:
        self._pairs = {frozenset((place(one), place(other))) for one, others in of.items() for other in others}

    def are(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self._pairs
