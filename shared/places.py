"""How the name of a city or regency is read: "Kota X" and "Kabupaten X" are two different places."""

import re
from typing import Final

from shared.cells import BadCell, Cell, remembering, word

_KINDS: Final = {
    "kota": "Kota",
    "kotamadya": "Kota",
    "kodya": "Kota",
    "kab": "Kabupaten",
    "kabupaten": "Kabupaten",
}


@remembering
def place(cell: Cell) -> str:
    """The place's one spelling: "KOTA  PEKALONGAN" and "Pekalongan Kota" are "Kota Pekalongan", "Kab. X" is another.

    A name without its kind stays without one. Raises BadCell, "missing" or "not_a_place".
    """
    written = word(cell)
    if not written:
        raise BadCell("missing")
    called, _, rest = written.partition(",")
    if rest.strip(" .") in _KINDS:  # "Pekalongan, Kota"; anything else behind a comma is the province
        called = f"{rest} {called}"
    words = re.findall(r"[^\s.,()]+", called)
    kind = ""
    if words and words[0] in _KINDS:
        kind, words = _KINDS[words[0]], words[1:]
    elif words and words[-1] in _KINDS:
        kind, words = _KINDS[words[-1]], words[:-1]
    if not words or not any(letter.isalpha() for letter in called):
        raise BadCell("not_a_place")
    return " ".join(filter(None, (kind, *(_capitalised(name) for name in words))))


def kind_is_stated(name: str) -> bool:
    """Whether a spelling made by `place` says that it is a city or a regency: "Pekalongan" alone could be either."""
    return name.split(" ", 1)[0] in _KINDS.values()


def _capitalised(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
