"""Everything known about one applicant: what each service answers, and one ledger of all of them."""

import asyncio
from typing import Any

from services.gateway.calling import Caller
from services.gateway.kinds import Owner
from services.gateway.listing import item
from services.gateway.masking import without_free_text, without_health
from services.gateway.services import Refused, Services, at
from services.gateway.store import Store
from shared.problems import Away, NotFound

_SERVICES: tuple[Owner, ...] = ("registration", "selection", "certification", "placement")
_NOT_FOUND = NotFound.status


async def dossier(store: Store, services: Services, applicant_id: str, caller: Caller) -> dict[str, Any]:
    """`registration`, `selection`, `certification` and `placement` hold what each knows, None when nothing.

    `unavailable` names services that did not answer. Raises NotFound, and Away when registration is away.
    """
    path = at("/applicants/{applicant_id}", applicant_id=applicant_id)
    answers = await asyncio.gather(*(ask(services, service, path, caller) for service in _SERVICES))
    parts: dict[str, Any] = dict(zip(_SERVICES, answers, strict=True))
    if isinstance(parts["registration"], Away):
        raise parts["registration"]
    if parts["registration"] is None:
        raise NotFound("unknown_applicant", "There is no such applicant.")
    unavailable = [service for service, part in parts.items() if isinstance(part, Away)]
    known = {service: None if service in unavailable else part for service, part in parts.items()}
    ledger = sorted(
        (
            {"service": service, **entry}
            for service, part in known.items()
            if part
            for entry in part.pop("ledger", None) or ()
        ),
        key=lambda entry: str(entry.get("at", "")),
    )
    told = {**await _standing(store, applicant_id, caller), **known, "unavailable": unavailable, "ledger": ledger}
    return told if caller.sees_health else _masked(told)


def _masked(told: dict[str, Any]) -> dict[str, Any]:
    """The dossier for a role that does not see health: why somebody withdrew may touch it, whatever the entry says.

    Registration's other reasons are codes, of warnings.
    """
    masked: dict[str, Any] = without_health(told)
    registration = masked["registration"]
    return {
        **{part: held if part == "registration" else without_free_text(held) for part, held in masked.items()},
        "registration": {**registration, "reveals": without_free_text(registration["reveals"])},
    }


async def _standing(store: Store, applicant_id: str, caller: Caller) -> dict[str, Any]:
    found = await store.applicants.get(applicant_id)
    if found is None or found.registration_no is None:
        return {"applicant_id": applicant_id}
    trainings, acceptances = await asyncio.gather(store.trainings([found]), store.acceptances([found]))
    person = found.person_id or ""
    shown = item(found, trainings.get(person, []), acceptances.get(person, set()), {}, health=caller.sees_health)
    return shown.model_dump(mode="json")


async def ask(services: Services, service: Owner, path: str, caller: Caller) -> Any:
    """What one service answers: None when it knows nothing, the Away itself when it is away."""
    try:
        return await services.get(service, path, caller)
    except Refused as refused:
        if refused.status == _NOT_FOUND:
            return None
        raise
    except Away as away:
        return away
