"""Proposing one graduate for one vacancy by hand: what forbids it, and what staff are warned of."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from services.placement import education, matching
from services.placement.graduate import Graduate
from services.placement.matching import Opening, Proposal
from services.placement.places import Neighbours
from services.placement.vacancy import State
from services.placement.vacancy_list import Listed
from shared.cells import word
from shared.contracts.registration import Programme

# a warning, and the reason for a proposal that it takes away
_DOUBTS: Final = {"other_vocation": "same_vocation", "education_too_low": "education_suffices"}


def forbidden(graduate: Graduate, vacancy: Listed) -> str | None:
    """Why this cannot be, as a code; None when it can."""
    if graduate.withdrawn:
        return "withdrawn"
    if not graduate.completed:
        return "not_a_graduate"
    if graduate.match is not None:
        return "already_proposed"
    if vacancy.vacancy_id in graduate.refuses:
        return "refused_before"
    if graduate.placed:
        return "already_placed"
    if vacancy.state is State.CLOSED:
        return "vacancy_closed"
    return None if vacancy.seats_left else "no_seat_left"


def warnings(graduate: Graduate, programme: Programme, vacancy: Listed, on: date) -> list[str]:
    """What the rules of matching would not have let through, as codes."""
    return list(_warnings(graduate, programme, vacancy, on))


def proposal(
    graduate: Graduate, vacancy: Listed, warned: Sequence[str], openings: Iterable[Opening], neighbours: Neighbours
) -> Proposal:
    """What is proposed, with the score that a matching would give it among these openings; `reasons` say what is so."""
    score, nearness = matching.score(graduate.city, vacancy.terms, openings, neighbours)
    so = [fine for doubt, fine in _DOUBTS.items() if doubt not in warned]
    return Proposal(applicant_id=graduate.id, vacancy_id=vacancy.vacancy_id, score=score, reasons=[*so, nearness])


def _warnings(graduate: Graduate, programme: Programme, vacancy: Listed, on: date) -> Iterator[str]:
    offer = programme.class_of(graduate.class_code or "")
    if offer is None or word(offer.vocation) != word(vacancy.terms.vocation):
        yield "other_vocation"
    if not education.suffices(education.rank(graduate.education or ""), vacancy.terms.education):
        yield "education_too_low"
    if not graduate.certified(on):
        yield "no_valid_certificate"
    if vacancy.state is State.EXPIRED:
        yield "vacancy_expired"
