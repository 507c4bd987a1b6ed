"""The gateway's read model a second time: the log replayed, repetitions and all, through the gateway's own handlers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.events import on
from services.gateway.store import ReadModel, Store
from shared import meta
from shared.messaging import BATCH
from shared.storage import Storage
from tests.faults.ledger import Seen
from tests.faults.system import System

Documents = dict[str, dict[str, Any]]

COLLECTIONS = ("programmes", "applicants")
# not of the deployment's names, so that nothing that looks at its databases takes this for one of them
_SCRATCH = "disusun_ulang"
# how a document came about, not what it says
_BOOKKEEPING = ("version", "touched", "outbox", "pending", "published")
# facts that accumulate stand in the order in which they came
_IN_ANY_ORDER = ("matches",)


def read_model(system: System, logged: Sequence[Seen]) -> dict[str, Documents]:
    """By collection and id, what the gateway would hold had it heard these events and no others."""
    system.mongo.drop_database(_SCRATCH)
    try:
        asyncio.run(_replay(system.mongo_url, logged))
        scratch = system.mongo[_SCRATCH]
        return {name: {one["_id"]: what_it_says(one) for one in scratch[name].find()} for name in COLLECTIONS}
    finally:
        system.mongo.drop_database(_SCRATCH)


def what_it_says(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document of the read model without what depends on how it came about."""
    said = {field: value for field, value in document.items() if field not in _BOOKKEEPING}
    return said | {field: sorted(said[field]) for field in _IN_ANY_ORDER if field in said}


async def _replay(mongo_url: str, logged: Sequence[Seen]) -> None:
    storage = Storage(mongo_url, _SCRATCH, "gateway")
    try:
        store = Store(storage)
        store.serve(ReadModel(storage, 0))
        heard = {one.contract.ce_type(): one for one in on.subscriptions}

        async def hear(event: Seen) -> None:
            subscription = heard[event.type]
            await subscription.handle(subscription.contract.model_validate(event.body), meta.read(event.headers), store)

        for start in range(0, len(logged), BATCH):
            await asyncio.gather(*map(hear, logged[start : start + BATCH]))
    finally:
        storage.close()
