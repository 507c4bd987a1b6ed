"""A disaster: all is lost but a backup that was taken while people registered. What comes back, and what follows.

Somebody outside has heard everything that happened until the disaster, what came after the backup too, and must never
hear anything else under an id, a registration number or a certificate's code that they know.
"""

import asyncio
import gzip
import json
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
import yaml
from pymongo import MongoClient

from deploy.local.runner import LocalStack
from deploy.management import Management
from deploy.subscribers import Subscribers
from deploy.topology import SERVICES
from services.gateway.client import Client
from shared.cells import JAKARTA
from shared.restored import COLLECTION
from tests.e2e.programme_files import Step, funnel_of, steps
from tests.e2e.test_kills import _read_log
from tests.faults.rebuilt import what_it_says
from tests.faults.system import why_not
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
OPEN, LATER, PLAYED = "UJI-KINI", "UJI-NANTI", "LPKS-2025"
BEFORE = ("programme", "alumni", "applicants", "scores", "decide", "attendance")  # the steps that the backup knows
ALUMNUS = "3375045507060037"  # the third of the sample's alumni
_PATIENCE_S = 90


class Life(NamedTuple):
    """What somebody outside has heard of a system: bodies by event id, applicants by number, certificates by code."""

    bodies: dict[str, bytes]
    numbers: dict[str, str]
    codes: dict[str, str]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if missing := why_not():
        pytest.skip(f"NO BACKUP IS TRIED, for want of servers of our own: {missing}")
    return tmp_path_factory.mktemp("backup")


@pytest.fixture
def started(places: Path) -> Iterator[Callable[[str], LocalStack]]:
    running: list[LocalStack] = []

    def start(name: str) -> LocalStack:
        stack = LocalStack(places / name, port=free_port())
        running.append(stack)
        stack.start()
        return stack

    yield start
    for stack in running:
        stack.discard()


def test_what_a_backup_kept_comes_back_and_nothing_is_given_out_twice(
    started: Callable[[str], LocalStack], places: Path, sample: Path
) -> None:
    first = started("first")
    folder = sample / "lpks-2025"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    everything = list(steps(folder, expected))
    kept, rest = (
        [one for one in everything if one.name in BEFORE],
        [one for one in everything if one.name not in BEFORE],
    )
    url = _subscribers(first).add("dinas", ["placement.#"])
    with _gateway(first) as api:
        _define(api, OPEN, sample)
        _play(api, kept)
        funnel = _settled(
            api, PLAYED, {name: funnel_of(expected)[name] for name in ("registered", "scored", "accepted")}
        )
        with People(first, OPEN, range(1, 3000)) as people:
            people.wait_for(30)
            said = _run("backup", places / "kept", "--keys", places / "keys", home=first)
            people.wait_for(people.count + 20)
        _define(api, LATER, sample, name="Sebelum bencana")
        with People(first, LATER, range(3000, 3020)) as more:
            more.wait_for(20)
        _play(api, rest)
        _idle(first)
    before = _life(first)
    assert len(before.codes) == expected["certified"]
    first.discard()
    manifest = json.loads((places / "kept" / "manifest.json").read_text())
    print(said, manifest["log"])
    _nobody_else_can_read(places)

    home = places / "second"
    print(_run("restore", places / "kept", "--keys", places / "keys", home=home))
    second = started("second")
    with _gateway(second) as api:
        _idle(second)
        assert api.get(f"/programmes/{LATER}").status_code == httpx.codes.NOT_FOUND
        assert _settled(api, PLAYED, {"registered": funnel["registered"]}) == funnel
        _all_services_tell_the_same(second, manifest)
        _the_audit_is_sound(second, manifest)
        read_model = _read_model(second)
        _rebuild(api)
        assert _read_model(second) == read_model

        placements: list[str] = []
        heard = _heard_by(_at(url, second), placements)
        _define(api, LATER, sample, name="Sesudah bencana")
        with People(second, OPEN, range(4000, 4030)) as new, People(second, LATER, range(4030, 4050)) as others:
            new.wait_for(30)
            others.wait_for(20)
        _play(api, [*kept, *rest])
        _one_training_more(api)
        _settled(api, PLAYED, funnel_of(expected))
        _idle(second)
        after = _life(second)
        heard(lambda: len(placements) >= 100)

    again = before.bodies.keys() & after.bodies.keys()
    assert len(again) == manifest["log"]["events"] - _repeated(places / "kept")
    assert [id_ for id_ in again if before.bodies[id_] != after.bodies[id_]] == []
    assert len(after.bodies) > len(again) + 100
    known = before.numbers.keys() & after.numbers.keys()
    assert len(known) >= expected["registered"] + 30
    assert [no for no in known if before.numbers[no] != after.numbers[no]] == []
    assert not before.codes.keys() & after.codes.keys()
    assert set(before.codes.values()) == set(after.codes.values())  # the same certificates, under codes of their own
    lost = set(before.numbers) - set(after.numbers)
    print(f"{len(again)} events came back, {len(before.bodies) - len(again)} are lost, {len(lost)} registrations too")
    assert len(lost) >= 40


def _life(stack: LocalStack) -> Life:
    bodies: dict[str, bytes] = {}
    numbers: dict[str, str] = {}
    codes: dict[str, str] = {}
    for id_, body, headers in asyncio.run(_read_log(stack.amqp_url)):
        assert bodies.setdefault(id_, body) == body, id_
        data = json.loads(body)
        if headers["ce-type"] == "jalur.registration.ApplicantRegistered.v1":
            assert numbers.setdefault(data["registration_no"], data["applicant_id"]) == data["applicant_id"]
        if headers["ce-type"] == "jalur.certification.CertificateIssued.v1":
            codes[data["verify_code"]] = data["certificate_no"]
    return Life(bodies, numbers, codes)


# ---- what is done


class People(threading.Thread):
    """Fill in the form one after the other, until the block is left. `count` have been told their number."""

    def __init__(self, stack: LocalStack, code: str, serials: range) -> None:
        super().__init__(daemon=True)
        self._api = _gateway(stack)
        self._code, self._serials = code, serials
        self._ended = threading.Event()
        self._failure: str | None = None
        self.count = 0

    def run(self) -> None:
        for serial in self._serials:
            if self._ended.is_set():
                return
            form = {
                "name": "Siti Aminah", "nik": f"337501410100{serial:04d}", "birth_date": "1 Januari 2000",
                "gender": "P", "city": "Kota Pekalongan", "education": "SMA", "willing_to_move": "ya",
                "health_certificate": "ada", "trained_before": "belum", "occupation": "Ibu rumah tangga",
                "choice_1": "Barista", "follows_social_media": "ya",
            }  # fmt: skip
            answer = self._api.post(f"/programmes/{self._code}/applicants", json=form)
            if answer.status_code != httpx.codes.CREATED:
                self._failure = answer.text
                return
            self.count += 1

    def wait_for(self, count: int) -> None:
        _until(lambda: self.count >= count or self._failure is not None)
        assert self._failure is None, self._failure

    def __enter__(self) -> "People":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        self._api.close()


def _gateway(stack: LocalStack) -> httpx.Client:
    token = json.loads(stack.credentials.read_text())["token"]
    return httpx.Client(
        base_url=f"{stack.gateway_url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


def _define(api: httpx.Client, code: str, sample: Path, name: str = "Pelatihan barista") -> None:
    """A programme in which people can register today."""
    definition = yaml.safe_load((sample / "lpks-2025" / "programme.yaml").read_text("utf-8"))
    today = datetime.now(JAKARTA).date()

    def day(days: int) -> str:
        return str(today + timedelta(days=days))

    offer = {**definition["classes"][0], "code": "BAR", "name": "Barista"}
    changes = {
        "code": code,
        "name": name,
        "registration": {"opens": day(-1), "closes": day(9)},
        "training": {"starts": day(30), "ends": day(60)},
        "classes": [offer],
    }
    answer = api.post("/programmes", json={**json.loads(json.dumps(definition, default=str)), **changes})
    assert answer.is_success, answer.text


def _play(api: httpx.Client, todo: list[Step]) -> None:
    for step in todo:
        answer = step.send(api)
        assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, f"{step.name}: {answer.text[:500]}"
        if answer.status_code == httpx.codes.CONFLICT:  # decided before
            assert step.name == "decide" and answer.json()["code"] != "not_caught_up", answer.text


def _one_training_more(api: httpx.Client) -> None:
    """Of somebody whose earlier trainings came before the disaster; a decision waits until they are heard of."""
    sheet = f"NIK;Tahun;Pelatihan\n{ALUMNUS};2019;Pelatihan sesudah bencana\n"
    answer = api.post("/imports/alumni", files={"file": ("alumni.csv", sheet.encode())})
    assert answer.json()["accepted"] == 1, answer.text
    tried = api.post(f"/programmes/{OPEN}/selection/simulate")
    assert tried.is_success or tried.json()["code"] == "scores_missing", tried.text


def _run(command: str, *arguments: object, home: LocalStack | Path) -> str:
    path = home.home.path if isinstance(home, LocalStack) else home
    environment = {
        name: value
        for name, value in os.environ.items()
        if name == "JALUR_RABBITMQ_SERVER" or not name.startswith("JALUR_")
    }
    done = subprocess.run(
        [str(ROOT / "deploy" / command), *map(str, arguments)],
        env={**environment, "JALUR_HOME": str(path)}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _rebuild(api: httpx.Client) -> None:
    assert api.post("/rebuild", json={"reason": "uji"}).is_success
    _until(lambda: (state := api.get("/rebuild").json())["state"] == "idle" and state["generation"] == 1)
    assert api.get("/rebuild").json()["skipped"] == 0


# ---- what is looked at


def _until(done: Callable[[], bool], seconds: float = _PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.1)


def _settled(api: httpx.Client, code: str, wanted: dict[str, int]) -> dict[str, Any]:
    funnel: dict[str, Any] = {}

    def as_wanted() -> bool:
        funnel.update(api.get(f"/programmes/{code}/funnel").json())
        return {name: funnel.get(name) for name in wanted} == wanted

    _until(as_wanted)
    time.sleep(2.5)  # a rollup is counted anew within two seconds
    return dict(api.get(f"/programmes/{code}/funnel").json())


def _idle(stack: LocalStack) -> None:
    """Every outbox is empty, and every service has heard the log."""
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        databases = [client[f"{stack.db_prefix}_{service}"] for service in SERVICES]

        def quiet() -> bool:
            return not any(
                database[name].find_one({"pending": True})
                for database in databases
                for name in database.list_collection_names()
            )

        def heard() -> bool:
            places = [database["heard"].find_one({"_id": "jalur.log"}) for database in databases[1:]]
            return all(places) and len({one["offset"] for one in places if one}) == 1

        _until(lambda: quiet() and heard())


def _all_services_tell_the_same(stack: LocalStack, manifest: dict[str, Any]) -> None:
    """What each holds is what the log says, event by event, and nobody knows an applicant that another does not."""
    versions: dict[tuple[str, str], int] = defaultdict(int)
    for id_, _, headers in asyncio.run(_read_log(stack.amqp_url)):
        what = f"{id_.split('.')[0]}.{str(headers['ce-type']).split('.')[2]}", str(headers["ce-subject"])
        versions[what] = max(versions[what], int(str(headers["ce-sequence"])))
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        held: dict[tuple[str, str], int] = {}
        for service in SERVICES[:-1]:
            database = client[f"{stack.db_prefix}_{service}"]
            for name in database.list_collection_names():
                for one in database[name].find({"published": {"$exists": True}}):
                    held |= {(f"{service}.{event}", one["_id"]): version for event, version in one["published"].items()}
        assert held == versions
        collections = {"registration": "applicants", "selection": "applicants", "gateway": "applicants",
                       "certification": "trainees", "placement": "graduates"}  # fmt: skip
        ids = {
            service: {one["_id"] for one in client[f"{stack.db_prefix}_{service}"][name].find({}, {"_id": 1})}
            for service, name in collections.items()
        }
        known = ids["registration"]
        assert len(known) == manifest["databases"]["registration"]["applicants"]
        assert ids["selection"] == ids["gateway"] == known
        assert ids["certification"] <= known and ids["placement"] <= known
        for service in SERVICES:
            told = client[f"{stack.db_prefix}_{service}"][COLLECTION].find_one()
            assert told is not None and told["finished"]


def _the_audit_is_sound(stack: LocalStack, manifest: dict[str, Any]) -> None:
    expect = [f"{service}:{n}:{hash_}" for service, (n, hash_) in manifest["audit_heads"].items() if n]
    assert len(expect) == len(SERVICES)
    client = Client.from_credentials(stack.credentials)
    verdicts = [line["verdict"] for line in client.lines("/audit/verify", expect=expect) if "verdict" in line]
    assert len(verdicts) == len(SERVICES)
    for verdict in verdicts:
        assert verdict["findings"] == [], verdict


def _read_model(stack: LocalStack) -> dict[str, dict[str, Any]]:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        database = client[f"{stack.db_prefix}_gateway"]
        generation = (database["serving"].find_one() or {}).get("generation", 0)
        names = [f"{name}_{generation}" if generation else name for name in ("programmes", "applicants", "people")]
        return {name.split("_")[0]: {one["_id"]: what_it_says(one) for one in database[name].find()} for name in names}


def _nobody_else_can_read(places: Path) -> None:
    for path in [*(places / "kept").rglob("*"), *(places / "keys").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def _repeated(backup: Path) -> int:
    """How many lines of the log repeat an event."""
    with gzip.open(backup / "log.jsonl.gz") as lines:
        ids = [json.loads(line)["id"] for line in lines]
    return len(ids) - len(set(ids))


# ---- an outside subscriber


def _subscribers(stack: LocalStack) -> Subscribers:
    node = stack._running.node
    assert node is not None
    return Subscribers(Management(node.management_url), stack.amqp_url)


def _at(url: str, stack: LocalStack) -> str:
    """The same account, where the broker is now."""
    there = urlsplit(stack.amqp_url).netloc.rpartition("@")[2]
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{there}").geturl()


def _heard_by(url: str, found: list[str]) -> Callable[[Callable[[], bool]], None]:
    """Listens with the URL of before the disaster; what is returned waits until something holds, and ends it."""
    ready, ended = threading.Event(), threading.Event()

    async def listen() -> None:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("dinas.uji", durable=True)
            await queue.bind("jalur.events", "placement.placement_recorded.v1")

            async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                found.append(str(message.message_id))
                await message.ack()

            await queue.consume(take)
            ready.set()
            while not ended.is_set():
                await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: asyncio.run(listen()), daemon=True)
    thread.start()
    assert ready.wait(20), "the subscriber cannot connect as before"

    def wait(done: Callable[[], bool]) -> None:
        try:
            _until(done)
        finally:
            ended.set()
            thread.join()

    return wait
