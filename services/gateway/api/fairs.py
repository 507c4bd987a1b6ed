"""Job fairs: announced, attended by vacancies, visited by graduates, and what came of them."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.gateway import sorting
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.vacancies import further, place_of
from services.gateway.calling import Known
from services.gateway.discretion import naming_nobody
from services.gateway.names import numbers_of
from services.gateway.roles import PREFIX
from services.gateway.services import at

router = APIRouter(prefix=PREFIX, tags=["fairs"])

AT_ONCE = 200
_LONGEST_NUMBER = 9  # digits; no programme has so many people
Text = Annotated[str, Field(max_length=300, pattern=r"\S")]


class Written(BaseModel):
    """`fair_id` and `revision` of the one that is changed, if any."""

    name: Text
    held_on: date
    place: Text
    fair_id: str | None = None
    revision: int = 0


class Attending(BaseModel):
    vacancy_ids: list[Annotated[str, Field(max_length=100)]] = Field(min_length=1, max_length=AT_ONCE)
    attends: bool = Field(default=True, description="False takes them out again.")


class Came(BaseModel):
    programme_code: str = Field(max_length=200)
    registration_nos: list[Annotated[str, Field(max_length=100)]] = Field(
        min_length=1, max_length=AT_ONCE, description="With the programme's code before the number or without."
    )


class Retraction(BaseModel):
    reason: str = Field(max_length=500, pattern=r"\S")


@router.get("/fairs")
async def list_fairs(gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Job fairs, the latest first, with how many vacancies and employers attend and how many graduates came."""
    answer = await gateway.services.get("placement", "/fairs", caller)
    return {"items": answer["fairs"], "next_cursor": None}


@router.post("/fairs")
async def write_fair(written: Written, gateway: TheGateway, caller: Known) -> Any:
    """Announce a fair or change its details. 409 `fair_known`, `changed_meanwhile` (with what it is `now`)."""
    return await gateway.services.post("placement", "/fairs", caller, written.model_dump(mode="json"))


@router.get("/fairs/{fair_id}")
async def show_fair(fair_id: str, gateway: TheGateway, caller: Known) -> Any:
    """One fair: the vacancies that attend, what came of it for the graduates who came, and the ledger."""
    return await gateway.services.get("placement", at("/fairs/{id}", id=fair_id), caller)


@router.post("/fairs/{fair_id}/vacancies")
async def attend(fair_id: str, attending: Attending, gateway: TheGateway, caller: Known) -> Any:
    """Let vacancies attend, or not. 409 `proposed_at_fair` for one for which somebody was proposed there."""
    path = at("/fairs/{id}/vacancies", id=fair_id)
    return await gateway.services.post("placement", path, caller, attending.model_dump())


@router.get("/fairs/{fair_id}/visits")
async def list_visits(
    fair_id: str,
    gateway: TheGateway,
    caller: Known,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The graduates who came, each with the proposals made at the fair and whether they work since."""
    skip = place_of(cursor)
    path = f"{at('/fairs/{id}/visits', id=fair_id)}?{urlencode({'skip': skip, 'limit': limit})}"
    answer = await gateway.services.get("placement", path, caller)
    numbers = await numbers_of(gateway.store, [one["applicant_id"] for one in answer["visits"]])
    items = [{"registration_no": numbers[one["applicant_id"]], **one} for one in answer["visits"]]
    total = answer["total"]
    return {"items": items, "next_cursor": further(skip, len(items), total), "total": total}


@router.post("/fairs/{fair_id}/visits")
async def note_visits(fair_id: str, came: Came, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Note who came, by registration numbers; those that cannot be noted are `refused`, each with its reason.

    409 `fair_not_begun` before its day.
    """
    await gateway.programmes.of(came.programme_code, caller)
    written = {one: whole_number(came.programme_code, one) for one in came.registration_nos}
    known = await _people(gateway, came.programme_code, written.values())
    refused = [{"registration_no": one, "reason": "unknown_number"} for one in written if written[one] not in known]
    answer: dict[str, Any] = {"noted": 0, "known": 0, "refused": []}
    if known:
        path, body = at("/fairs/{id}/visits", id=fair_id), {"applicant_ids": list(known.values())}
        answer = await gateway.services.post("placement", path, caller, body)
    numbers = {applicant_id: number for number, applicant_id in known.items()}
    refused += [{"registration_no": numbers[one["applicant_id"]], "reason": one["reason"]} for one in answer["refused"]]
    return {"noted": answer["noted"], "known": answer["known"], "refused": refused}


@router.post("/fairs/{fair_id}/visits/{applicant_id}/retraction")
async def retract_visit(
    fair_id: str, applicant_id: str, retraction: Retraction, gateway: TheGateway, caller: Known
) -> Any:
    """Somebody did not come after all. 409 `proposed_at_fair` when they were proposed there."""
    reason = await naming_nobody(gateway.services, applicant_id, retraction.reason, caller)
    path = at("/fairs/{id}/visits/{applicant_id}/retraction", id=fair_id, applicant_id=applicant_id)
    return await gateway.services.post("placement", path, caller, {"reason": reason})


def whole_number(code: str, written: str) -> str:
    """A registration number as it is issued, when only its digits are written."""
    number = "".join(written.split()).upper()
    if number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
        return f"{code}-{int(number):04}"
    return number


async def _people(gateway: Gateway, code: str, numbers: Iterable[str]) -> dict[str, str]:
    """Whose registration numbers these are: applicants by number, as far as they are known."""
    asked = set(numbers)
    digits = {one.rpartition("-")[2] for one in asked}
    wanted = [int(one) for one in digits if one.isascii() and one.isdigit() and len(one) <= _LONGEST_NUMBER]
    everybody = sorting.facet(None, None, None)
    where = {"programme_code": code, "facets": everybody, "number": {"$in": sorted(wanted)}}
    found = await gateway.store.applicants.find(where)
    return {one.registration_no: one.id for one in found if one.registration_no in asked}
