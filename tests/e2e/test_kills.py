"""Services are killed with SIGKILL again and again while a programme is played: the counts come out the same."""

import asyncio
import contextlib
import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from pymongo import MongoClient

from deploy.local.runner import LocalStack
from deploy.local.supervision import StartFailed
from shared import topology
from shared.contracts.certification import CertificateIssued
from shared.contracts.placement import PlacementRecorded
from shared.contracts.registration import ApplicantRegistered
from shared.contracts.selection import SelectionDecided
from tests.e2e.programme_files import Step, funnel_of, steps

SEED = 20250714
_VICTIMS = ("registration", "selection", "certification", "placement", "gateway")
_KILL_EVERY_S = (2.0, 5.0)
_PATIENCE_S = 240


class Killer(threading.Thread):
    """Kills one service after the other, at moments drawn from a seed."""

    def __init__(self, stack: LocalStack) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._random = random.Random(SEED)
        self._ended = threading.Event()
        self.killed: list[str] = []

    def run(self) -> None:
        turn: list[str] = []
        while not self._ended.wait(self._random.uniform(*_KILL_EVERY_S)):
            turn = turn or self._random.sample(_VICTIMS, len(_VICTIMS))
            with contextlib.suppress(StartFailed):
                # on a busy machine a start takes as long as all of a turn: who is never there has nothing to lose
                self._stack.wait_ready(turn[-1])
                self._stack.kill(turn[-1])
                self.killed.append(turn.pop())

    def end(self) -> None:
        self._ended.set()
        self.join()


@pytest.fixture
def killer(stack: LocalStack) -> Iterator[Killer]:
    killer = Killer(stack)
    killer.start()
    yield killer
    killer.end()


def test_a_programme_survives_kills_at_any_moment(
    stack: LocalStack, gateway: httpx.Client, killer: Killer, sample: Path
) -> None:
    folder = sample / "lpks-2025"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    while set(killer.killed) != set(_VICTIMS):  # playing it again changes nothing
        for step in steps(folder, expected):
            _insist(gateway, step)
    killer.end()
    print(f"seed {SEED}: killed {len(killer.killed)}: {' '.join(killer.killed)}")
    stack.wait_ready()

    funnel = _settled(gateway, "/programmes/LPKS-2025/funnel", funnel_of(expected))
    tracer = expected["tracer"]
    assert funnel["placed"] == {
        "employed": tracer["Bekerja"],
        "self_employed": tracer["Wirausaha"],
        "studying": tracer["Melanjutkan studi"],
        "unemployed": tracer["Belum bekerja"],
        "unreachable": tracer["Tidak dapat dihubungi"],
    }
    _outboxes_are_empty(stack)
    _the_log_holds_each_event_and_agrees(stack, expected)


def _insist(gateway: httpx.Client, step: Step) -> None:
    """Repeat a request, as a client would, until it has had its whole effect."""
    deadline = time.monotonic() + _PATIENCE_S
    last: Any = None
    while time.monotonic() < deadline:
        try:
            answer = step.send(gateway)
        except httpx.TransportError as error:
            last = error
        else:
            last = answer.text[:500]
            assert answer.status_code in (200, 201, 409, 503), last
            if answer.is_success and len(answer.json().get("refused", [])) in (0, step.refused):
                return
        time.sleep(0.2)
    pytest.fail(f"{step.name} did not succeed: {last}")


def _settled(gateway: httpx.Client, path: str, wanted: dict[str, int]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    funnel: dict[str, Any] = {}
    while time.monotonic() < deadline:
        funnel = gateway.get(path).json()
        if {name: funnel[name] for name in wanted} == wanted and sum(funnel["placed"].values()) == 178:
            return funnel
        time.sleep(0.2)
    pytest.fail(f"the funnel stayed {funnel}, wanted {wanted}")


def _outboxes_are_empty(stack: LocalStack) -> None:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        prefix = stack.db_prefix
        deadline = time.monotonic() + 20
        while True:
            pending = {
                f"{name}.{collection}": client[name][collection].count_documents({"pending": True})
                for name in client.list_database_names()
                if name.startswith(prefix)
                for collection in client[name].list_collection_names()
            }
            left = {where: count for where, count in pending.items() if count}
            if not left:
                return
            assert time.monotonic() < deadline, left
            time.sleep(0.2)


def _the_log_holds_each_event_and_agrees(stack: LocalStack, expected: dict[str, int]) -> None:
    """A reader of the log from its start sees every event, an event that was published twice as the same one."""
    bodies = asyncio.run(_read_log(stack.amqp_url))
    ids: dict[str, bytes] = {}
    for message_id, body, _ in bodies:
        assert ids.setdefault(message_id, body) == body
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for message_id, body, headers in sorted(bodies, key=lambda one: str(one[2]["ce-sequence"])):
        latest[str(headers["ce-type"]), str(headers["ce-subject"])] = json.loads(body)
        assert message_id == headers["ce-id"]

    def subjects(event: type[Any]) -> list[dict[str, Any]]:
        return [data for (type_, _), data in latest.items() if type_ == event.ce_type()]

    assert len(subjects(ApplicantRegistered)) == expected["registered"]
    decided = subjects(SelectionDecided)
    assert sum(one["outcome"] == "accepted" for one in decided) == expected["accepted"]
    assert len(decided) == expected["registered"]
    assert len(subjects(CertificateIssued)) == expected["certified"]
    assert len({one["certificate_no"] for one in subjects(CertificateIssued)}) == expected["certified"]
    assert len(subjects(PlacementRecorded)) == 178


async def _read_log(amqp_url: str) -> list[tuple[str, bytes, dict[str, Any]]]:
    found: list[tuple[str, bytes, dict[str, Any]]] = []
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        log = await channel.get_queue(topology.LOG)
        arrived = asyncio.Event()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            found.append((str(message.message_id), message.body, dict(message.headers)))
            await message.ack()
            arrived.set()

        await log.consume(take, arguments={"x-stream-offset": "first"})
        while True:  # until nothing has come for a while: a stream has no end
            arrived.clear()
            try:
                await asyncio.wait_for(arrived.wait(), 2)
            except TimeoutError:
                return found
