"""Where work is and graduates live: how a place is written, and which places are neighbours."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from shared.cells import BadCell, Cell, word

_KINDS: Final = {
    "kota": "Kota",
    "kotamadya": "Kota",
    "kodya": "Kota",
    "kab": "Kabupaten",
    "kabupaten": "Kabupaten",
}


def place(cell: Cell) -> str:
    """A place's one spelling: "KOTA  PEKALONGAN" and "Pekalongan Kota" are "Kota Pekalongan"; "Kab. X" is another.

    A name without its kind stays without one, and is a place of its own. Raises BadCell, "missing" or "not_a_place".
    """
    written = word(cell)
    if not written:
        raise BadCell("missing")
    name, _, rest = written.partition(",")
    if rest.strip(" .") in _KINDS:  # "Pekalongan, Kota"; anything else behind a comma is the province
        name = f"{rest} {name}"
    words = re.findall(r"[^\s.,()]+", name)
    kind = ""
    if words and words[0] in _KINDS:
        kind, words = _KINDS[words[0]], words[1:]
    elif words and words[-1] in _KINDS:
        kind, words = _KINDS[words[-1]], words[:-1]
    if not any(letter.isalpha() for letter in "".join(words)):
        raise BadCell("not_a_place")
    return " ".join(filter(None, (kind, *(part.capitalize() for part in words))))


class Neighbours:
    """Which places count as near each other, whichever of the two was named first."""

    def __init__(self, of: Mapping[str, Iterable[str]]) -> None:
        self._pairs = {frozenset((place(one), place(other))) for one, others in of.items() for other in others}

    def are(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self._pairs
