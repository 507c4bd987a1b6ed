"""The selection as people look at it: how far it is, its runs class by class, two runs side by side, and who is in."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
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
    programme = await programme_of(store, code)
    classes, missing, runs, head = await asyncio.gather(
        _filled(store, programme, programme.rules.classes),
        store.unscored(code),
        store.latest_runs(code, _RUNS),
        Trail(store.storage).head(),
    )
    return {
        "decision": await decision_of(store, programme),
        "missing": missing,
        "runs": [summary(one) for one in runs],
        "classes": classes,
        "audit_head": f"selection:{head.n}:{head.hash}",
    }


@router.get("/programmes/{code}/selection/classes/{class_code}")
async def show_class(code: str, class_code: str, store: TheStore, limit: Limit = _MOST) -> dict[str, Any]:
    """Who holds a seat now and who is in reserve, each in ranking order."""
    programme = await programme_of(store, code)
    offer = _offer(programme.rules.classes, class_code)
    classes, roster = await asyncio.gather(
        _filled(store, programme, [offer]), store.rosters.get(roster_id(code, class_code))
    )
    found = await _standing(store, roster, limit) if roster else []
    return _class_list(classes, offer, found, limit)


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


async def _filled(store: Store, programme: OpenProgramme, offers: Sequence[ClassOffer]) -> list[ClassResult]:
    """These classes as they are filled now."""
    rosters, first = await asyncio.gather(
        store.filled(programme.id), store.first_choices(programme.id, [one.code for one in offers])
    )
    last = await store.as_listed([who for one in offers if one.code in rosters for who in rosters[one.code].last])
    return [
        results.filled(offer, rosters[offer.code], first[offer.code], last)
        if offer.code in rosters
        else results.empty_class(offer)
        for offer in offers
    ]


async def _standing(store: Store, roster: Roster, limit: int) -> list[Placing]:
    """Who holds a seat of a class, and who is in reserve, in ranking order: of each the first `limit` at least."""
    until = {one.applicant_id: one.until for one in roster.offers}
    holders, reserves = roster.best_holders(limit), roster.in_reserve[: len(until) + limit]
    known = await store.as_listed([*holders, *reserves])
    found = [
        results.standing(known[who], roster.class_code, outcome, until.get(who))
        for those, outcome in ((holders, Outcome.ACCEPTED), (reserves, Outcome.RESERVE))
        for who in those
        if who in known
    ]
    return sorted(found, key=lambda one: one.rank or 0)


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
