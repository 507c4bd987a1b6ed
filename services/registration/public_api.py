"""Queries over HTTP that people ask about themselves, without an account."""

import hmac
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.registration.admission import number_in
from services.registration.api import Form, Kept
from services.registration.applicant import no_such_applicant
from services.registration.cleaning import Unusable, clean
from shared.cells import JAKARTA, BadCell, Cell, day
from shared.rows import Problem

router = APIRouter()

_NOBODY = "0000-00-00"


class WhoAsks(BaseModel):
    """Two things that stand on one's receipt and identity card. In the body, for URLs get written into logs."""

    registration_no: str = Field(max_length=100)
    birth_date: Cell = None


@router.post("/programmes/{code}/answers")
async def judge_answers(store: Kept, code: str, form: Form) -> dict[str, list[dict[str, Any]]]:
    """What is wrong with the answers of a form, and what looks odd; nobody is registered and nothing is kept."""
    programme = await store.programme(code)
    try:
        cleaned = clean(form.cells, programme, datetime.now(JAKARTA).date())
    except Unusable as unusable:
        return {"problems": _named(unusable.problems), "warnings": []}
    return {"problems": [], "warnings": _named(cleaned.warnings)}


@router.post("/applicants/own")
async def find_own(store: Kept, asked: WhoAsks) -> dict[str, str]:
    """Whose registration it is, for whoever knows its number and the birth date.

    An unknown number, another birth date and an erased person are one answer, 404.
    """
    code, _, _ = asked.registration_no.strip().rpartition("-")
    number = number_in(asked.registration_no.strip(), code)
    as_written = {"programme_code": {"$in": sorted({code, code.upper()})}, "number": number}
    found = await store.applicants.find(as_written) if number else []
    try:
        stated = day(asked.birth_date).isoformat()
    except BadCell:
        stated = ""
    for one in found:
        if one.registration_no.upper() != asked.registration_no.strip().upper():
            continue  # more zeros before it: each spelling would have attempts of its own
        known = one.revealed(store.vault, ["birth_date"]).get("birth_date", _NOBODY)
        if hmac.compare_digest(known.encode(), stated.encode()):
            return {"applicant_id": one.id, "programme_code": one.programme_code}
    raise no_such_applicant()


def _named(problems: list[Problem]) -> list[dict[str, Any]]:
    """Without the values: whoever asks has typed them."""
    return [problem.model_dump(include={"column", "reason"}) for problem in problems]
