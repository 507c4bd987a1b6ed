"""Sealing all applicants anew, batch by batch, beside everything else that happens to them."""

import asyncio
import logging
from typing import NamedTuple

from services.registration.rotation import seal_anew
from services.registration.store import Store
from services.registration.vault import Unreadable
from shared.ledger import Signature
from shared.storage import StorageAway

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 5.0


class Batch(NamedTuple):
    """`unreadable` are applicants whose fields none of the keys opens; `next` is where the following batch begins,
    None when every applicant was looked at.
    """

    sealed_anew: int
    unreadable: list[str]
    next: str | None


async def rotate(store: Store, after: str, size: int, signed: Signature) -> Batch:
    """Seal the next `size` applicants behind the id `after` anew, each as it is at that moment. Raises StorageAway.

    Beginning again from "" looks at everybody and changes what is left.
    """
    if not after:
        await store.rotations.change(store.vault.sealing, lambda rotation: rotation.write("rotation_started", signed))
    found = await store.applicants.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=size)
    old = [one.id for one in found if not all(map(store.vault.is_sealed_anew, one.sealed.values()))]
    outcomes = await asyncio.gather(*(_seal_anew(store, applicant_id) for applicant_id in old))
    unreadable = [applicant_id for applicant_id, sealed in zip(old, outcomes, strict=True) if not sealed]
    more = len(found) == size
    if not more:
        await store.rotations.change(store.vault.sealing, lambda rotation: rotation.write("rotation_finished", signed))
    return Batch(len(old) - len(unreadable), unreadable, found[-1].id if more else None)


async def _seal_anew(store: Store, applicant_id: str) -> bool:
    try:
        await store.applicants.change(applicant_id, lambda applicant: seal_anew(applicant, store.vault))
    except Unreadable:
        return False
    return True


async def keys_in_use(store: Store) -> dict[str, int]:
    """How many applicants have a field sealed with each key, by key id. Raises StorageAway."""
    key_id = {"$arrayElemAt": [{"$split": ["$$this.v", ":"]}, 0]}
    key_ids = {"$setUnion": {"$map": {"input": {"$objectToArray": "$sealed"}, "in": key_id}}}
    found = await store.applicants.aggregate(
        [{"$project": {"key_id": key_ids}}, {"$unwind": "$key_id"}, {"$sortByCount": "$key_id"}]
    )
    return {one["_id"]: one["count"] for one in found}


async def complain_of_missing_keys(store: Store) -> None:
    """Say in the log, once, which keys were taken away too early."""
    while True:
        try:
            in_use = await keys_in_use(store)
        except StorageAway:
            await asyncio.sleep(_LOOK_AGAIN_S)
            continue
        for key_id in in_use.keys() - set(store.vault.key_ids):
            log.error("the field key %s is missing: it seals %d applicants; put it back", key_id, in_use[key_id])
        return
