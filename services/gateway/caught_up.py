"""Waits until the service that is about to decide has heard everything that was said before."""

import asyncio

from services.gateway.calling import Caller
from services.gateway.kinds import Owner
from services.gateway.services import Services, at
from shared.contracts import Event, certification, registration, selection
from shared.problems import Conflict
from shared.progress import ACROSS, Progress

WAIT_AT_MOST_S = 10.0
_ASK_EVERY_S = 0.1
_COUNTING_S = 60.0  # progress is counted from everybody's documents: seconds, where they are a hundred thousand

# who decides → from whom → which events its decision builds on
BUILDS_ON: dict[Owner, dict[Owner, tuple[type[Event], ...]]] = {
    "selection": {
        "registration": (
            registration.ProgrammeOpened,
            registration.ApplicantRegistered,
            registration.ApplicantCorrected,
            registration.ApplicantWithdrawn,
            registration.PriorTrainingRecorded,
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
    deadline = asyncio.get_running_loop().time() + WAIT_AT_MOST_S
    behind = dict(BUILDS_ON[decider])
    while True:
        # publishers first: what they say afterwards was not said before the caller asked
        said = {publisher: await _progress(services, publisher, code, caller) for publisher in behind}
        heard = await _progress(services, decider, code, caller)
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


async def _progress(services: Services, service: Owner, code: str, caller: Caller) -> Progress:
    """In the programme, and with what belongs to no programme, such as earlier trainings."""
    here, across = [
        Progress.model_validate(
            await services.get(service, at("/internal/progress/{code}", code=scope), caller, timeout_s=_COUNTING_S)
        )
        for scope in (code, ACROSS)
    ]
    return Progress(published=across.published | here.published, absorbed=across.absorbed | here.absorbed)
