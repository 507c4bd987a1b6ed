"""Employers' confirmations over HTTP for staff: what is confirmed, what waits, what was heard, and employers' links."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.placement import confirmation_list, confirming
from services.placement.api import TheStore
from services.placement.confirmation import Channel, Said
from services.placement.confirmation_list import Reported, Standing
from services.placement.employer_link import EmployerLink, link_id
from services.placement.graduate import Graduate
from services.placement.store import Store
from services.placement.vacancy_api import today
from shared.cells import word
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Invalid, NotFound

router = APIRouter()

Employer = Annotated[str, Field(max_length=500, pattern=r"\S")]


class Heard(Said):
    """What staff have heard; `seen` is the `at` of what was known when this was noted, None for nothing."""

    employer: Employer
    seen: datetime | None = None


class Asking(BaseModel):
    employer: Employer
    days: int = Field(default=30, ge=1, le=90, description="For how long the link works.")


class Revocation(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")


@router.get("/programmes/{code}/confirmations")
async def confirmations(
    code: str,
    store: TheStore,
    standing: Standing | None = None,
    employer: Annotated[str, Query(max_length=500)] = "",
    applicant_id: Annotated[str, Query(max_length=100)] = "",
    older_than: Annotated[int | None, Query(ge=0, le=10_000)] = None,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """Graduates of one programme who are reported to work somewhere, the longest known first.

    `older_than` takes only those of whom the employer has said nothing for more days. `standings` counts all of them.
    """
    everything, now = await reported(store, code), today()

    def wanted(one: Reported) -> bool:
        if standing is not None and one.standing is not standing:
            return False
        if applicant_id and one.applicant_id != applicant_id:
            return False
        if employer and word(one.employer) != word(employer):
            return False
        return older_than is None or one.waits(older_than, now)

    found = [one for one in everything if wanted(one)]
    return {
        "placements": [one.model_dump(mode="json") for one in found[skip : skip + limit]],
        "total": len(found),
        "standings": {kind: sum(one.standing is kind for one in everything) for kind in Standing},
    }


@router.post("/programmes/{code}/confirmations/{applicant_id}")
async def record(code: str, applicant_id: str, heard: Heard, store: TheStore) -> dict[str, Any]:
    """What an employer said by phone, by letter or on a visit.

    Raises Conflict `confirmed_meanwhile` with the `confirmation` that came first, and what `confirming.confirm` does.
    """
    if heard.channel is Channel.LINK:
        raise Invalid("not_by_link", "By link an employer answers itself.")
    said = Said.model_validate(heard.model_dump(include=set(Said.model_fields)))
    await keep(
        store, code, applicant_id, heard.employer, said, check=lambda one: confirming.check_seen(one, heard.seen, said)
    )
    return {"applicant_id": applicant_id, **said.model_dump(mode="json")}


@router.get("/programmes/{code}/employer-links")
async def employer_links(code: str, store: TheStore) -> dict[str, Any]:
    """Every employer where graduates of the programme are reported, how many wait, and the token of a working link."""
    links = {one.id: one for one in await store.employer_links.find({"programme_code": code})}
    found = confirmation_list.employers(await reported(store, code))
    return {
        "employers": [
            {**one.model_dump(), **_link(link_id(code, one.employer), links.get(link_id(code, one.employer)))}
            for one in found
        ]
    }


@router.post("/programmes/{code}/employer-links")
async def issue_link(code: str, asking: Asking, store: TheStore) -> dict[str, Any]:
    """The token of an employer's link; one that works stays as it is."""
    if not any(word(one.employer) == word(asking.employer) for one in await reported(store, code)):
        raise NotFound("unknown_employer", "Nobody of this programme is reported to work there.")
    signed, now, named = signature(), today(), link_id(code, asking.employer)
    until = now + timedelta(days=asking.days)
    kept = await store.employer_links.change(named, lambda one: one.issue(code, asking.employer, now, until, signed))
    return {"employer": kept.employer, **_link(named, kept)}


@router.post("/programmes/{code}/employer-links/{named}/revocation")
async def revoke_link(code: str, named: str, revocation: Revocation, store: TheStore) -> dict[str, Any]:
    """Let an employer's link lead nowhere; repeated it changes nothing."""
    known, signed = await store.employer_links.get(named), signature()
    if known is None or known.programme_code != code:
        raise NotFound("unknown_link", "There is no such link.")
    kept = await store.employer_links.change(named, lambda one: one.revoke(revocation.reason, signed))
    return {"employer": kept.employer, **_link(named, kept)}


async def reported(store: Store, code: str) -> list[Reported]:
    return confirmation_list.reported(await store.placements(code))


async def keep(
    store: Store,
    code: str,
    applicant_id: str,
    employer: str,
    said: Said,
    check: Callable[[Graduate], None] = lambda _: None,
) -> None:
    """Keep what an employer says of one graduate of the programme; `check` may refuse it. Raises Conflict, Invalid."""
    signed = signature()

    def take(graduate: Graduate) -> list[Event] | None:
        if graduate.programme_code != code:
            raise NotFound("unknown_applicant", "There is no such applicant in this programme.")
        check(graduate)
        return confirming.confirm(graduate, employer, said, signed)

    await store.graduates.change(applicant_id, take)


def _link(named: str, link: EmployerLink | None) -> dict[str, Any]:
    if link is None or not link.works(today()):
        return {"link_id": named, "token": None, "expires_on": None}
    return {"link_id": named, "token": link.token, "expires_on": link.expires_on}
