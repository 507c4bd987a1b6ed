"""Keeping a participant number: as one person's, whoever else is being given it at the same moment."""

from typing import Final

from services.registration import participant_number
from services.registration.applicant import Applicant, no_such_applicant
from services.registration.number_claims import ClaimOvertaken
from services.registration.store import Store
from shared.contracts import Event
from shared.ledger import Signature
from shared.rehearsing import Changing
from shared.storage import Taken, VersionConflict

_ATTEMPTS: Final = 50  # an applicant contended this often is a defect, not bad luck


async def keep(store: Store, applicant: Applicant, kpj: str | None, signed: Signature, seen: int | None = None) -> bool:
    """Whether it was changed now. Raises Taken when the number is somebody else's, and what `record` raises.

    The holder may be of another programme: the number goes with a person from one to the next.
    """
    if kpj is None:
        return await _record(store, store.applicants, applicant, None, signed, seen)
    token = store.vault.kpj_token(kpj)
    for attempt in range(_ATTEMPTS):
        try:
            if applicant.kpj_token == token:
                return await _record(store, store.applicants, applicant, kpj, signed, seen, applicant.version)
            claim = await store.number_claims.make(token, applicant, yielding=attempt > 0)
            try:
                await _refuse_anothers(store, applicant, kpj)
                return await _record(store, store.applicants, applicant, kpj, signed, seen, applicant.version)
            finally:
                await store.number_claims.drop(claim)
        except ClaimOvertaken:
            loaded = await store.applicants.get(applicant.id)
            if loaded is None:
                raise no_such_applicant() from None
            applicant = loaded
    raise VersionConflict(f"applicants {applicant.id} is contended")


async def rehearse(
    store: Store, applicants: Changing[Applicant], applicant: Applicant, kpj: str, signed: Signature
) -> bool:
    """What `keep` would come to now; `applicants` are those of a dry run."""
    await _refuse_anothers(store, applicant, kpj)
    return await _record(store, applicants, applicant, kpj, signed)


async def _refuse_anothers(store: Store, applicant: Applicant, kpj: str) -> None:
    if await store.kpj_holders(kpj) - {applicant.person_id}:
        raise Taken(("kpj_token",))


async def _record(
    store: Store,
    applicants: Changing[Applicant],
    applicant: Applicant,
    kpj: str | None,
    signed: Signature,
    seen: int | None = None,
    version: int | None = None,
) -> bool:
    """With `version`, only if the applicant still is at that one. Raises ClaimOvertaken when it is not."""
    changed = False

    def decide(current: Applicant) -> list[Event] | None:
        nonlocal changed
        if version is not None and current.version != version:
            raise ClaimOvertaken
        events = participant_number.record(current, store.vault, kpj, signed, seen)
        changed = events is not None
        return events

    await applicants.change(applicant.id, decide)
    return changed
