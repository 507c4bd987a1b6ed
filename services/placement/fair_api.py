"""Job fairs over HTTP: announced, attended by vacancies, visited by graduates, and what came of them."""

import asyncio
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.placement import fair_outcomes, running, vacancy_list
from services.placement.api import TheStore
from services.placement.fair import Details, Fair, Visit, cannot_come, fair_id, visit_id
from services.placement.fair_outcomes import Proposed, Visitor
from services.placement.match_list import standing
from services.placement.store import Store
from services.placement.vacancy_api import today
from shared.cells import word
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Conflict, NotFound

router = APIRouter()

_AT_ONCE = 200
Id = Annotated[str, Field(max_length=100)]


class Written(Details):
    """`fair_id` and `revision` are of the one that was looked at, none for a new one."""

    fair_id: str | None = None
    revision: int = 0


class Attending(BaseModel):
    vacancy_ids: list[Id] = Field(min_length=1, max_length=_AT_ONCE)
    attends: bool = True


class Came(BaseModel):
    applicant_ids: list[Id] = Field(min_length=1, max_length=_AT_ONCE)


class Retraction(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")


@router.get("/fairs")
async def fairs(store: TheStore) -> dict[str, Any]:
    """All of them, the latest first, with how many vacancies and employers attend and how many graduates came."""
    found = [one for one in await store.fairs.find({}) if one.details is not None]
    vacancy_ids = {vacancy_id for one in found for vacancy_id in one.vacancies}
    came, vacancies = await asyncio.gather(
        store.came([one.id for one in found]), store.vacancies.get_many(sorted(vacancy_ids))
    )
    employers = {id_: word(one.offered.employer) for id_, one in vacancies.items()}
    ordered = sorted(found, key=lambda one: (-one.held.held_on.toordinal(), one.held.name.casefold(), one.id))
    return {
        "fairs": [
            {
                **_told(one),
                "vacancies": len(one.vacancies),
                "employers": len({employers[id_] for id_ in one.vacancies}),
                "came": came.get(one.id, 0),
            }
            for one in ordered
        ]
    }


@router.post("/fairs")
async def write_fair(written: Written, store: TheStore) -> dict[str, Any]:
    """Announce a fair, or change the details of the one that was looked at.

    Raises Conflict `fair_known`, `changed_meanwhile`.
    """
    details = Details.model_validate(written.model_dump(include=set(Details.model_fields)))
    signed, new = signature(), written.fair_id is None

    def write(fair: Fair) -> list[Event] | None:
        if not new and fair.details is None:
            raise _unknown()
        return fair.announce(details, written.revision, signed, new=new)

    return _told(await store.fairs.change(written.fair_id or fair_id(details), write))


@router.get("/fairs/{id_}")
async def show_fair(id_: str, store: TheStore) -> dict[str, Any]:
    """One fair: the vacancies that attend, each with what came of it there, the outcomes, and the ledger."""
    fair = await _fair(store, id_)
    visitors, vacancies, seats = await asyncio.gather(
        store.visitors(id_), store.vacancies.get_many(fair.vacancies), store.seats(fair.vacancies)
    )
    made = fair_outcomes.per_vacancy(visitors, id_)
    attending = [
        {
            **one.terms.model_dump(mode="json", include={"code", "employer", "position", "vocation", "seats"}),
            **one.model_dump(mode="json", include={"vacancy_id", "state", "seats_taken"}),
            "at_fair": made.get(one.vacancy_id, Proposed()).model_dump(),
        }
        for one in vacancy_list.listed(vacancies.values(), seats, today())
    ]
    return {
        **_told(fair),
        "begun": fair.held.held_on <= today(),
        "vacancies": sorted(attending, key=lambda one: (word(one["employer"]), word(one["position"]), one["code"])),
        "employers": len({word(one["employer"]) for one in attending}),
        "outcomes": fair_outcomes.outcomes(visitors, id_, fair.held.held_on).model_dump(),
        "ledger": [entry.model_dump(mode="json") for entry in fair.ledger],
    }


@router.post("/fairs/{id_}/vacancies")
async def attend(id_: str, attending: Attending, store: TheStore) -> dict[str, Any]:
    """Let vacancies attend, or not; repeated it changes nothing.

    Raises NotFound `unknown_vacancy`; Conflict `proposed_at_fair` when somebody was proposed there for one that is to
    stay away, `matching_busy`.
    """
    await _fair(store, id_)
    signed, ids = signature(), attending.vacancy_ids
    if attending.attends:
        known = await store.vacancies.get_many(ids)
        if any(one not in known or known[one].terms is None for one in ids):
            raise NotFound("unknown_vacancy", "There is no such vacancy.")
        return _told(await store.fairs.change(id_, lambda fair: fair.attend(ids, signed)))
    async with store.turn.taken(running.WAIT_S):  # nobody is proposed meanwhile
        made = fair_outcomes.per_vacancy(await store.visitors(id_), id_)
        if made.keys() & set(ids):
            raise _was_proposed()
        return _told(await store.fairs.change(id_, lambda fair: fair.stay_away(ids, signed)))


@router.get("/fairs/{id_}/visits")
async def visits(
    id_: str,
    store: TheStore,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """The graduates who came, by programme and id, each with the proposals made at the fair and whether they work."""
    fair, visitors = await _fair(store, id_), await store.visitors(id_)
    visitors.sort(key=lambda one: (one.programme_code, one.applicant_id))
    shown = [_visit(one, fair) for one in visitors[skip : skip + limit]]
    return {"visits": shown, "total": len(visitors)}


@router.post("/fairs/{id_}/visits")
async def note_visits(id_: str, came: Came, store: TheStore) -> dict[str, Any]:
    """Note who came; whoever cannot have come as a graduate is `refused`, the others are noted all the same.

    Raises Conflict `fair_not_begun`.
    """
    fair = await _fair(store, id_)
    fair.check_begun(today())
    signed, ids = signature(), list(dict.fromkeys(came.applicant_ids))
    known = await store.graduates.get_many(ids)
    why = {one: cannot_come(known[one]) if one in known else "unknown_applicant" for one in ids}

    async def note(applicant_id: str) -> bool:
        new = False

        def decide(visit: Visit) -> list[Event] | None:
            nonlocal new
            decided = visit.note(fair, known[applicant_id], signed)
            new = decided is not None
            return decided

        await store.visits.change(visit_id(id_, applicant_id), decide)
        return new

    counted = Counter(await asyncio.gather(*(note(one) for one in ids if why[one] is None)))
    refused = [{"applicant_id": one, "reason": why[one]} for one in ids if why[one] is not None]
    return {"noted": counted[True], "known": counted[False], "refused": refused}


@router.post("/fairs/{id_}/visits/{applicant_id}/retraction")
async def retract_visit(id_: str, applicant_id: str, retraction: Retraction, store: TheStore) -> dict[str, Any]:
    """Somebody did not come after all. Raises Conflict `proposed_at_fair`, `matching_busy`."""
    signed, named = signature(), visit_id(id_, applicant_id)
    async with store.turn.taken(running.WAIT_S):  # nobody is proposed meanwhile
        graduate = await store.visitor(applicant_id)
        if graduate is None or await store.visits.get(named) is None:
            raise NotFound("unknown_visit", "Nobody has noted that this person came.")
        if graduate.proposals(id_):
            raise _was_proposed()
        visit = await store.visits.change(named, lambda one: one.retract(retraction.reason, signed))
    return {"applicant_id": applicant_id, "came": visit.came}


async def _fair(store: Store, id_: str) -> Fair:
    found = await store.fairs.get(id_)
    if found is None or found.details is None:
        raise _unknown()
    return found


def _told(fair: Fair) -> dict[str, Any]:
    return {"fair_id": fair.id, "revision": fair.revision, **fair.held.model_dump(mode="json")}


def _visit(one: Visitor, fair: Fair) -> dict[str, Any]:
    proposals = [
        {**match.model_dump(mode="json", include={"vacancy_id", "employer", "position"}), "standing": standing(match)}
        for match in one.proposals(fair.id)
    ]
    known = one.model_dump(include={"applicant_id", "programme_code", "class_code"})
    return {**known, "work": one.work(fair.held.held_on), "proposals": proposals}


def _unknown() -> NotFound:
    return NotFound("unknown_fair", "There is no such fair.")


def _was_proposed() -> Conflict:
    return Conflict("proposed_at_fair", "A proposal was made at this fair, so this stays.")
