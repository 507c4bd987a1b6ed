"""The local runner on real servers: it starts everything, keeps the data, and leaves no process behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy.local import leftovers, servers, services
from deploy.local.home import Home, HomeInUse
from deploy.local.runner import LocalStack
from deploy.local.servers import Servers
from deploy.local.supervision import StartFailed

ROOT = Path(__file__).parents[2]
ELSEWHERE = "amqp://somebody:else@127.0.0.1:1/"

# the whole stack, until a signal
STACK = """
from deploy.local.runner import LocalStack, ending_on_signals
import signal
with ending_on_signals(), LocalStack.from_environment():
    print("ready", flush=True)
    signal.pause()
"""

# MongoDB alone, for as long as this process lives
MONGOD = f"""
from pathlib import Path
import signal, sys
from deploy.local import servers
servers.start(Path(sys.argv[1]), amqp_url={ELSEWHERE!r})
print("ready", flush=True)
signal.pause()
"""


def until(done: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    leftovers.kill(path)


def run(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a script; it is ready when this returns."""
    command = [sys.executable, "-c", script, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def mongod_alone(path: Path) -> Servers:
    return servers.start(path, amqp_url=ELSEWHERE)


def notes(running: Servers) -> Any:
    client: MongoClient[dict[str, Any]] = MongoClient(running.mongo_url)
    return client.test.notes


def test_everything_starts_answers_comes_back_after_a_kill_and_ends_with_ctrl_c(home: Path) -> None:
    port = free_port()
    without = {"JALUR_AMQP_URL": "", "JALUR_MONGO_URL": "", "JALUR_DB_PREFIX": ""}
    process = run(STACK, JALUR_HOME=str(home), JALUR_PORT=str(port), **without)
    try:
        credentials = json.loads((home / "credentials.json").read_text())
        assert set(credentials) == {"gateway_url", "amqp_url", "mongo_url", "name", "password", "token"}
        assert stat.S_IMODE((home / "credentials.json").stat().st_mode) == 0o600
        gateway = httpx.Client(base_url=credentials["gateway_url"])
        assert gateway.get("/health/ready").status_code == httpx.codes.OK
        programmes = gateway.get("/api/v1/programmes", headers={"Authorization": f"Bearer {credentials['token']}"})
        assert programmes.status_code == httpx.codes.OK

        with pytest.raises(HomeInUse):
            LocalStack(home).start()

        everybody = leftovers.of(home)
        # a service is killed from outside, as the kernel does when memory is short
        selection = next(pid for pid in everybody if b"\0selection\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(selection, signal.SIGKILL)
        ports = json.loads((home / "run" / "ports.json").read_text())
        until(lambda: not services.is_ready(ports["selection"]))
        until(lambda: services.is_ready(ports["selection"]))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    assert leftovers.of(home) == []


def test_data_are_kept_also_when_the_server_has_to_move_to_another_port(home: Path) -> None:
    first = mongod_alone(home)
    notes(first).insert_one({"kept": True})
    first.stop()
    assert first.mongod is not None

    second = mongod_alone(home)
    assert second.mongo_url == first.mongo_url
    second.stop()

    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", first.mongod.port))
        third = mongod_alone(home)
        try:
            assert third.mongo_url != first.mongo_url
            assert notes(third).count_documents({"kept": True}) == 1
            notes(third).insert_one({"kept": "still a primary"})
        finally:
            third.discard()
    assert not home.exists()


def test_other_users_of_the_machine_cannot_enter_the_database(home: Path) -> None:
    running = mongod_alone(home)
    try:
        assert running.mongod is not None
        stranger: MongoClient[dict[str, Any]] = MongoClient("127.0.0.1", running.mongod.port, directConnection=True)
        with pytest.raises(Exception, match="requires authentication"):
            stranger.test.notes.find_one()
        with pytest.raises(Exception, match="requires authentication"):
            stranger.admin.command("createUser", "me", pwd="x", roles=["root"])
    finally:
        running.discard()


@pytest.mark.parametrize("victim", ["the runner", "supervisord"])
def test_nothing_survives_a_killed_parent(home: Path, victim: str) -> None:
    process = run(MONGOD, str(home))
    supervisord = int((home / "run" / "supervisord.pid").read_text())
    os.kill(process.pid if victim == "the runner" else supervisord, signal.SIGKILL)
    until(lambda: leftovers.of(home) == [])
    process.kill()
    process.wait()


def test_a_start_after_a_killed_run_waits_for_what_is_left_of_it(home: Path) -> None:
    process = run(MONGOD, str(home))
    process.kill()
    process.wait()
    again = mongod_alone(home)
    try:
        notes(again).insert_one({})
    finally:
        again.discard()


def test_a_port_that_is_taken_is_named_and_nothing_stays(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(StartFailed, match=f"port {port} is in use; JALUR_PORT"):
            LocalStack(home, port=port).start()
    assert leftovers.of(home) == []
    Home(home).take()


def test_a_server_that_does_not_come_up_is_reported_with_its_log(home: Path) -> None:
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "mongodb_key").write_text("no base64!")
    (home / "secrets" / "mongodb_key").chmod(0o600)
    with pytest.raises(StartFailed, match=r"(?s)mongod is not ready.*invalid char in key file"):
        mongod_alone(home)
    assert leftovers.of(home) == []
