"""Proposes one graduate for one vacancy by hand, while no matching gives the same seat away."""

from datetime import date

from services.placement import by_hand, matching, running, vacancy_list
from services.placement.graduate import Graduate
from services.placement.match import Match
from services.placement.places import Neighbours
from services.placement.run import match_of
from services.placement.store import Store
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Conflict, NotFound


async def propose(
    store: Store, applicant_id: str, vacancy_id: str, on: date, neighbours: Neighbours, *, despite: bool
) -> Match:
    """The match; the same again answers the same.

    Raises NotFound `unknown_applicant`, `unknown_vacancy`; Conflict `not_possible` with the `reason`, `warnings` with
    those that speak against it unless it is wanted `despite` them, `matching_busy`.
    """
    async with store.turn.taken(running.WAIT_S):
        await running.finish(store)
        graduate, vacancy = await store.graduates.get(applicant_id), await store.vacancies.get(vacancy_id)
        if graduate is None:
            raise NotFound("unknown_applicant", "There is no such applicant.")
        if vacancy is None or vacancy.terms is None:
            raise NotFound("unknown_vacancy", "There is no such vacancy.")
        if graduate.match is not None and graduate.match.vacancy_id == vacancy_id:
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
        match = match_of(by_hand.proposal(graduate, offered, warned, open_now, neighbours), vacancy.terms, None)
        signed = signature()

        def apply(fresh: Graduate) -> list[Event]:
            _check(by_hand.forbidden(fresh, offered))
            matched = fresh.propose(match, signed, warnings=warned)
            return [] if matched is None else [matched]

        await store.graduates.change(applicant_id, apply)
        return match


def _check(forbidden: str | None) -> None:
    if forbidden is not None:
        raise Conflict("not_possible", "This graduate cannot be proposed for this vacancy.", reason=forbidden)
