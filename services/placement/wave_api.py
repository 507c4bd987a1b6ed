"""The tracer study over HTTP for staff: waves, who has not answered, an answer taken on the phone, and links."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from services.placement import outcomes, tracer, tracer_queries
from services.placement.api import TheStore
from services.placement.graduate import Answer, Graduate
from services.placement.outcomes import Traced
from services.placement.store import Store
from services.placement.vacancy_api import today
from services.placement.wave import Dates, Link, Wave, link_id, wave_id
from shared.contracts import Event
from shared.contracts.placement import Status
from shared.judging import RowRefused, RowWaits, Text
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter()

Months = Annotated[int, AfterValidator(tracer.wave)]
_SIDE_BY_SIDE = 300


class Plan(Dates):
    """`version` is of the wave that was looked at, 0 for a new one."""

    version: int = 0


class Said(BaseModel):
    """`seen` is the status that was known when this was noted, None for none."""

    applicant_id: str = Field(max_length=100)
    status: Status
    employer: Text = None
    started_on: date | None = None
    seen: Status | None = None


class Revocation(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")
    anew: bool = Field(default=False, description="Make another link in its place.")


@router.get("/programmes/{code}/waves")
async def waves(code: str, store: TheStore) -> dict[str, Any]:
    """The planned waves with what is known in each, and what became of graduates as of their latest answers."""
    found, graduates = await asyncio.gather(
        store.waves.find({"programme_code": code}), tracer_queries.alike(store.graduates, code)
    )
    return {
        "waves": [
            {**_told(one), **outcomes.told(outcomes.outcomes(graduates, one.months))}
            for one in sorted(found, key=lambda one: one.months)
        ],
        "outcomes": outcomes.told(outcomes.outcomes(graduates)),
        "per_class": {name: outcomes.told(one) for name, one in outcomes.per_class(graduates).items()},
    }


@router.post("/programmes/{code}/waves/{months}")
async def plan_wave(code: str, months: Months, plan: Plan, store: TheStore) -> dict[str, Any]:
    """Name a wave and set its days. Raises Conflict `changed_meanwhile` with how it is `now`."""
    if await store.programme(code) is None:
        raise NotFound("unknown_programme", "There is no such programme.")
    signed, dates = signature(), Dates.model_validate(plan.model_dump(exclude={"version"}))

    def decide(wave: Wave) -> list[Event] | None:
        if wave.dates != dates and wave.version != plan.version:
            raise Conflict("changed_meanwhile", "Somebody has changed this wave meanwhile.", now=_told(wave))
        return wave.plan(code, months, dates, signed)

    return _told(await store.waves.change(wave_id(code, months), decide))


@router.get("/programmes/{code}/waves/{months}/silent")
async def silent(
    code: str,
    months: Months,
    store: TheStore,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """The graduates who have not answered in a wave or could not be reached, with what they said last."""
    wave, graduates = await _wave(store, code, months), await tracer_queries.completed(store.graduates, code)
    links = await store.links_of(wave.id)
    found = [one for one in graduates if _is_silent(one, months)]
    return {
        **_told(wave),
        "total": len(found),
        "graduates": [
            {
                "applicant_id": one.applicant_id,
                "class_code": one.class_code,
                "here": said.status if (said := one.answer(months)) else None,
                "before": said.status if (said := one.answer(None)) else None,
                "link": links.get(one.applicant_id),
            }
            for one in found[skip : skip + limit]
        ],
    }


@router.post("/programmes/{code}/waves/{months}/answers")
async def record(code: str, months: Months, said: Said, store: TheStore) -> dict[str, Any]:
    """An answer that staff have heard. Raises Conflict `answered_meanwhile` with the `answer` that came first."""
    await _wave(store, code, months)
    answer = Answer(wave=months, **said.model_dump(exclude={"applicant_id", "seen"}))

    def check(_: Graduate, known: Answer | None, filled: Answer) -> None:
        _check_seen(known, filled, said.seen)

    return await keep(store, code, said.applicant_id, answer, check)


@router.post("/programmes/{code}/waves/{months}/links")
async def issue_links(code: str, months: Months, store: TheStore) -> dict[str, Any]:
    """The token of everybody who has not answered; links that work stay as they are."""
    wave, graduates = await _wave(store, code, months), await tracer_queries.completed(store.graduates, code)
    asked = [one.applicant_id for one in graduates if _is_silent(one, months)]
    issued: list[Link] = []
    for start in range(0, len(asked), _SIDE_BY_SIDE):
        some = asked[start : start + _SIDE_BY_SIDE]
        issued += await asyncio.gather(*(_issue(store, wave, applicant_id) for applicant_id in some))
    tokens = {one.applicant_id: wave.token(one.applicant_id, one.generation) for one in issued}
    return {**_told(wave), "links": [{"applicant_id": who, "token": token} for who, token in tokens.items()]}


@router.post("/programmes/{code}/waves/{months}/links/{applicant_id}/revocation")
async def revoke_link(
    code: str, months: Months, applicant_id: str, revocation: Revocation, store: TheStore
) -> dict[str, Any]:
    """Let one graduate's link lead nowhere; with `anew` another one takes its place."""
    wave, signed = await _wave(store, code, months), signature()
    if await store.links.get(link_id(wave, applicant_id)) is None:
        raise NotFound("unknown_link", "There is no such link.")
    link = await store.links.change(link_id(wave, applicant_id), lambda one: one.revoke(revocation.reason, signed))
    if revocation.anew:
        link = await _issue(store, wave, applicant_id)
    token = wave.token(applicant_id, link.generation) if link.digest else None
    return {"applicant_id": applicant_id, "token": token}


async def keep(
    store: Store, code: str, applicant_id: str, answer: Answer, check: Callable[[Graduate, Answer | None, Answer], None]
) -> dict[str, Any]:
    """Keep one answer; `check` may refuse it, filled with what is known, for what was said in this wave already.

    Raises Invalid, Conflict.
    """
    signed = signature()
    changed, kept = False, answer

    def take(graduate: Graduate) -> list[Event] | None:
        nonlocal changed, kept
        if graduate.programme_code != code:
            raise NotFound("unknown_applicant", "There is no such applicant in this programme.")
        known = next((one for one in graduate.answers if one.wave == answer.wave), None)
        kept = tracer.filled(answer, known)
        check(graduate, known, kept)
        change = tracer.take(graduate, kept, signed)
        changed = change is not None
        return None if change is None else change.events

    try:
        await store.graduates.change(applicant_id, take)
    except (RowRefused, RowWaits) as refusal:
        raise Invalid(refusal.problems[0].reason, "This answer cannot be taken.") from None
    return {"applicant_id": applicant_id, "changed": changed, **kept.model_dump(mode="json")}


def _check_seen(known: Answer | None, answer: Answer, seen: Status | None) -> None:
    if known not in (None, answer) and known is not None and known.status is not seen:
        told = known.model_dump(mode="json")
        raise Conflict("answered_meanwhile", "An answer has come meanwhile.", answer=told)


def _is_silent(one: Traced, months: int) -> bool:
    said = one.answer(months)
    return said is None or said.status is Status.UNREACHABLE


async def _issue(store: Store, wave: Wave, applicant_id: str) -> Link:
    signed = signature()
    return await store.links.change(link_id(wave, applicant_id), lambda one: one.issue(wave, applicant_id, signed))


async def _wave(store: Store, code: str, months: int) -> Wave:
    found = await store.waves.get(wave_id(code, months))
    if found is None:
        raise NotFound("unknown_wave", "This wave is not planned.")
    return found


def _told(wave: Wave) -> dict[str, Any]:
    dates = wave.dates.model_dump(mode="json") if wave.dates else {}
    return {"wave": wave.months, "version": wave.version, "state": wave.state(today()), **dates}
