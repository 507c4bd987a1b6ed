"""Commands and queries over HTTP about personal data themselves: access, erasure, retention, keys, who looked."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.registration import nik
from services.registration.api import Kept
from services.registration.applicant import Applicant, naming_none_of
from services.registration.erasing import Due, due, erase_all, erase_due, held_of
from services.registration.people import FIELDS
from services.registration.people_api import Reason
from services.registration.rotating import keys_in_use, rotate
from services.registration.store import Store
from shared.cells import JAKARTA, BadCell, Cell
from shared.ledger import signature
from shared.problems import Conflict, Invalid, NotFound

router = APIRouter()

_BY_NIK = ("nik",)
_BATCH = 500  # applicants a call: a second or two of work


class PersonAsked(BaseModel):
    """Whom a request for access is about. The NIK stands in the body, for URLs get written into logs."""

    nik: Cell
    reason: Reason


class Erasure(PersonAsked):
    """`despite_running` erases somebody in a programme that has not ended."""

    dry_run: bool = True
    despite_running: bool = False


class Retention(BaseModel):
    dry_run: bool = True


class Rotate(BaseModel):
    after: str = Field(default="", max_length=100)


@router.post("/people/export")
async def export(store: Kept, asked: PersonAsked) -> dict[str, Any]:
    """Everything registration holds of a person, in clear; on record before it leaves."""
    person_id = _person_id(store, asked.nik)
    registrations = await store.registrations_of(person_id)
    alumnus = await store.people.get(person_id)
    if not registrations and alumnus is None:
        raise await _unknown(store)
    reason = naming_none_of(registrations, store.vault, asked.reason)
    await store.reveals.record(_ids(registrations), FIELDS, reason, signature(), what="exported")
    return {
        "person_id": person_id,
        "registrations": [
            {
                "applicant_id": one.id,
                "registration_no": one.registration_no,
                "programme_code": one.programme_code,
                "programme_name": (await store.programme(one.programme_code)).name,
                "registered_at": one.registered_at,
                "withdrawn_on": one.withdrawn_on,
                "erased_at": one.erased_at,
                "person": one.revealed(store.vault, FIELDS),
                "facts": one.stated.model_dump(mode="json"),
                "warnings": one.warnings,
                "ledger": one.ledger,
                "reveals": [seen.told() for seen in await store.reveals.of(one.id)],
            }
            for one in registrations
        ],
        "earlier_trainings": alumnus.trainings if alumnus else [],
        "ledger": alumnus.ledger if alumnus else [],
    }


@router.post("/people/erasure")
async def erase(store: Kept, asked: Erasure) -> dict[str, Any]:
    """What is held of a person; without `dry_run` it is erased. Repeating it finishes what was interrupted.

    To tell whether somebody is registered is to find them by their NIK, and on record as that.
    """
    person_id, today = _person_id(store, asked.nik), datetime.now(JAKARTA).date()
    held = await held_of(store, person_id, today)
    if not held and await store.people.get(person_id) is None:
        raise await _unknown(store)
    found = [one.applicant for one in held]
    reason = naming_none_of(found, store.vault, asked.reason)
    await store.reveals.record_search(_ids(found), _BY_NIK, reason, signature())
    running = [one.applicant.registration_no for one in held if one.running]
    if running and not (asked.dry_run or asked.despite_running):
        detail = "The programme has not ended: withdraw the person first, or erase despite of it."
        raise Conflict("programme_running", detail, registration_nos=running)
    if not asked.dry_run:
        await erase_all(store, _ids(found), asked.reason, signature())
        held = await held_of(store, person_id, today)
    return {
        "dry_run": asked.dry_run,
        "registrations": [
            {
                "applicant_id": one.applicant.id,
                "registration_no": one.applicant.registration_no,
                "programme_code": one.applicant.programme_code,
                "fields": one.fields,
                "running": one.running,
                "erased_at": one.applicant.erased_at,
            }
            for one in held
        ],
    }


@router.post("/retention")
async def retention(store: Kept, asked: Retention) -> dict[str, Any]:
    """Programmes whose personal data are due; without `dry_run`, the next of them are erased: repeat until none is."""
    today = datetime.now(JAKARTA).date()
    overdue = await due(store, today)
    erased = 0 if asked.dry_run else await erase_due(store, overdue, _BATCH, signature())
    return {"dry_run": asked.dry_run, "erased": erased, "programmes": [_told(one) for one in overdue]}


@router.get("/keys")
async def keys(store: Kept) -> dict[str, Any]:
    """Which field keys there are and how many applicants each seals; nothing of the keys themselves."""
    in_use, present = await keys_in_use(store), store.vault.key_ids
    return {
        "sealing": store.vault.sealing,
        "keys": [
            {"id": key_id, "present": key_id in present, "applicants": in_use.get(key_id, 0)}
            for key_id in [*present, *sorted(in_use.keys() - set(present))]
        ],
    }


@router.post("/keys/rotation")
async def rotate_keys(store: Kept, asked: Rotate) -> dict[str, Any]:
    """Seal the next applicants with the first key; `next` is where to go on, null at the end."""
    return (await rotate(store, asked.after, _BATCH, signature()))._asdict()


@router.get("/reveals")
async def looked(store: Kept, on: date | None = None) -> dict[str, Any]:
    """Who was shown how many people's fields on a day, or searched people by these; today unless given."""
    day = on or datetime.now(JAKARTA).date()
    return {"on": day, "items": [one._asdict() for one in await store.reveals.on(day)]}


def _person_id(store: Store, cell: Cell) -> str:
    try:
        return store.vault.person_id(nik.clean(cell))
    except BadCell as bad:
        errors = [{"field": "nik", "reason": bad.reason}]
        raise Invalid("unusable_nik", "This is not a NIK.", errors=errors) from None


def _ids(people: Iterable[Applicant]) -> list[str]:
    return [one.id for one in people]


async def _unknown(store: Store) -> NotFound:
    await store.reveals.record_search((), _BY_NIK, None, signature())
    return NotFound("unknown_person", "Nothing is held of a person with this NIK.")


def _told(one: Due) -> dict[str, Any]:
    programme = one.programme
    return {
        "programme_code": programme.code,
        "name": programme.name,
        "ended": programme.training.ends,
        "kept_until": one.kept_until,
        "people": one.people,
    }
