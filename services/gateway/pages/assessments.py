"""Uji & sertifikat: what is expected of certification bodies, a class's results, and one trainee's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from services.gateway.api import appeals, applicants, assessments, certificates, classes, programmes
from services.gateway.api.assessments import EnteredResult
from services.gateway.api.certificates import EnteredCertificate, Revocation
from services.gateway.api.gateway import TheGateway
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused, at
from services.gateway.uploads import form_of
from shared.problems import NotFound

router = APIRouter(route_class=Page, include_in_schema=False)

_UNIT = "unit:"
_ODD = ("unusual_number", "corrected")
_NOTHING_TYPED: Mapping[str, str] = {}
Text = Annotated[str, Form(max_length=500)]


@router.get("/program/{code}/uji")
async def overview(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Expected and received certificates by body and scheme, and who waits."""
    programme, expected, filed = await asyncio.gather(
        programmes.show_programme(code, gateway, caller),
        assessments.show_expected(code, gateway, caller),
        appeals.list_appeals(code, gateway, caller),
    )
    return site.render(request, "uji.html", caller, programme=programme, expected=expected, appeals=filed["items"])


@router.get("/program/{code}/uji/{class_code}")
async def results(code: str, class_code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The latest results of a class, unit by unit, and its certificates."""
    programme, offer = await classes.offer_of(gateway, code, class_code, caller)
    shown = await classes.show_class(code, class_code, gateway, caller)
    told: dict[str, Any] = {"programme": programme, "offer": offer, "shown": shown, "units": _units(shown)}
    return site.render(request, "uji_kelas.html", caller, **told)


@router.get("/uji/{applicant_id}")
async def one(
    applicant_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    periksa: Annotated[list[str] | None, Query(max_length=5)] = None,
) -> Response:
    """One trainee's attempts and certificates, and the forms to add to them; `periksa` is what looked odd in one."""
    return await shown_one(
        applicant_id, request, gateway, caller, odd=[code for code in _ODD if code in (periksa or ())]
    )


@router.post("/uji/{applicant_id}/hasil")
async def enter(applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Enter one result; a day that has one already is corrected."""
    form = {name: str(value).strip() for name, value in (await form_of(request)).items()}
    units = {name.removeprefix(_UNIT): said for name, said in form.items() if name.startswith(_UNIT)}
    units |= _written_units(form.get("unit", ""))
    stated = {name: form.get(name) or None for name in ("scheme", "assessed_on", "assessor", "seen")}
    try:
        result = EnteredResult.model_validate({**stated, "units": units})
        await assessments.enter_result(applicant_id, result, gateway, caller)
    except ValidationError as invalid:
        fields = [str(error["loc"][0]) for error in invalid.errors()]
        return await shown_one(applicant_id, request, gateway, caller, form="hasil", typed=form, wrong=fields)
    except Refused as refused:
        return await shown_one(applicant_id, request, gateway, caller, form="hasil", typed=form, refused=refused)
    return back(applicant_id)


@router.post("/uji/{applicant_id}/sertifikat")
async def enter_certificate(applicant_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Enter one certificate; the days of a number that is known are corrected. What looks odd is told afterwards."""
    form = {name: str(value).strip() for name, value in (await form_of(request)).items()}
    stated = {name: form.get(name) or None for name in EnteredCertificate.model_fields}
    try:
        entered = EnteredCertificate.model_validate(stated)
        kept = await certificates.enter(applicant_id, entered, gateway, caller)
    except ValidationError as invalid:
        fields = [str(error["loc"][0]) for error in invalid.errors()]
        return await shown_one(applicant_id, request, gateway, caller, form="sertifikat", typed=form, wrong=fields)
    except Refused as refused:
        return await shown_one(applicant_id, request, gateway, caller, form="sertifikat", typed=form, refused=refused)
    odd = [("periksa", one["reason"]) for one in kept["warnings"]]
    return back(applicant_id, f"?{urlencode(odd)}#sertifikat" if odd else "")


@router.post("/uji/{applicant_id}/cabut")
async def revoke(
    applicant_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    sertifikat: Text = "",
    alasan: Text = "",
) -> Response:
    """Withdraw a certificate, with the reason that whoever verifies it gets to read."""
    typed = {"sertifikat": sertifikat, "alasan": alasan}
    if not alasan.strip():
        return await shown_one(applicant_id, request, gateway, caller, form="cabut", typed=typed, wrong=["alasan"])
    try:
        await certificates.revoke(sertifikat, Revocation(reason=alasan), gateway, caller)
    except Refused as refused:
        return await shown_one(applicant_id, request, gateway, caller, form="cabut", typed=typed, refused=refused)
    return back(applicant_id)


async def shown_one(
    applicant_id: str,
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    *,
    form: str | None = None,
    typed: Mapping[str, str] = _NOTHING_TYPED,
    wrong: list[str] | None = None,
    refused: Refused | None = None,
    odd: Sequence[str] = (),
) -> Response:
    """`form` names the one that was not accepted, with what was typed; `wrong` its fields, `refused` why else.

    `odd` is what looked odd in a certificate that was accepted.
    """
    known = await applicants.show(applicant_id, gateway, caller)
    trainee = known["certification"]
    if trainee is None or trainee["class_code"] is None:
        raise NotFound("not_a_trainee", "This applicant has no place in a class.")
    programme, offer = await classes.offer_of(gateway, trainee["programme_code"], trainee["class_code"], caller)
    in_class = await classes.show_class(programme.code, offer.code, gateway, caller)
    filed = (await appeals.list_appeals(programme.code, gateway, caller))["items"]
    told: dict[str, Any] = {
        "known": known,
        "appeals": [one for one in filed if one["applicant_id"] == applicant_id],
        "trainee": trainee,
        "held": next((one for one in in_class["people"] if one["applicant_id"] == applicant_id), None),
        "programme": programme,
        "offer": offer,
        "units": _units(in_class),
        "form": form,
        "typed": typed,
        "wrong": wrong or [],
        "refused": refused,
        "odd": odd,
    }
    status = refused.status if refused else 422 if form else 200
    return site.render(request, "uji_satu.html", caller, status=status, **told)


def back(applicant_id: str, place: str = "") -> Response:
    return RedirectResponse(at("/uji/{applicant_id}", applicant_id=applicant_id) + place, status_code=303)


def _units(shown: Mapping[str, Any]) -> list[str]:
    """The units that a class's trainees were assessed in, in the order of the sheets."""
    attempts = [attempt for one in shown["people"] for attempt in one["attempts"]]
    return list(dict.fromkeys(unit["code"] for attempt in attempts for unit in attempt["units"]))


def _written_units(written: str) -> dict[str, str]:
    """One unit a line, its code and then K or BK, for a class in which nobody was assessed yet."""
    lines = (line.rpartition(" ") for line in written.splitlines() if line.strip())
    return {code.strip(): said.strip().upper() for code, _, said in lines}
