"""Proposes one graduate for one vacancy by hand, while no matching gives the same seat away."""

from datetime import date
from typing import NamedTuple

from services.placement import by_hand, matching, running, vacancy_list
from services.placement.fair import visit_id
from services.placement.graduate import Graduate
from services.placement.match import Match
from services.placement.places import Neighbours
from services.placement.run import match_of
from services.placement.store import Store
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Conflict, NotFound


class Pair(NamedTuple):
    """Who is proposed for what, and at which job fair if at one."""

    applicant_id: str
    vacancy_id: str
    fair_id: str | None = None


async def propose(store: Store, pair: Pair, on: date, neighbours: Neighbours, *, despite: bool) -> Match:
    """The match; the same again answers the same.

    Raises NotFound `unknown_applicant`, `unknown_vacancy`, `unknown_fair`; Conflict `not_possible` with
    the `reason`, `warnings` with those that speak against it unless it is wanted `despite` them, `matching_busy`.
    """
    applicant_id, vacancy_id, fair_id = pair
    async with store.turn.taken(running.WAIT_S):
        await running.finish(store)
        graduate, vacancy = await store.graduates.get(applicant_id), await store.vacancies.get(vacancy_id)
        if graduate is None:
            raise NotFound("unknown_applicant", "There is no such applicant.")
        if vacancy is None or vacancy.terms is None:
            raise NotFound("unknown_vacancy", "There is no such vacancy.")
        if fair_id is not None:
            _check(await _not_at_fair(store, fair_id, pair))
        if graduate.match is not None and graduate.match.vacancy_id == vacancy_id:
            if fair_id not in (None, graduate.match.fair_id):
                _check("proposed_outside_fair")
            return graduate.match
        seats = await store.seats()
        [offered] = vacancy_list.listed([vacancy], seats, on)
        _check(by_hand.forbidden(graduate, offered))
        programme = await store.programme(graduate.programme_code)
        if programme is None:
            raise NotFound("unknown_programme", "There is no such programme.")
        warned = by_hand.warnings(graduate, programme, offered, on)
        if warned and not despite:
            raise Conflict("warnings", "The rules would not propose this.", warnings=warned)
        taken = {one: held.taken for one, held in seats.items()}
        open_now = matching.openings(await store.vacancies.find({}), taken, on)
        proposal = by_hand.proposal(graduate, offered, warned, open_now, neighbours)
        match = match_of(proposal, vacancy.terms, None).model_copy(update={"fair_id": fair_id})
        signed = signature()

        def apply(fresh: Graduate) -> list[Event]:
            _check(by_hand.forbidden(fresh, offered))
            matched = fresh.propose(match, signed, warnings=warned)
            return [] if matched is None else [matched]

        await store.graduates.change(applicant_id, apply)
        return match


async def _not_at_fair(store: Store, fair_id: str, pair: Pair) -> str | None:
    """Why this pair cannot have met at that fair, as a code. Raises NotFound `unknown_fair`."""
    fair, visit = await store.fairs.get(fair_id), await store.visits.get(visit_id(fair_id, pair.applicant_id))
    if fair is None:
        raise NotFound("unknown_fair", "There is no such fair.")
    if pair.vacancy_id not in fair.vacancies:
        return "vacancy_not_at_fair"
    return None if visit is not None and visit.came else "not_at_fair"


def _check(forbidden: str | None) -> None:
    if forbidden is not None:
        raise Conflict("not_possible", "This graduate cannot be proposed for this vacancy.", reason=forbidden)
