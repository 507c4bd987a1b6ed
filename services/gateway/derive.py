"""What queries need of an applicant, kept in the document: it follows from the rest, and is derived at each save."""

from services.gateway import funnel, portraits, rollups, sorting, stages
from services.gateway.readmodel import Applicant


def derive(applicant: Applicant) -> None:
    """Before the registration is known, nobody is listed or counted."""
    stage = stages.stage(applicant)
    applicant.stage = stage.value
    if applicant.registration_no is None or applicant.registered_at is None:
        return
    decision = applicant.standing_decision
    class_code = decision.class_code if decision else None
    applicant.facets = sorting.facets(stage.value, class_code, applicant.reasons)
    if awaited := stages.awaits(applicant):
        applicant.facets += [sorting.facet(awaited.value, one) for one in dict.fromkeys((None, class_code))]
    applicant.registered_us = sorting.microseconds(applicant.registered_at)
    applicant.block = applicant.number // rollups.BLOCK
    applicant.tally = funnel.tally(applicant)
    applicant.portrait = portraits.portrait(applicant)
