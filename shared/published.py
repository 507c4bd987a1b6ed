"""The committed documents that describe the events: AsyncAPI, and of each event a JSON Schema and an example."""

import json
from pathlib import Path
from typing import Any

from shared import meta
from shared.contracts import Event

_CONTRACTS = Path(__file__).parent / "contracts"
FOLDER = _CONTRACTS / "schemas"
ASYNCAPI = _CONTRACTS / "asyncapi.json"
EXAMPLES = _CONTRACTS / "examples"


def schema_path(event: type[Event]) -> Path:
    return FOLDER / f"{event.routing_key()}.json"


def example(event: type[Event]) -> dict[str, Any]:
    """`headers` and `payload` of one message."""
    stored = json.loads((EXAMPLES / f"{event.routing_key()}.json").read_text("utf-8"))
    subject, sequence = stored["subject"], stored["sequence"]
    entry = {
        "id": f"{event.service}.example:{subject}:{sequence}:0",
        "source": f"/jalur/{event.service}",
        "type": event.ce_type(),
        "key": event.routing_key(),
        "subject": subject,
        "sequence": sequence,
        "time": "2027-01-11T01:30:00.000000+00:00",
        "correlation": "4ebab6ba18464eb397b90788f74f5bc2",
    }
    return {"headers": meta.headers(entry), "payload": stored["data"]}
