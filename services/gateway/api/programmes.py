"""Programmes: defining them, and how far their people have come."""

import asyncio
from typing import Any

import orjson
import yaml
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.caught_up import caught_up
from services.gateway.funnel import ClassCounts, Funnel
from services.gateway.portraits import Portrait
from services.gateway.roles import PREFIX
from services.gateway.services import ROWS_TIMEOUT_S, at
from shared.contracts.registration import Programme
from shared.problems import Invalid, TooLarge

router = APIRouter(prefix=PREFIX, tags=["programmes"])

_MOST_BYTES = 256 << 10  # a thousand classes
_MOST_DEPTH = 20
_LONGEST_SCALAR = 1_000  # "1:1:1…" is one number to YAML, and takes long to compute
_SCHEMA = {"schema": Programme.model_json_schema(ref_template="#/components/schemas/{model}")}
_SCHEMA["schema"].pop("$defs")  # they stand among the components, because answers show programmes too
_BODY = {"requestBody": {"required": True, "content": {"application/json": _SCHEMA, "application/yaml": _SCHEMA}}}


class ShownProgramme(Programme):
    revision: int


class ProgrammeList(BaseModel):
    items: list[ShownProgramme]
    next_cursor: None = None


class Change(BaseModel):
    """`revision` is the one that the definition was written from; 0 for a new programme."""

    model_config = ConfigDict(allow_inf_nan=False)

    definition: dict[str, Any] = Field(examples=[{"code": "COBA-1"}])
    revision: int = Field(ge=0, lt=2**31)
    reason: str | None = Field(default=None, max_length=500, description="Kept on record.")


class Changed(BaseModel):
    code: str
    revision: int
    changed: bool


class Difference(BaseModel):
    """A field as "training.starts" or "classes.ROT.seats"; "classes" is the codes in their order."""

    field: str
    held: Any
    wanted: Any


class Preview(BaseModel):
    """`revision` is the one held, 0 when there is no such programme; `programme` is the definition as understood."""

    code: str
    revision: int
    programme: Programme
    differences: list[Difference]


class Standing(BaseModel):
    """No reasons: passes the screening."""

    reasons: list[str]
    total: float | None
    below_pass_mark: bool


class Affected(BaseModel):
    applicant_id: str
    registration_no: str
    kind: str
    now: Standing
    then: Standing


class WouldChange(BaseModel):
    """`counts` has people by what would change for them: would_pass, would_be_refused, other_reasons, would_fall_below,
    would_rise_above (the pass mark); `items` the first 200 of them by number, `left_out` how many more there are.
    """

    rule_version: int
    decided: bool = Field(description="The selection is decided: another rule changes nobody any more.")
    screened: int
    unscreened: int
    totals_changed: int
    counts: dict[str, int]
    items: list[Affected]
    left_out: int


@router.post("/programmes", status_code=201, openapi_extra=_BODY)
async def define(request: Request, response: Response, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Define a programme, or change it: JSON, or the YAML of the sample data. 200 when it was there already."""
    definition = await asyncio.to_thread(read_definition, await request.body())
    answer: dict[str, Any] = await gateway.services.put("registration", "/programmes", caller, definition)
    if answer["revision"] > 1 or not answer["changed"]:
        response.status_code = 200
    return answer


@router.post("/programmes/preview", openapi_extra=_BODY)
async def preview(request: Request, gateway: TheGateway, caller: Known) -> Preview:
    """What defining this would do: the definition as it is understood, and in what it differs. Nothing is saved."""
    definition = await asyncio.to_thread(read_definition, await request.body())
    return await previewed(definition, gateway, caller)


async def previewed(definition: dict[str, Any], gateway: Gateway, caller: Caller) -> Preview:
    """The same for a definition that has been read."""
    answer = await gateway.services.post("registration", "/programmes/preview", caller, definition)
    return Preview.model_validate(answer)


@router.post("/programmes/{code}/changes")
async def change(code: str, change: Change, gateway: TheGateway, caller: Known) -> Changed:
    """Define or change a programme as you have seen it; 409 `changed_meanwhile` when it is not that any more."""
    path = at("/programmes/{code}/changes", code=code)
    return Changed.model_validate(
        await gateway.services.post("registration", path, caller, change.model_dump(mode="json"))
    )


@router.post("/programmes/{code}/changes/preview")
async def preview_change(code: str, wanted: Programme, gateway: TheGateway, caller: Known) -> WouldChange:
    """Who would be screened or rated otherwise by this definition, if it was the programme's. Nothing is saved."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "selection", code, caller)
    path = at("/programmes/{code}/changes/preview", code=code)
    body = wanted.model_dump(mode="json")
    answer = await gateway.services.post("selection", path, caller, body, timeout_s=ROWS_TIMEOUT_S)
    return WouldChange.model_validate(answer)


@router.get("/programmes")
async def list_programmes(gateway: TheGateway, caller: Known) -> ProgrammeList:
    """All programmes."""
    found = await gateway.services.get("registration", "/programmes", caller)
    return ProgrammeList(items=[_flat(one) for one in found])


async def newest_first(gateway: Gateway, caller: Caller) -> list[ShownProgramme]:
    """All programmes as pages list them: the one whose registration opens last before the others."""
    found = (await list_programmes(gateway, caller)).items
    return sorted(found, key=lambda one: one.registration.opens, reverse=True)


@router.get("/programmes/{code}")
async def show_programme(code: str, gateway: TheGateway, caller: Known) -> ShownProgramme:
    """The definition of one programme, with its revision."""
    return _flat(await gateway.services.get("registration", at("/programmes/{code}", code=code), caller))


@router.get("/programmes/{code}/funnel")
async def funnel(code: str, gateway: TheGateway, caller: Known) -> Funnel:
    """How many people stand at each step, at most two seconds old."""
    programme = await gateway.programmes.of(code, caller)
    counted = await gateway.store.rollups.of(code)
    classes = {offer.code: counted.per_class.get(offer.code, ClassCounts()) for offer in programme.classes}
    return counted.model_copy(update={"per_class": classes})


@router.get("/programmes/{code}/portrait")
async def portrait(code: str, gateway: TheGateway, caller: Known) -> Portrait:
    """Who applied and who of them got a place, by gender, age and where they live; at most two seconds old."""
    await gateway.programmes.of(code, caller)
    return await gateway.store.rollups.portrait(code)


@router.get("/programmes/{code}/classes")
async def classes(code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """The classes with who holds a seat and who is in reserve, in ranking order."""
    answer = await gateway.services.get("selection", at("/programmes/{code}/classes", code=code), caller)
    return {"items": answer["classes"], "next_cursor": None}


def read_definition(body: bytes) -> dict[str, Any]:
    """A JSON or YAML document, told apart by trying; dates that YAML recognises become text again.

    Raises TooLarge, Invalid.
    """
    if len(body) > _MOST_BYTES:
        raise TooLarge("too_large", f"A definition has {_MOST_BYTES >> 10} KB at most.", limit_bytes=_MOST_BYTES)
    try:
        read = orjson.loads(body) if body.lstrip().startswith(b"{") else _yaml(body.decode())
        plain = orjson.loads(orjson.dumps(read))
    except (ValueError, TypeError, OverflowError, RecursionError, yaml.YAMLError):
        raise Invalid("not_a_definition", "The body is neither JSON nor YAML without aliases and tags.") from None
    if not isinstance(plain, dict):
        raise Invalid("not_a_definition", "A definition is one object with the fields of a programme.")
    return plain


def _yaml(text: str) -> Any:
    """Raises ValueError for what a definition does not need: aliases (a few hundred bytes of them can stand for
    gigabytes), tags (some readers of tagged values fail in ways of their own), deep nesting and endless scalars.
    """
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise ValueError("aliases and tags are not accepted")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST_SCALAR:
            raise ValueError("a value is too long")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            raise ValueError("it is nested too deeply")
    return yaml.load(text, yaml.CSafeLoader)


def _flat(answer: dict[str, Any]) -> ShownProgramme:
    return ShownProgramme.model_validate({**answer["programme"], "revision": answer["revision"]})
