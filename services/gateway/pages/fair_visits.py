"""At a job fair: noting which graduates came, and proposing them for the vacancies that attend."""

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import fairs, matches
from services.gateway.api.fairs import Came, Retraction
from services.gateway.api.gateway import TheGateway
from services.gateway.api.matches import ByHand
from services.gateway.pages.fairs import shown
from services.gateway.pages.matches import person
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused

router = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=500)]
_LONGEST_LIST = 20_000


@router.post("/penempatan/bursa/{fair_id}/hadir")
async def note(
    fair_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text = "",
    nomor: Annotated[str, Form(max_length=_LONGEST_LIST)] = "",
) -> Response:
    """Note who came: registration numbers, one or a list; those that cannot be noted stay in the field."""
    numbers = list(dict.fromkeys(re.findall(r"[^\s,;]+", nomor)))
    typed = {"program": program, "hadir": nomor}
    if not numbers or not program:
        return await shown(fair_id, request, gateway, caller, faults=[("hadir", "no_numbers")], typed=typed)
    if len(numbers) > fairs.AT_ONCE or max(map(len, numbers)) > 100:
        return await shown(fair_id, request, gateway, caller, faults=[("hadir", "too_many_numbers")], typed=typed)
    try:
        came = await fairs.note_visits(fair_id, Came(programme_code=program, registration_nos=numbers), gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        return await shown(fair_id, request, gateway, caller, faults=[("hadir", refused.code)], typed=typed)
    if came["refused"]:
        left = typed | {"hadir": "\n".join(one["registration_no"] for one in came["refused"])}
        return await shown(fair_id, request, gateway, caller, came=came, typed=left)
    return RedirectResponse(f"/penempatan/bursa/{fair_id}#yang-datang", status_code=303)


@router.post("/penempatan/bursa/{fair_id}/batal")
async def retract(
    fair_id: str, request: Request, gateway: TheGateway, caller: Visitor, lulusan: Text, alasan: Text = ""
) -> Response:
    """Somebody did not come after all, with the reason."""
    if not alasan.strip():
        return await shown(fair_id, request, gateway, caller, faults=[(f"alasan-{lulusan}", "reason_missing")])
    try:
        await fairs.retract_visit(fair_id, lulusan, Retraction(reason=alasan), gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        return await shown(fair_id, request, gateway, caller, faults=[("", refused.code)])
    return RedirectResponse(f"/penempatan/bursa/{fair_id}#yang-datang", status_code=303)


@router.post("/penempatan/bursa/{fair_id}/usulkan")
async def propose(
    fair_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text = "",
    nomor: Text = "",
    lowongan: Text = "",
    meskipun: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Propose a graduate who came for a vacancy that attends, by the rules as of the fair's day; warnings come first,
    and can be overruled.
    """
    typed = {"program": program, "nomor": nomor, "lowongan": lowongan}
    found = await person(gateway, caller, program, nomor)
    if found is None:
        return await shown(fair_id, request, gateway, caller, faults=[("nomor", "unknown_number")], typed=typed)
    on = date.fromisoformat((await fairs.show_fair(fair_id, gateway, caller))["held_on"])
    wanted = ByHand(applicant_id=found, vacancy_id=lowongan[:100], as_of=on, fair_id=fair_id, despite=bool(meskipun))
    try:
        await matches.propose(wanted, gateway, caller)
    except Refused as refused:
        if refused.status != 409:
            raise
        warnings = refused.extra.get("warnings", ())
        faults = [] if warnings else [("nomor", refused.extra.get("reason", refused.code))]
        return await shown(fair_id, request, gateway, caller, faults=faults, warnings=warnings, typed=typed)
    return RedirectResponse(f"/penempatan/bursa/{fair_id}#yang-datang", status_code=303)
