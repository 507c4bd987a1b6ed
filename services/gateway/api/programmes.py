"""Programmes: defining them, and how far their people have come."""

import json
from typing import Any

import yaml
from fastapi import APIRouter, Request, Response

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.funnel import ClassCounts, Funnel
from services.gateway.services import at
from shared.contracts.registration import Programme
from shared.problems import Invalid

router = APIRouter(tags=["programmes"])

_SCHEMA = {"schema": Programme.model_json_schema()}
_BODY = {"requestBody": {"required": True, "content": {"application/json": _SCHEMA, "application/yaml": _SCHEMA}}}


@router.post("/programmes", status_code=201, openapi_extra=_BODY)
async def define(request: Request, response: Response, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Define a programme, or change it: JSON, or the YAML of the sample data. 200 when it was there already."""
    definition = _definition(await request.body())
    answer: dict[str, Any] = await gateway.services.put("registration", "/programmes", caller, definition)
    if answer["revision"] > 1 or not answer["changed"]:
        response.status_code = 200
    return answer


@router.get("/programmes")
async def list_programmes(gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """All programmes."""
    found = await gateway.services.get("registration", "/programmes", caller)
    return {"items": [_flat(one) for one in found], "next_cursor": None}


@router.get("/programmes/{code}")
async def show_programme(code: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
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
    try:
        text = body.decode()
        read = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
        plain = json.loads(json.dumps(read, default=str, allow_nan=False))
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        raise Invalid("not_a_definition", "The body is neither JSON nor YAML without aliases.") from None
    if not isinstance(plain, dict):
        raise Invalid("not_a_definition", "A definition is one object with the fields of a programme.")
    return plain


def _yaml(text: str) -> Any:
    # a few hundred bytes of aliases can stand for gigabytes
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise ValueError("aliases are not accepted")
    return yaml.safe_load(text)


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer["programme"], "revision": answer["revision"]}
