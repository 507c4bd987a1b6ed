"""Keeps an applicant's name out of the reasons that other services than registration keep and publish."""

from collections.abc import Sequence

from services.gateway.calling import Caller
from services.gateway.services import Services, at


async def naming_nobody(services: Services, applicant_id: str, reason: str, caller: Caller) -> str:
    """The reason without what names or identifies the applicant: only registration knows that. Raises Away, Refused."""
    path = at("/applicants/{applicant_id}/discretion", applicant_id=applicant_id)
    answer = await services.post("registration", path, caller, {"reason": reason})
    return str(answer["reason"])


async def naming_none_of(services: Services, applicant_ids: Sequence[str], reason: str, caller: Caller) -> str:
    """One reason about several applicants, without what names or identifies any of them. Raises Away, Refused."""
    body = {"applicant_ids": list(applicant_ids), "reason": reason}
    return str((await services.post("registration", "/people/discretion", caller, body))["reason"])
