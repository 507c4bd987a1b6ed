"""Programmes: defining them, and how far their people have come."""

import asyncio
from typing import Any

import orjson
import yaml
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.funnel import ClassCounts, Funnel
from services.gateway.services import at
from shared.contracts.registration import Programme
from shared.problems import Invalid, TooLarge

router = APIRouter(tags=["programmes"])

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


@router.post("/programmes", status_code=201, openapi_extra=_BODY)
async def define(request: Request, response: Response, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Define a programme, or change it: JSON, or the YAML of the sample data. 200 when it was there already."""
    definition = await asyncio.to_thread(_definition, await request.body())
    answer: dict[str, Any] = await gateway.services.put("registration", "/programmes", caller, definition)
    if answer["revision"] > 1 or not answer["changed"]:
        response.status_code = 200
    return answer


@router.get("/programmes")
async def list_programmes(gateway: TheGateway, caller: Known) -> ProgrammeList:
    """All programmes."""
    found = await gateway.services.get("registration", "/programmes", caller)
    return ProgrammeList(items=[_flat(one) for one in found])


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


@router.get("/programmes/{code}/classes")
async def classes(code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """The classes with who holds a seat and who is in reserve, in ranking order."""
    answer = await gateway.services.get("selection", at("/programmes/{code}/classes", code=code), caller)
    return {"items": answer["classes"], "next_cursor": None}


def _definition(body: bytes) -> dict[str, Any]:
    """A JSON or YAML document, told apart by trying; dates that YAML recognises become text again."""
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
