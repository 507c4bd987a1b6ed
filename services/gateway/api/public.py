"""What people do without an account: register in a programme that is open, and see how far their registration is."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from services.gateway import csrf, listing
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.programmes import ShownProgramme
from services.gateway.calling import PUBLIC
from services.gateway.masking import without_health
from services.gateway.public_form import Consent
from services.gateway.rates import network
from services.gateway.roles import PREFIX
from services.gateway.services import Refused, at
from services.gateway.stages import Stage
from shared.cells import JAKARTA, Cell
from shared.contracts.registration import Window
from shared.problems import Away, Conflict, NotFound

public = APIRouter(prefix=PREFIX, tags=["public"])

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, pattern="^[ -~]*$")]


class OpenProgrammes(BaseModel):
    items: list[ShownProgramme]
    next_cursor: None = None


class Answers(BaseModel):
    """By our column names."""

    model_config = ConfigDict(allow_inf_nan=False)

    cells: dict[str, Cell] = Field(max_length=40)


class Application(Answers):
    """`consent` is the version of the words on personal data that the person has read and agreed to."""

    consent: Consent


class Oddity(BaseModel):
    column: str | None
    reason: str


class Judged(BaseModel):
    """`problems` have to be mended; `warnings` are worth another look."""

    problems: list[Oddity]
    warnings: list[Oddity]


class Receipt(BaseModel):
    registration_no: str
    programme_code: str
    registered_at: datetime


class WhoAsks(BaseModel):
    registration_no: str = Field(max_length=100, pattern=r"\S")
    birth_date: str = Field(max_length=100, pattern=r"\S")


class HeldCertificate(BaseModel):
    certificate_no: str
    verify_code: str


class Standing(BaseModel):
    """How far a registration is. Reasons that touch health are left out; `more_reasons` says that there are any."""

    registration_no: str
    programme_code: str
    programme_name: str
    stage: Stage
    class_name: str | None
    provider: str | None
    rank: int | None
    reasons: list[str]
    more_reasons: bool
    training_starts: date
    training_ends: date
    certificates: list[HeldCertificate]


@public.get("/open-programmes")
async def open_programmes(request: Request, gateway: TheGateway) -> OpenProgrammes:
    """Programmes in which people may register today."""
    gateway.rates.looks_at_programmes.take(network(request))
    found = await gateway.services.get("registration", "/programmes", PUBLIC)
    shown = [ShownProgramme.model_validate({**one["programme"], "revision": one["revision"]}) for one in found]
    return OpenProgrammes(items=[one for one in shown if is_open(one.registration)])


@public.post("/open-programmes/{code}/answers")
async def judge_answers(code: str, answers: Answers, request: Request, gateway: TheGateway) -> Judged:
    """What is wrong with answers; nobody is registered and nothing is kept."""
    csrf.check_origin(request)
    gateway.rates.pages_of_forms.take(network(request))
    path = at("/programmes/{code}/answers", code=code)
    return Judged.model_validate(await gateway.services.post("registration", path, PUBLIC, {"cells": answers.cells}))


@public.post("/open-programmes/{code}/applicants", status_code=201)
async def register(
    code: str, application: Application, request: Request, gateway: TheGateway, key: Key = None
) -> Receipt:
    """Register oneself. 409 `received_before`: somebody with this NIK is registered, and nothing has changed.

    That answer tells neither the number nor anything else of the registration there is.
    """
    csrf.check_origin(request)
    where = network(request)
    gateway.rates.registered_before.check(where)
    gateway.rates.registrations.take(where)
    caller = gateway.services.once(PUBLIC, key)
    path = at("/programmes/{code}/applicants", code=code)
    try:
        answer = await gateway.services.post("registration", path, caller, application.model_dump())
    except Refused as refused:
        if refused.code != "duplicate":
            raise
        gateway.rates.registered_before.count(where)
        raise Conflict("received_before", "Somebody with this NIK is registered in this programme.") from None
    # its warnings tell whether somebody else has given the same phone number
    return Receipt.model_validate(answer)


@public.post("/status")
async def status(asked: WhoAsks, request: Request, gateway: TheGateway) -> Standing:
    """How far a registration is, for whoever knows its number and the birth date.

    404 `unknown_registration` for an unknown number and for another birth date alike; 429 after too many of these.
    """
    csrf.check_origin(request)
    where = network(request)
    gateway.rates.unknown_registrations.check(where)
    attempt = await gateway.looking_up.attempt(asked.registration_no.strip().upper(), f"network {where}", known=False)
    try:
        own = await gateway.services.post("registration", "/applicants/own", PUBLIC, asked.model_dump())
    except (Refused, Away) as problem:
        if problem.status != NotFound.status:
            await gateway.looking_up.unanswered(attempt)
            raise
        gateway.rates.unknown_registrations.count(where)
        raise NotFound("unknown_registration", "No registration has this number and this birth date.") from None
    await gateway.looking_up.succeeded(attempt)
    return await _standing(gateway, own["applicant_id"], own["programme_code"], asked.registration_no.strip().upper())


def is_open(window: Window) -> bool:
    """Whether somebody may register today."""
    return window.opens <= datetime.now(JAKARTA).date() <= window.closes


async def _standing(gateway: Gateway, applicant_id: str, code: str, number: str) -> Standing:
    programme = await gateway.programmes.of(code, PUBLIC)
    found = await gateway.store.applicants.get(applicant_id)
    # whoever has registered a moment ago is not in the lists yet
    shown = listing.item(found, [], set(), {}, health=True) if found and found.registration_no else None
    reasons = shown.reasons if shown else []
    told = without_health(reasons)
    offer = programme.class_of(shown.class_code) if shown and shown.class_code else None
    certificates = await _certificates(gateway, applicant_id) if found and found.certificates else []
    return Standing(
        registration_no=shown.registration_no if shown else number,
        programme_code=code,
        programme_name=programme.name,
        stage=shown.stage if shown else Stage.REGISTERED,
        class_name=offer.name if offer else None,
        provider=offer.provider if offer else None,
        rank=shown.rank if shown and shown.stage is Stage.RESERVE else None,
        reasons=told,
        more_reasons=len(told) < len(reasons),
        training_starts=programme.training.starts,
        training_ends=programme.training.ends,
        certificates=certificates,
    )


async def _certificates(gateway: Gateway, applicant_id: str) -> list[HeldCertificate]:
    path = at("/applicants/{applicant_id}", applicant_id=applicant_id)
    known: dict[str, Any] = await gateway.services.get("certification", path, PUBLIC)
    return [HeldCertificate.model_validate(one) for one in known["certificates"]]
