"""Waits until the service that is about to decide has heard everything that was said before."""

import asyncio

from services.gateway.calling import Caller
from services.gateway.kinds import Owner
from services.gateway.services import Services, at
from shared.contracts import Event, certification, registration, selection
from shared.problems import Conflict
from shared.progress import Progress

WAIT_AT_MOST_S = 10.0
_ASK_EVERY_S = 0.1

# who decides → from whom → which events its decision builds on
BUILDS_ON: dict[Owner, dict[Owner, tuple[type[Event], ...]]] = {
    "selection": {
        "registration": (
            registration.ProgrammeOpened,
            registration.ApplicantRegistered,
            registration.ApplicantCorrected,
            registration.ApplicantWithdrawn,
        )
    },
    "placement": {
        "registration": (
            registration.ProgrammeOpened,
            registration.ApplicantRegistered,
            registration.ApplicantCorrected,
            registration.ApplicantWithdrawn,
        ),
        "selection": (selection.SelectionDecided,),
        "certification": (
            certification.TrainingCompleted,
            certification.CertificateIssued,
            certification.CertificateRevoked,
        ),
    },
}


async def caught_up(services: Services, decider: Owner, code: str, caller: Caller) -> None:
    """Returns when `decider` has absorbed what it builds on. Raises Conflict, `not_caught_up`, after ten seconds."""
    path = at("/internal/progress/{code}", code=code)
    deadline = asyncio.get_running_loop().time() + WAIT_AT_MOST_S
    behind = dict(BUILDS_ON[decider])
    while True:
        # publishers first: what they say afterwards was not said before the caller asked
        said = {publisher: await _progress(services, publisher, path, caller) for publisher in behind}
        heard = await _progress(services, decider, path, caller)
        behind = {
            publisher: events
            for publisher, events in behind.items()
            if not all(heard.covers(said[publisher], event.__name__) for event in events)
        }
        if not behind:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise Conflict(
                "not_caught_up",
                f"{decider} has not heard everything yet from {' and '.join(behind)}; try again in a moment.",
                waiting_for=sorted(behind),
            )
        await asyncio.sleep(_ASK_EVERY_S)


async def _progress(services: Services, service: Owner, path: str, caller: Caller) -> Progress:
    return Progress.model_validate(await services.get(service, path, caller))
