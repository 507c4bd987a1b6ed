"""What the events are, for the developers of other systems: a page, the AsyncAPI document, a JSON Schema of each."""

from functools import cache

from fastapi import APIRouter, Response

from services.gateway import events_page
from shared import published
from shared.contracts import ALL
from shared.problems import NotFound

router = APIRouter(include_in_schema=False)

_KEPT = {"Cache-Control": "public, max-age=3600"}
_URN = "urn:jalur:schema:"
_SCHEMAS = {event.routing_key(): published.schema_path(event) for event in ALL}


@router.get("/api/events")
async def page() -> Response:
    return Response(_page(), media_type="text/html", headers=_KEPT)


@router.get("/api/events/style.css")
async def style() -> Response:
    return Response(events_page.STYLE, media_type="text/css", headers=_KEPT)


@router.get("/api/asyncapi.json")
async def asyncapi() -> Response:
    return Response(published.ASYNCAPI.read_bytes(), media_type="application/json", headers=_KEPT)


@router.get("/api/schemas/{name}")
async def schema(name: str) -> Response:
    """By routing key, with `.json` or without, or by the URN that an event's `ce-dataschema` names."""
    path = _SCHEMAS.get(name.removeprefix(_URN).removesuffix(".json"))
    if path is None:
        raise NotFound("unknown_schema", "There is no event of that routing key.")
    return Response(path.read_bytes(), media_type="application/schema+json", headers=_KEPT)


@cache
def _page() -> str:
    return events_page.page()
