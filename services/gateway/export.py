"""The answer to a request for access: everything that all services hold about one person."""

import asyncio
from typing import Any

from services.gateway.calling import Caller
from services.gateway.dossier import ask
from services.gateway.kinds import Owner
from services.gateway.services import Services, at
from shared.problems import Away

_NAMELESS: tuple[Owner, ...] = ("selection", "certification", "placement")


async def everything(services: Services, nik: str, reason: str, caller: Caller) -> dict[str, Any]:
    """`registrations`, each with what the four services hold (None: nothing), and `earlier_trainings`.

    Raises Away unless every service answers: half an answer would look like a whole one.
    """
    held: dict[str, Any] = await services.post("registration", "/people/export", caller, {"nik": nik, "reason": reason})
    registrations = held.pop("registrations")
    others = await asyncio.gather(*(_elsewhere(services, one["applicant_id"], caller) for one in registrations))
    return {
        **held,
        "registrations": [
            {"registration": one, **elsewhere} for one, elsewhere in zip(registrations, others, strict=True)
        ],
    }


async def _elsewhere(services: Services, applicant_id: str, caller: Caller) -> dict[str, Any]:
    path = at("/applicants/{applicant_id}", applicant_id=applicant_id)
    answers = await asyncio.gather(*(ask(services, service, path, caller) for service in _NAMELESS))
    for answer in answers:
        if isinstance(answer, Away):
            raise answer
    return dict(zip(_NAMELESS, answers, strict=True))
