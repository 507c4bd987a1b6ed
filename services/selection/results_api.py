"""The selection as people look at it: how far it is, its runs class by class, two runs side by side, and who is in."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.selection import results
from services.selection.programme import Deciding, OpenProgramme
from services.selection.results import ClassResult, Placing
from services.selection.roster import Roster, roster_id
from services.selection.run import Run
from services.selection.store import Store
from shared.audit.trail import Trail
from shared.contracts.registration import ClassOffer, Programme
from shared.contracts.selection import Outcome
from shared.problems import Conflict, NotFound

router = APIRouter()

_RUNS = 20  # the latest ones
_PORTION = 500  # people read at a time
_MOST = 500  # of a class, or of the differences, at once
_TOLD = {"programme_code", "kind", "rule_version", "inputs_digest", "by", "role", "at"}


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(_store)]
Limit = Annotated[int, Query(ge=1, le=_MOST)]


@router.get("/programmes/{code}/selection")
async def overview(code: str, store: TheStore) -> dict[str, Any]:
    """How far it is: who lacks scores, the latest runs, the decision, and the classes as they are filled now.

    `audit_head` vouches for all that was done up to now.
    """
    programme, missing, runs, head = await asyncio.gather(
        programme_of(store, code), store.unscored(code), store.latest_runs(code, _RUNS), Trail(store.storage).head()
    )
    return {
        "decision": await decision_of(store, programme),
        "missing": missing,
        "runs": [summary(one) for one in runs],
        "classes": await _filled(store, programme),
        "audit_head": f"selection:{head.n}:{head.hash}",
    }


@router.get("/programmes/{code}/selection/classes/{class_code}")
async def show_class(code: str, class_code: str, store: TheStore, limit: Limit = _MOST) -> dict[str, Any]:
    """Who holds a seat now and who is in reserve, each in ranking order."""
    programme = await programme_of(store, code)
    offer = _offer(programme.rules.classes, class_code)
    found = [one async for some in _standing(store, programme, [offer]) for one in some]
    found.sort(key=lambda one: one.rank or 0)
    return _class_list(results.per_class(programme.rules, found), offer, found, limit)


@router.get("/programmes/{code}/selection/minutes")
async def minutes(code: str, store: TheStore) -> dict[str, Any]:
    """The decision as it was taken: the rules by which, and everybody whom it gave a seat or made a reserve.

    Raises Conflict, `not_decided`.
    """
    programme = await programme_of(store, code)
    if programme.decision is None or programme.decision.state is not Deciding.DONE:
        raise Conflict("not_decided", "The selection of this programme has not been decided.")
    run = await run_of(store, code, programme.decision.run_id)
    found, head = await asyncio.gather(placings_of(store, run), Trail(store.storage).head())
    return {
        **summary(run),
        "programme": run.rules,
        "classes": _class_lists(run.rules, found),
        "audit_head": f"selection:{head.n}:{head.hash}",
    }


@router.get("/programmes/{code}/selection/runs/{run_id}/classes")
async def run_classes(code: str, run_id: str, store: TheStore) -> dict[str, Any]:
    """A run with its result per class."""
    run = await run_of(store, code, run_id)
    return {**summary(run), "classes": results.per_class(run.rules, await placings_of(store, run))}


@router.get("/programmes/{code}/selection/runs/{run_id}/classes/{class_code}")
async def run_class(code: str, run_id: str, class_code: str, store: TheStore, limit: Limit = _MOST) -> dict[str, Any]:
    """Whom a run puts into one class, and who is in reserve for it, each in ranking order."""
    run = await run_of(store, code, run_id)
    found = await placings_of(store, run)
    offer = _offer(run.rules.classes, class_code)
    return {**summary(run), **_class_list(results.per_class(run.rules, found), offer, found, limit)}


@router.get("/programmes/{code}/selection/runs/{run_id}/compare/{other_id}")
async def compare(code: str, run_id: str, other_id: str, store: TheStore, limit: Limit = _MOST) -> dict[str, Any]:
    """Two runs side by side: the classes of each, and everybody whom they place differently."""
    runs = [await run_of(store, code, one) for one in (run_id, other_id)]
    placed = [await placings_of(store, run) for run in runs]
    found = await asyncio.to_thread(results.differences, *placed)
    return {
        "runs": [
            {**summary(run), "classes": results.per_class(run.rules, everybody)}
            for run, everybody in zip(runs, placed, strict=True)
        ],
        "differences": [one._asdict() for one in found[:limit]],
        "counted": len(found),
    }


async def decision_of(store: Store, programme: OpenProgramme) -> dict[str, Any] | None:
    """By whom, and how far it is; while it is carried out with `progress`, of how many the outcome is written."""
    decision = programme.decision
    if decision is None:
        return None
    far = None if decision.state is Deciding.DONE else await store.how_far(programme.id)
    return {**decision.model_dump(mode="json", exclude={"expected"}), "progress": asdict(far) if far else None}


async def programme_of(store: Store, code: str) -> OpenProgramme:
    """Raises NotFound."""
    programme = await store.programmes.get(code)
    if programme is None or programme.definition is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    return programme


async def run_of(store: Store, code: str, run_id: str) -> Run:
    """Raises NotFound."""
    run = await store.runs.get(run_id)
    if run is None or run.programme_code != code:
        raise NotFound("unknown_run", "There is no such run in this programme.")
    return run


def summary(run: Run) -> dict[str, Any]:
    """A run without its rows."""
    return {"run_id": run.id, **run.model_dump(mode="json", include=_TOLD), "counts": run.counts.model_dump()}


async def placings_of(store: Store, run: Run) -> list[Placing]:
    """Everybody in a run, in ranking order; nobody while its outcome is not known."""
    inputs, outcome = await store.run_chunks.kept(run.id, run.inputs), await store.run_chunks.kept(run.id, run.outcome)
    return await asyncio.to_thread(results.placings, inputs, outcome)


async def _filled(store: Store, programme: OpenProgramme) -> list[ClassResult]:
    """The classes as they are filled now; of their people only some hundred are in memory at a time."""
    classes = results.empty_classes(programme.rules)
    async for some in _standing(store, programme, programme.rules.classes):
        results.count(classes, some)
    return list(classes.values())


async def _standing(
    store: Store, programme: OpenProgramme, offers: Sequence[ClassOffer]
) -> AsyncIterator[list[Placing]]:
    """Who holds a seat, or is in reserve, in these classes as they are filled now, in portions."""
    rosters: dict[str, Roster] = await store.rosters.get_many(roster_id(programme.id, one.code) for one in offers)
    until = {one.applicant_id: one.until for roster in rosters.values() for one in roster.offers}
    people = [
        (who, roster.class_code, outcome)
        for roster in rosters.values()
        for outcome, those in (
            (Outcome.ACCEPTED, roster.holders),
            (Outcome.RESERVE, roster.in_reserve),
        )
        for who in those
    ]
    for start in range(0, len(people), _PORTION):
        some = people[start : start + _PORTION]
        known = await store.as_listed([who for who, _, _ in some])
        yield [
            results.standing(known[who], code, outcome, until.get(who)) for who, code, outcome in some if who in known
        ]


def _offer(offers: Sequence[ClassOffer], class_code: str) -> ClassOffer:
    offer = next((one for one in offers if one.code == class_code), None)
    if offer is None:
        raise NotFound("unknown_class", "The programme has no such class.")
    return offer


def _class_lists(programme: Programme, everybody: Sequence[Placing]) -> list[dict[str, Any]]:
    """All classes at once, everybody in them."""
    people: dict[str, dict[Outcome, list[Placing]]] = defaultdict(lambda: defaultdict(list))
    for one in everybody:
        people[one.class_code or ""][one.outcome].append(one)
    return [
        {"class": one, "accepted": people[one.code][Outcome.ACCEPTED], "reserves": people[one.code][Outcome.RESERVE]}
        for one in results.per_class(programme, everybody)
    ]


def _class_list(
    classes: Sequence[ClassResult], offer: ClassOffer, everybody: Sequence[Placing], limit: int
) -> dict[str, Any]:
    mine = [one for one in everybody if one.class_code == offer.code]
    return {
        "class": next(one for one in classes if one.code == offer.code),
        "accepted": [one for one in mine if one.outcome is Outcome.ACCEPTED][:limit],
        "reserves": [one for one in mine if one.outcome is Outcome.RESERVE][:limit],
    }
