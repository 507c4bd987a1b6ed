"""A read model of the gateway's by itself, on a real database, and people in it."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from services.gateway.derive import derive
from services.gateway.readmodel import Applicant
from services.gateway.store import ReadModel, Store
from shared.storage import Storage
from tests.conftest import Urls


def somebody(number: int, said: dict[str, Any]) -> Applicant:
    decision = {"stage": "ranking", "outcome": said["outcome"], "class_code": said["class"], "rank": said["rank"]}
    applicant = Applicant.model_validate(
        {
            "_id": uuid.uuid4().hex,
            "programme_code": "U",
            "registration_no": f"U-{number:04}",
            "number": number,
            "registered_at": f"2030-01-01T00:00:0{said['second']}{'.5' if number % 2 else ''}Z",
            "scores": {"total": said["total"], "absent": said["total"] is None},
            "decision": {**decision, "total": said["total"], "reasons": said["reasons"], "order": (1, 0)},
        }
    )
    derive(applicant)
    return applicant


@contextlib.asynccontextmanager
async def a_model(servers: Urls) -> AsyncIterator[Store]:
    """An empty one, in a database of its own, gone afterwards."""
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:10]}_gateway", "gateway")
    model, store = ReadModel(storage, 0), Store(storage)
    await model.prepare()
    store.serve(model)
    yield store
    await model.drop()
    storage.close()
