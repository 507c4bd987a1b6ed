"""The committed examples of every event version, as a deployment's log holds them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from shared.contracts import ALL, Event

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
BY_KEY = {event.routing_key(): event for event in ALL}


class Golden(NamedTuple):
    event: Event
    subject: str
    sequence: int
    data: dict[str, Any]


def golden(path: Path) -> Golden:
    stored = json.loads(path.read_text("utf-8"))
    contract = BY_KEY[path.stem.split("-", 1)[1]]
    return Golden(contract.model_validate(stored["data"]), stored["subject"], stored["sequence"], stored["data"])
