"""The committed JSON Schemas and AsyncAPI document, generated from the contracts, and the check that guards them."""

import json
from pathlib import Path
from typing import Any

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from faststream.specification import AsyncAPI

from shared import topology
from shared.compatibility import breaks
from shared.contracts import ALL, Event
from shared.published import ASYNCAPI, FOLDER, example

_HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode.",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-sequence"],
    "properties": {
        "ce-specversion": {"type": "string", "const": "1.0"},
        "ce-id": {"type": "string", "description": "`<service>.<aggregate>:<id>:<version>:<n>`; also the message id."},
        "ce-source": {"type": "string", "description": "The publishing service: `/jalur/<service>`."},
        "ce-type": {"type": "string"},
        "ce-subject": {"type": "string", "description": "The aggregate's id."},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-dataschema": {
            "type": "string",
            "description": "`urn:jalur:schema:<routing key>`: the gateway serves it at `/api/schemas/<routing key>`.",
        },
        "ce-sequence": {"type": "string", "description": "The aggregate's version, zero-padded: the newest wins."},
        "ce-correlationid": {"type": "string"},
        "ce-causationid": {"type": "string"},
        "ce-traceparent": {
            "type": "string",
            "description": "W3C trace context: the trace that has caused the event. Only where traces are kept.",
        },
    },
}


def schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's body."""
    return {"$id": f"urn:jalur:schema:{event.routing_key()}", **event.model_json_schema()}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document of everything that is published, as FastStream generates it, with our headers."""
    broker = RabbitBroker()
    exchange = RabbitExchange(topology.EVENTS, type=ExchangeType.TOPIC)
    for event in ALL:
        broker.publisher(
            routing_key=event.routing_key(),
            exchange=exchange,
            persist=True,
            schema=event,
            title=event.routing_key(),
            description=(event.__doc__ or "").strip(),
        )
    specification = AsyncAPI(broker, title="Jalur", version="1", description="The events on `jalur.events`.")
    document: dict[str, Any] = json.loads(specification.to_specification().to_json())
    for message in document["components"]["messages"].values():
        message["headers"] = _HEADERS
    for event in ALL:
        message = document["components"]["messages"][f"{event.routing_key()}:Message"]
        message["examples"] = [example(event)]
        document["channels"][event.routing_key()]["x-for-other-systems"] = not event.touches_health
    document.pop("servers", None)
    for channel in document["channels"].values():
        channel.pop("servers", None)
    # FastStream's order is another every time
    components = document["components"]
    for parts, name in (
        *((document, "channels"), (document, "operations")),
        *((components, "messages"), (components, "schemas")),
    ):
        parts[name] = dict(sorted(parts[name].items()))
    return document


def check() -> list[str]:
    """What stands between the contracts and the committed documents; empty when all is well."""
    problems = []
    for path, event in _committed().items():
        if event is None:
            problems.append(f"{path.stem}: the event was removed; its schema is still promised")
            continue
        before, after = _read(path), schema(event)
        found = breaks(before, after)
        problems += [f"{path.stem}: {problem}: publish a new version beside it" for problem in found]
        if not found and before != after:
            problems.append(f"{path.stem}: the committed schema is stale: run `jalur schemas write`")
    problems += [f"{event.routing_key()}: no committed schema: run `jalur schemas write`" for event in _new()]
    if not problems and (not ASYNCAPI.exists() or _read(ASYNCAPI) != asyncapi()):
        problems.append("asyncapi.json is stale: run `jalur schemas write`")
    return problems


def write() -> list[str]:
    """Write all documents, unless that would break a promise; answers what it would break."""
    broken = [problem for problem in check() if "jalur schemas write" not in problem]
    if not broken:
        FOLDER.mkdir(exist_ok=True)
        for event in ALL:
            _write(_path(event), schema(event))
        _write(ASYNCAPI, asyncapi())
    return broken


def _committed() -> dict[Path, type[Event] | None]:
    by_path = {_path(event): event for event in ALL}
    return {path: by_path.get(path) for path in sorted(FOLDER.glob("*.json"))}


def _new() -> list[type[Event]]:
    return [event for event in ALL if not _path(event).exists()]


def _path(event: type[Event]) -> Path:
    return FOLDER / f"{event.routing_key()}.json"


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
