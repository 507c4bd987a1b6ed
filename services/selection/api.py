"""Commands and queries of selection over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from services.selection import comparing, deciding, eligibility
from services.selection.applicant import Applicant
from services.selection.replaying import differences
from services.selection.rescreening import settle
from services.selection.results_api import decision_of, programme_of, run_of, summary
from services.selection.roster import Roster
from services.selection.screening import REASONS
from services.selection.store import Store
from shared.audit.trail import Trail
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.free_text import discreet
from shared.ledger import signature
from shared.problems import Invalid, NotFound
from shared.rows import Problem

router = APIRouter()


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(_store)]


class Decide(BaseModel):
    run_id: str | None = Field(default=None, description="A simulation: decide only if the inputs are still the same.")
    wait_s: float = Field(default=240, ge=0, description="How long the caller waits for the end of the decision.")


class Overrule(BaseModel):
    rule: str
    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(discreet)]


@router.post("/programmes/{code}/changes/preview")
async def preview_change(code: str, wanted: Programme, store: TheStore) -> dict[str, Any]:
    """Whom another definition would change; nothing is saved and nothing published."""
    return await comparing.compare(store, await programme_of(store, code), wanted)


@router.post("/programmes/{code}/selection/simulate")
async def simulate(code: str, store: TheStore) -> dict[str, Any]:
    return summary(await deciding.simulate(store, code))


@router.post("/programmes/{code}/selection/decide")
async def decide(
    code: str, request: Request, response: Response, store: TheStore, body: Decide | None = None
) -> dict[str, Any]:
    """Decide, or answer the decision. `audit_head` vouches for all that the decision rests on: write it down.

    202 with how far it is when it takes longer than the caller waits: it goes on, and answers whoever asks again.
    """
    body, under_way = body or Decide(), request.app.state.under_way
    run = await under_way.decide(code, body.run_id, body.wait_s)
    if run is None:
        response.status_code = 202
        return {"decision": await decision_of(store, await programme_of(store, code))}
    head = await Trail(store.storage).head()
    return {**summary(run), "audit_head": f"selection:{head.n}:{head.hash}"}


@router.get("/programmes/{code}/selection/runs/{run_id}")
async def show_run(code: str, run_id: str, store: TheStore) -> dict[str, Any]:
    run = await run_of(store, code, run_id)
    definition = run.rules.model_dump(mode="json")
    inputs, outcome = await store.run_chunks.kept(run_id, run.inputs), await store.run_chunks.kept(run_id, run.outcome)
    return {**summary(run), "programme": definition, "inputs": inputs, "outcome": outcome, "ledger": run.ledger}


@router.get("/programmes/{code}/selection/runs/{run_id}/replay")
async def replay_run(code: str, run_id: str, store: TheStore) -> dict[str, Any]:
    """Allocate anew from what the run recorded, and compare."""
    run = await run_of(store, code, run_id)
    inputs, outcome = await store.run_chunks.kept(run_id, run.inputs), await store.run_chunks.kept(run_id, run.outcome)
    found = differences(run, inputs, outcome)
    return {**summary(run), "replays": not found, "differences": found}


@router.get("/programmes/{code}/classes")
async def classes(code: str, store: TheStore) -> dict[str, Any]:
    """The classes with who holds a seat and who is in reserve, in ranking order."""
    programme = await programme_of(store, code)
    rosters = {one.class_code: one for one in await store.rosters.find({"programme_code": code})}
    holders = await store.applicants.get_many(one for roster in rosters.values() for one in roster.holders)
    return {
        "classes": [
            {
                **offer.model_dump(),
                "accepted": _by_rank(rosters.get(offer.code), holders),
                "reserves": rosters[offer.code].in_reserve if offer.code in rosters else [],
                "lowest_total": _lowest_total(rosters.get(offer.code), holders),
            }
            for offer in programme.rules.classes
        ]
    }


@router.post("/applicants/{applicant_id}/overrules")
async def overrule(applicant_id: str, body: Overrule, store: TheStore) -> dict[str, Any]:
    """A rule does not count for this person, for a reason; the earlier decision stays on record."""
    if body.rule not in REASONS:
        problem = Problem(column="rule", reason="unknown_rule", value=body.rule)
        raise Invalid("unknown_rule", "There is no such rule.", errors=[problem.model_dump()])
    signed = signature()

    def change(applicant: Applicant) -> list[Event] | None:
        _known(applicant if applicant.exists else None)
        if body.rule in applicant.overruled:
            return None
        eligibility.overrule(applicant, body.rule, body.reason, signed)
        return []

    await store.applicants.change(applicant_id, change)
    applicant = await settle(store, applicant_id)
    return {"screening": applicant.screening, "overruled": applicant.overruled, "tasks": applicant.tasks}


@router.get("/applicants/{applicant_id}")
async def show(applicant_id: str, store: TheStore) -> dict[str, Any]:
    applicant = _known(await store.applicants.get(applicant_id))
    return applicant.model_dump(mode="json", exclude={"marks", "published", "person_id"})


def _known(applicant: Applicant | None) -> Applicant:
    if applicant is None:
        raise NotFound("unknown_applicant", "There is no such applicant.")
    return applicant


def _by_rank(roster: Roster | None, holders: dict[str, Applicant]) -> list[str]:
    def rank(applicant_id: str) -> int:
        decision = holders[applicant_id].decision
        return decision.rank or 0 if decision else 0

    return [] if roster is None else sorted(roster.holders, key=rank)


def _lowest_total(roster: Roster | None, holders: dict[str, Applicant]) -> float | None:
    scores = [holders[one].scores for one in roster.holders] if roster else []
    totals = [float(one.total) for one in scores if one and one.total is not None]
    return min(totals, default=None)
