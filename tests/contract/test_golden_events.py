"""Examples of every event version, as a deployment's log holds them, are replayed against every consumer."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aio_pika.abc import AbstractConnection

from deploy import topology as deployed
from services.certification import app as certification
from services.certification.settings import Settings as CertificationSettings
from services.gateway import app as gateway
from services.gateway.settings import Settings as GatewaySettings
from services.placement import app as placement
from services.placement.settings import Settings as PlacementSettings
from services.selection import app as selection
from services.selection.settings import Settings as SelectionSettings
from shared import topology
from shared.contracts import ALL, BY_TYPE, Event
from shared.messaging import decode
from tests.conftest import Running
from tests.contract.golden_events import GOLDEN, golden
from tests.events import message, publish, until

_PERSONAL = re.compile(r"\b\d{16}\b|nik|name_of_person|phone|address|birth|email", re.IGNORECASE)


def test_there_is_an_example_of_every_event_version() -> None:
    assert {path.stem.split("-", 1)[1] for path in GOLDEN} == {event.routing_key() for event in BY_TYPE.values()}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_example_still_means_the_same(path: Path) -> None:
    example = golden(path)
    now = example.event.model_dump(mode="json")
    assert _of_then(now, example.data) == example.data
    sent = message(example.event, example.subject, example.sequence)
    event, meta = decode(type(example.event), sent)  # type: ignore[arg-type]
    assert (event, meta.subject, meta.sequence) == (example.event, example.subject, example.sequence)


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.routing_key())
def test_no_event_has_a_field_for_a_direct_identifier(event: type[Event]) -> None:
    fields = set(re.findall(r'"(\w+)": \{', json.dumps(event.model_json_schema()["properties"])))
    assert not {field for field in fields if _PERSONAL.search(field)}


async def test_every_consumer_takes_every_example_and_parks_none(
    settings_for: Callable[..., Any], running: Running, broker: AbstractConnection, tmp_path: Path
) -> None:
    secrets = {"admin_password": "kata-sandi-uji-12345", "admin_token": "t" * 40, "spool_dir": tmp_path}
    apps: list[tuple[Any, Any, str]] = [
        (selection.build, settings_for(SelectionSettings), "selection"),
        (certification.build, settings_for(CertificationSettings), "certification"),
        (placement.build, settings_for(PlacementSettings), "placement"),
        (gateway.build, settings_for(GatewaySettings, **secrets), "gateway"),
    ]
    queues = [queue.name for part in deployed.everything() for queue in part.queues if queue.name != topology.LOG]
    async with contextlib.AsyncExitStack() as stack:
        for build, settings, name in apps:
            await stack.enter_async_context(running(build, settings, name))
        for path in GOLDEN:
            example = golden(path)
            await publish(broker, example.event, example.subject, example.sequence)
        await until(lambda: _all_empty_but_parked(broker, queues), seconds=30)
        await asyncio.sleep(1)  # what was delivered is being handled; when the services stop, nothing may come back
    assert {name: left for name in queues if (left := await _count(broker, name))} == {}
    listened = {contract for on in deployed.subscriptions() for contract in on.contracts}
    assert listened == set(ALL)


def _of_then(now: Any, then: Any) -> Any:
    """What is said now, without the fields that the example, being older, does not have."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {field: _of_then(now.get(field), said) for field, said in then.items()}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [_of_then(*pair) for pair in zip(now, then, strict=True)]
    return now


async def _all_empty_but_parked(broker: AbstractConnection, queues: list[str]) -> bool:
    for name in queues:
        if not name.endswith(".parked") and await _count(broker, name):
            return False
    return True


async def _count(broker: AbstractConnection, queue: str) -> int:
    async with broker.channel() as channel:
        return int((await channel.get_queue(queue)).declaration_result.message_count or 0)
