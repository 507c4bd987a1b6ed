"""What clients and monitors see while a server is away, and that a command may always be repeated under its key."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from deploy.kept import events
from deploy.kept.files import Unusable
from tests.faults.client import Client
from tests.faults.experiment import Laboratory
from tests.faults.injected.broker import keeps_queues_in, without_log
from tests.faults.invariants import violations
from tests.faults.load import Play, Stream
from tests.faults.people import Town, sheet
from tests.faults.system import System

PROMISED_S = 3.0
# this machine may be busy with other things; the promise is reported, a multiple of it asserted
SLACK = 4


@pytest.fixture
def town(laboratory: Laboratory) -> Iterator[Town]:
    yield laboratory.town
    asyncio.run(laboratory.forget())


def _client(system: System) -> httpx.Client:
    headers = {"Authorization": f"Bearer {system.token}"}
    return httpx.Client(base_url=f"{system.gateway_url}/api/v1", headers=headers, timeout=30)


def _becomes(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until a condition holds; fails when it does not in all that time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def _ready(system: System) -> list[bool]:
    """Of each service whether it is ready; asked side by side, for a database that is away is waited for."""
    with ThreadPoolExecutor(len(system.services)) as threads:
        return list(threads.map(system.is_ready, system.services))


def test_every_command_may_be_repeated_under_its_key(system: System, laboratory: Laboratory, town: Town) -> None:
    asyncio.run(_everything_twice(system, laboratory, town))


async def _everything_twice(system: System, laboratory: Laboratory, town: Town) -> None:
    client = Client(system.gateways, system.token, 120, twice=True)
    play, stream = Play(client, town, 40), Stream(client, town)
    streaming = asyncio.create_task(stream.run())
    await play.run()
    stream.end()
    await streaming
    ledger = await laboratory.ledger([play.sent, stream.sent], client.problems)
    wrong = await asyncio.to_thread(violations, ledger)
    assert not any(wrong.values()), "\n".join(line for lines in wrong.values() for line in lines)

    # what no programme on its way to certificates needs
    person = town.person()
    alumni = [{"NIK": person["nik"], "Nama": person["name"], "Tahun": 2020, "Pelatihan": "Menjahit"}]
    await client.post("/imports/alumni", file=sheet(alumni))
    refused = next(nik for nik in stream.sent.registered if nik not in stream.sent.withdrawn)
    overrule = {"rule": "not_resident", "reason": "pindah ke sini"}
    await client.post(f"/applicants/{stream.sent.ids[refused]}/overrules", overrule)
    certified = play.sent.ids[next(iter(play.sent.certificates))]
    dossier = await client.get(f"/applicants/{certified}")
    [certificate] = dossier["certification"]["certificates"]
    await client.post(f"/certificates/{certificate['certificate_id']}/revocation", {"reason": "salah cetak"})
    await client.post("/users", {"name": "petugas-uji", "role": "viewer"})
    await client.close()
    assert not client.problems, client.problems
    [revoked] = system.database("certification")["trainees"].find_one({"_id": certified})["certificates"]
    assert revoked["revocation"]["reason"] == "salah cetak"
    of_person = list(system.database("registration")["people"].find())
    assert len(of_person) == 1


def test_while_the_broker_is_away_commands_are_taken_and_their_events_wait(
    system: System, town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = town.programme(40) | {"code": "TANPA-BROKER"}
    with _client(system) as client:
        assert client.post("/programmes", json=definition).is_success
        system.broker.cut()
        try:
            unready = _becomes(lambda: not any(_ready(system)), 5 * SLACK)
            answers = [client.post("/programmes/TANPA-BROKER/applicants", json=town.person()) for _ in range(20)]
            assert {answer.status_code for answer in answers} == {201}
            waiting = [place for place in system.pending() if place.startswith("uji_registration.applicants/")]
            assert len(waiting) == 20
        finally:
            system.broker.heal()
        ready = _becomes(lambda: all(_ready(system)), 30 * SLACK)
        _becomes(lambda: not system.pending(), 30 * SLACK)
        shown = system.database("gateway")["applicants"]
        _becomes(lambda: shown.count_documents({"programme_code": "TANPA-BROKER", "stage": {"$ne": ""}}) == 20, 60)
    with capsys.disabled():
        print(f"\nbroker away: unready after {unready:.1f} s, 20 commands taken, ready again after {ready:.1f} s")


def test_while_the_database_is_away_every_command_is_refused_in_time_and_done_once_afterwards(
    system: System, town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = town.programme(40) | {"code": "TANPA-BASIS-DATA"}
    path = "/programmes/TANPA-BASIS-DATA"
    somebody = town.person()
    with _client(system) as client:
        assert client.post("/programmes", json=definition).is_success
        applicant = client.post(f"{path}/applicants", json=somebody).json()["applicant_id"]
        people = [town.person() for _ in range(3)]
        commands: list[tuple[str, dict[str, Any]]] = [
            *((f"{path}/applicants", {"json": person}) for person in people),
            (f"/applicants/{applicant}/corrections", {"json": {"cells": {"education": "S1"}, "reason": "salah ketik"}}),
            (f"/applicants/{applicant}/withdrawal", {"json": {"reason": "pindah"}}),
            (f"{path}/selection/simulate", {}),
            (f"{path}/selection/decide", {}),
            (f"{path}/matching/run", {"json": {}}),
            ("/imports/alumni", {"files": {"file": ("a.csv", sheet([{"NIK": somebody["nik"], "Nama": "x"}]))}}),
            ("/programmes", {"json": definition | {"name": "Nama lain"}}),
        ]
        keyed = [(path, given | {"headers": {"Idempotency-Key": uuid.uuid4().hex}}) for path, given in commands]
        system.freeze("mongod")
        try:
            slowest = 0.0
            for command, given in keyed:
                began = time.monotonic()
                answer = client.post(command, **given)
                slowest = max(slowest, time.monotonic() - began)
                assert answer.status_code == 503, (command, answer.text)
                assert int(answer.headers["Retry-After"]) > 0
            assert slowest < PROMISED_S * SLACK
            unready = _becomes(lambda: not any(_ready(system)), 5 * SLACK)
        finally:
            system.thaw("mongod")
        ready = _becomes(lambda: all(_ready(system)), 30 * SLACK)
        for command, given in keyed[:5]:
            assert client.post(command, **given).is_success, command
        found = list(system.database("registration")["applicants"].find({"programme_code": "TANPA-BASIS-DATA"}))
        assert len(found) == 1 + len(people)
        [changed] = [one for one in found if one["_id"] == applicant]
        assert [entry["what"] for entry in changed["ledger"]] == ["registered", "corrected", "withdrawn"]
    with capsys.disabled():
        print(
            f"\ndatabase away: slowest 503 after {slowest:.1f} s (promised {PROMISED_S:.0f}),"
            f" unready after {unready:.1f} s, ready again after {ready:.1f} s"
        )


def test_a_log_that_is_not_back_yet_is_not_taken_for_an_empty_one(
    system: System, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore would delete it."""
    if keeps_queues_in(system) == "Khepri":
        pytest.skip("this RabbitMQ has all of its queues before it takes connections")
    with _client(system) as client:
        client.post("/programmes", json=town.programme(10)).raise_for_status()
    _becomes(lambda: not asyncio.run(events.is_empty(system.amqp_url)), 20)
    with without_log(system):
        monkeypatch.setattr(events, "_BACK_S", 2.0)
        with pytest.raises(Unusable, match="brought back"):
            asyncio.run(events.is_empty(system.amqp_url))
    assert not asyncio.run(events.is_empty(system.amqp_url))
