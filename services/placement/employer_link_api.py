"""What an employer's own link leads to: who is reported to work there, and what it says of each."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.placement import confirmation_api
from services.placement.api import TheStore
from services.placement.confirmation import Channel, Said
from services.placement.confirmation_list import Reported
from services.placement.employer_link import EmployerLink
from services.placement.store import Store
from services.placement.vacancy_api import today
from services.placement.wave import digest
from shared.cells import word
from shared.contracts.placement import EmployerSays
from shared.problems import Conflict, NotFound

router = APIRouter()


class Asked(BaseModel):
    """In the body: an address gets written into logs."""

    token: str = Field(max_length=100)


class Says(Asked):
    """`reference` names the graduate on this employer's page."""

    reference: str = Field(max_length=100)
    says: EmployerSays
    left_on: date | None = None


@router.post("/employer-links/look")
async def look(asked: Asked, store: TheStore) -> dict[str, Any]:
    """Who is reported there: position, first day, and what the employer said last.

    Raises NotFound `unknown_link`, Conflict `link_expired`.
    """
    link = await _of(store, asked.token)
    return {
        "employer": link.employer,
        "programme_code": link.programme_code,
        "expires_on": link.expires_on,
        "people": [_told(link, one) for one in await _reported(store, link)],
    }


@router.post("/employer-links/answer")
async def answer(said: Says, store: TheStore) -> dict[str, Any]:
    """Keep what the employer says of one graduate; it may say otherwise until the link expires.

    Raises NotFound `unknown_link`, Conflict `link_expired`, `placement_changed`, `changed_too_often`, Invalid as
    `confirming.confirm` does.
    """
    link = await _of(store, said.token)
    about = next(
        (one for one in await _reported(store, link) if link.reference(one.applicant_id) == said.reference), None
    )
    if about is None:
        raise Conflict("placement_changed", "This graduate is not reported to work there.")
    heard = Said(says=said.says, left_on=said.left_on, channel=Channel.LINK, said_on=today())
    await confirmation_api.keep(store, link.programme_code, about.applicant_id, link.employer, heard)
    return {"reference": said.reference, "says": said.says, "left_on": said.left_on}


async def _of(store: Store, token: str) -> EmployerLink:
    found = await store.employer_links.find({"digest": digest(token)}, limit=1)
    if not found:
        raise NotFound("unknown_link", "There is no such link.")
    if not found[0].works(today()):
        raise Conflict("link_expired", "This link has expired.")
    return found[0]


async def _reported(store: Store, link: EmployerLink) -> list[Reported]:
    everything = await confirmation_api.reported(store, link.programme_code)
    return [one for one in everything if word(one.employer) == word(link.employer)]


def _told(link: EmployerLink, one: Reported) -> dict[str, Any]:
    said = one.confirmation
    return {
        "reference": link.reference(one.applicant_id),
        "applicant_id": one.applicant_id,
        "position": one.position,
        "started_on": one.started_on,
        "says": None if said is None else said.says,
        "left_on": None if said is None else said.left_on,
    }
