"""Erasing one person at their request, and everybody of a programme whose time is over."""

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from services.registration.applicant import Applicant
from services.registration.erasure import erase, is_running
from services.registration.retention import is_due, kept_until
from services.registration.store import Store
from shared.contracts.registration import Programme
from shared.ledger import Signature

RETENTION = "retention"


class Held(NamedTuple):
    """What is held of one registration: the personal fields by name."""

    applicant: Applicant
    fields: list[str]
    running: bool


class Due(NamedTuple):
    """A programme whose personal data are to be erased, and of how many people there still are any."""

    programme: Programme
    kept_until: date
    people: int


async def held_of(store: Store, person_id: str, today: date) -> list[Held]:
    """What is held of a person, by registration, the earliest first. Raises StorageAway."""
    return [
        Held(
            applicant=one,
            fields=list(one.sealed),
            running=one.erased_at is None and is_running(one, await store.programme(one.programme_code), today),
        )
        for one in await store.registrations_of(person_id)
    ]


async def erase_all(store: Store, applicant_ids: Iterable[str], reason: str, signed: Signature) -> None:
    """Erase each, in one write of its own; a repetition goes on where a crash stopped it. Raises StorageAway."""
    await asyncio.gather(
        *(
            store.applicants.change(applicant_id, lambda one: erase(one, store.vault, reason, signed))
            for applicant_id in applicant_ids
        )
    )


async def due(store: Store, today: date) -> list[Due]:
    """Programmes whose time is over and of which personal data are still held. Raises StorageAway."""
    found = []
    for offered in await store.programmes.find({}, sort=[("_id", 1)]):
        until = kept_until(offered.programme)
        if until is not None and is_due(offered.programme, today):
            people = await store.not_erased(offered.id)
            if people:
                found.append(Due(offered.programme, until, people))
    return found


async def erase_due(store: Store, overdue: list[Due], size: int, signed: Signature) -> int:
    """Erase up to `size` people of these programmes; how many that were. Raises StorageAway."""
    ids: list[str] = []
    for one in overdue:
        where = {"programme_code": one.programme.code, "erased_at": None}
        if len(ids) < size:
            ids += [found.id for found in await store.applicants.find(where, limit=size - len(ids))]
    await erase_all(store, ids, RETENTION, signed)
    return len(ids)
