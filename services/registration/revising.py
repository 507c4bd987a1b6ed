"""What a changed programme changes about those registered in it: their age at the training's start."""

import asyncio

from services.registration.applicant import Applicant
from services.registration.store import Store
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.ledger import Signature

_SIDE_BY_SIDE = 400


async def count_ages_again(store: Store, programme: Programme, signed: Signature) -> None:
    """Bring every age up to date with the training's start; safe to repeat after a crash. Raises StorageAway."""

    def count(applicant: Applicant) -> list[Event] | None:
        return applicant.count_age_again(store.vault, programme, signed)

    stale = await store.aged_otherwise(programme)
    for start in range(0, len(stale), _SIDE_BY_SIDE):
        chunk = stale[start : start + _SIDE_BY_SIDE]
        await asyncio.gather(*(store.applicants.change(applicant_id, count) for applicant_id in chunk))
