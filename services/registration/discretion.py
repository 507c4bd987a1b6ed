"""Keeps persons out of the reasons that staff give: those travel in events and stand in ledgers."""

import re
from typing import Final

from services.registration.people import Person
from shared.free_text import HIDDEN, discreet

_SHORTEST_NAME: Final = 3  # letters: shorter words of a name are ordinary words too


def naming_nobody(reason: str, *people: Person) -> str:
    """The reason without what identifies by number or address, and without what names one of `people`."""
    reason = discreet(reason)
    said = sorted({said for person in people for said in _names_of(person)}, key=len, reverse=True)
    if not said:
        return reason
    named = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, said))})(?!\w)", re.IGNORECASE)
    return named.sub(HIDDEN, reason)


def without_name(written: str, name: str) -> str:
    """A cell without the whole name of the person its row is about; parts of a name may mean something else there."""
    words = r"\s+".join(map(re.escape, name.split()))
    return re.sub(rf"(?<!\w){words}(?!\w)", HIDDEN, written, flags=re.IGNORECASE) if words else written


def _names_of(person: Person) -> set[str]:
    born = person.birth_date
    dates = {born.isoformat(), f"{born:%d/%m/%Y}", f"{born:%d-%m-%Y}"}
    names = {word for word in re.findall(r"\w+", person.name) if len(word) >= _SHORTEST_NAME}
    return {person.name, *names, *dates, *filter(None, (person.address, person.phone, person.email))}
