"""Keeps every screening true to what is known now: the facts, the rules, and earlier trainings."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from services.selection import eligibility
from services.selection.applicant import Applicant
from services.selection.programme import OpenProgramme
from services.selection.store import Store
from shared.contracts import Event
from shared.meta import Meta
from shared.retries import NotYet

_SIDE_BY_SIDE = 300

T = TypeVar("T")
Decide = Callable[[Applicant], Sequence[Event] | None]


async def programme_of(store: Store, code: str) -> OpenProgramme:
    """The programme's rules, to be read; raises NotYet while they have not arrived."""
    programme = await store.programmes.peek(code)
    if programme is None or programme.definition is None:
        raise NotYet("the programme has not arrived")
    return programme


async def absorb(
    store: Store,
    applicant_id: str,
    programme_code: str,
    person_id: str,
    change: Callable[[Applicant], None],
    meta: Meta | None = None,
) -> Applicant:
    """Change an applicant and screen them, in one write; then make sure that nothing newer was missed.

    What a screening rests on lives in other documents. Whoever changes one of those writes it first and screens
    afterwards, and so does this: of two at the same time at least one sees the other.
    """
    programme = await programme_of(store, programme_code)
    trained_in = await _trained_in(store, person_id, applicant_id)

    def apply(applicant: Applicant) -> Sequence[Event] | None:
        change(applicant)
        return eligibility.screen(applicant, programme, trained_in) or []

    return await _settled(store, await store.applicants.change(applicant_id, apply, meta=meta))


async def settle(store: Store, applicant_id: str) -> Applicant:
    """Screen an applicant until what was seen is what is."""
    applicant = await store.applicants.get(applicant_id)
    if applicant is None:
        raise NotYet("the applicant has not arrived")
    return await _settled(store, applicant)


async def _settled(store: Store, applicant: Applicant) -> Applicant:
    """From how somebody has just seen or saved them; who changes them afterwards settles them as well."""
    while True:
        programme = await programme_of(store, applicant.programme_code)
        trained_in = await _trained_in(store, applicant.person_id, applicant.id)
        if applicant.withdrawn or eligibility.is_screened_by(applicant, programme, trained_in):
            return applicant
        applicant = await store.applicants.change(applicant.id, _screening(programme, trained_in))


async def settle_all(store: Store, applicant_ids: Iterable[str]) -> None:
    """Settle many, side by side."""
    await side_by_side(store, lambda applicant_id: settle(store, applicant_id), list(applicant_ids))


async def side_by_side(store: Store, work: Callable[[T], Awaitable[object]], of: Sequence[T]) -> None:
    """Do the same for many documents, so that their loads and saves coalesce, a few hundred at a time."""
    for start in range(0, len(of), _SIDE_BY_SIDE):
        await store.storage.keep_pace()
        await asyncio.gather(*(work(one) for one in of[start : start + _SIDE_BY_SIDE]))


def _screening(programme: OpenProgramme, trained_in: list[str]) -> Decide:
    return lambda applicant: eligibility.screen(applicant, programme, trained_in)


async def _trained_in(store: Store, person_id: str, applicant_id: str) -> list[str]:
    person = await store.persons.get(person_id)
    return [] if person is None else person.trained_in(applicant_id)
