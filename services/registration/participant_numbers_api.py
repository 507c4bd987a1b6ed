"""Participant numbers of BPJS Ketenagakerjaan over HTTP: masked for whoever works on cover, typed in, and by sheet."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.registration import participant_number
from services.registration.api import Kept
from services.registration.applicant import Applicant
from services.registration.keeping_number import keep, rehearse
from services.registration.participant_number import NumberOvertaken, NumberRow
from shared.cells import BadCell, Cell
from shared.judging import Change, judge, per_person, read, refused
from shared.ledger import signature
from shared.problems import Conflict
from shared.rehearsing import Rehearsal
from shared.rows import JudgedRows, Problem, Row, Rows
from shared.storage import Taken

router = APIRouter()

_MOST_PEOPLE: Final = 200
_ANOTHERS: Final = "kpj_of_another"


class Asked(BaseModel):
    applicant_ids: list[str] = Field(max_length=1_000)


class Typed(BaseModel):
    """A number, None for none, and how often it had changed when it was looked at."""

    kpj: Cell
    seen: int


class Numbers(BaseModel):
    people: dict[str, Typed] = Field(max_length=_MOST_PEOPLE)


@router.post("/people/participant-numbers")
async def show(store: Kept, asked: Asked) -> dict[str, Any]:
    """Masked numbers by applicant."""
    found = await store.applicants.get_many(asked.applicant_ids)
    return {"people": {one: participant_number.shown(applicant, store.vault) for one, applicant in found.items()}}


@router.post("/programmes/{code}/participant-numbers")
async def enter(store: Kept, code: str, numbers: Numbers) -> dict[str, Any]:
    """Keep what was typed, person by person; `refused` says of whom it was not, and why. Repeating it changes nothing.

    A number moves from one person to another only when it was taken away from the first, which may be in the same call.
    """
    await store.programme(code)
    signed = signature()

    async def enter_one(applicant_id: str, typed: Typed) -> bool | str:
        """Whether it was changed, or the reason why it was not taken."""
        applicant = await store.applicants.get(applicant_id)
        if applicant is None or applicant.programme_code != code:
            return "not_registered"
        try:
            kpj = None if typed.kpj is None else participant_number.clean(typed.kpj)
            return await keep(store, applicant, kpj, signed, typed.seen)
        except BadCell as bad:
            return bad.reason
        except Taken:
            return _ANOTHERS
        except NumberOvertaken:
            return "kpj_changed_meanwhile"
        except Conflict as erased:
            return erased.code

    told: dict[str, bool | str] = {}
    for removals in (True, False):
        some = {who: typed for who, typed in numbers.people.items() if (typed.kpj is None) is removals}
        told |= zip(some, await asyncio.gather(*(enter_one(*one) for one in some.items())), strict=True)
    return {
        "changed": sum(one is True for one in told.values()),
        "refused": [{"applicant_id": who, "reason": told[who]} for who in numbers.people if isinstance(told[who], str)],
    }


@router.post("/programmes/{code}/participant-numbers/rows")
async def take_sheet(store: Kept, code: str, rows: Rows, dry_run: bool = False) -> JudgedRows:
    """Keep the numbers of a sheet; one that differs from what is kept replaces it."""
    await store.programme(code)
    signed = signature()
    rehearsed = Rehearsal(store.applicants)

    async def keep_one(applicant: Applicant, kpj: str) -> bool:
        if dry_run:
            return await rehearse(store, rehearsed, applicant, kpj, signed)
        return await keep(store, applicant, kpj, signed)

    async def record(row: Row) -> Change | None:
        said = read(NumberRow, row.cells)
        applicant = await store.applicants.get(row.applicant_id or "")
        if applicant is None or applicant.programme_code != code:
            raise refused("not_registered")
        replaces = participant_number.FIELD in applicant.sealed
        try:
            changed = await keep_one(applicant, said.kpj)
        except Taken:
            raise refused(_ANOTHERS, "kpj", row.cells.get("kpj")) from None
        except Conflict as erased:
            raise refused(erased.code) from None
        return Change([], [Problem(reason="corrected")] if replaces else []) if changed else None

    return await judge(rows, record, per_person, keep_pace=store.storage.keep_pace)
