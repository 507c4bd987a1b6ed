"""The deployment as operations run it: what is done to it while a programme is played changes no count.

One deployment for all tests of this module, in their order: the later ones look at what the first has left.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway import figures
from services.gateway.client import Client
from tests.containers.composed import SERVICES, Composed
from tests.containers.protocol import Protocol
from tests.e2e.programme_files import Step, steps

# what is upgraded from: any revision of this repository
EARLIER = os.environ.get("JALUR_EARLIER") or "HEAD~1"
CODE = "LPKS-2025"
_PATIENCE_S = 300
_SETTLE_S = 60


@pytest.fixture(scope="module")
def reports() -> dict[str, Any]:
    """What each step of the programme was answered."""
    return {}


def test_a_programme_is_played_while_containers_are_scaled_killed_restarted_and_upgraded(
    composed: Composed, protocol: Protocol, sample: Path, reports: dict[str, Any]
) -> None:
    with protocol.step("deploy/init: the image, the secrets"):
        composed.init()
    with protocol.step(f"image of {EARLIER}") as seen:
        earlier = composed.build_earlier(EARLIER)
        seen.append(composed.size(earlier))
    with protocol.step("up, from the earlier image") as seen:
        composed.up(version=earlier)
        seen.append(f"{len(composed.containers())} containers healthy")

    disturbances: dict[str, tuple[str, Callable[[], None]]] = {
        "alumni": ("registration killed", lambda: _killed(composed, "registration")),
        "applicants": ("upgraded to this version", composed.upgrade),
        "scores": ("selection, three of it, rebuilt and rolled", lambda: _rolled(composed)),
        "decide": ("selection killed, one of three", lambda: _killed(composed, "selection")),
        "attendance": ("broker restarted", lambda: _restarted(composed, "rabbitmq")),
        "certificates": ("database killed", lambda: _crashed(composed, "mongodb")),
        "tracer": ("gateway killed", lambda: _killed(composed, "gateway")),
    }
    folder = sample / "lpks-2025"
    expected = json.loads((folder / "expected.json").read_text())
    with _client(composed) as client, ThreadPoolExecutor(1) as beside:
        for step in steps(folder, expected):
            if step.name == "scores":
                with protocol.step("--scale selection=3") as seen:
                    composed.up("--no-deps", "--no-recreate", "--scale", "selection=3", "selection")
                    assert len(composed.containers("selection")) == 3
                    seen.append("3 replicas healthy")
            if step.name == "matching":
                with protocol.step("down, up"):
                    composed.docker_compose("down")
                    assert composed.containers() == []
                    composed.up()
            what, disturb = disturbances.pop(step.name, ("", lambda: None))
            with protocol.step(f"{step.name}: {what}" if what else step.name) as seen:
                disturbed = beside.submit(disturb)
                reports[step.name], answers = _insisted(client, step, disturbed.done)
                disturbed.result()
                seen.append(", ".join(f"{answer} × {times}" for answer, times in answers.items()))
    assert disturbances == {}
    with protocol.step("every count of expected.json") as seen:
        assert _differences(composed, expected, reports) == []
        seen.append("as expected")


def test_nothing_is_left_behind_in_an_outbox_and_nothing_is_parked(composed: Composed, protocol: Protocol) -> None:
    with protocol.step("outboxes, parked messages"):
        deadline = time.monotonic() + _SETTLE_S
        while (left := _left_behind(composed)) != dict.fromkeys(SERVICES, (0, 0)):
            assert time.monotonic() < deadline, left
            time.sleep(0.5)


def test_the_audit_is_intact_and_an_outside_subscriber_can_be_added(composed: Composed, protocol: Protocol) -> None:
    with protocol.step("jalur audit verify"):
        composed.jalur("audit", "verify")
    with protocol.step("jalur subscribers add"):
        url = composed.jalur("subscribers", "add", "dinas", "--events", "placement.#").strip()
        assert url.startswith("amqp://dinas:")
        assert "dinas" in composed.jalur("subscribers", "list")


def test_no_secret_can_be_listed(composed: Composed) -> None:
    decided = [path.read_text() for path in composed.secrets.iterdir() if path.is_file()]
    assert len(decided) >= 10
    for container in composed.containers():
        told = json.dumps(composed.inspect(container))
        assert not [secret for secret in decided if secret in told]


def test_services_cannot_write_to_their_image_nor_be_root(composed: Composed) -> None:
    for service in SERVICES:
        found = composed.inspect(composed.containers(service)[0])
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert composed.docker_compose("exec", "-T", service, "id", "-u").strip() == "10001"
        tried = composed.docker_compose("exec", "-T", service, "sh", "-c", "touch /opt/jalur/x 2>&1 || true")
        assert "Read-only file system" in tried


def test_only_the_gateway_is_published(composed: Composed) -> None:
    published = {
        found["Config"]["Labels"]["com.docker.compose.service"]
        for found in map(composed.inspect, composed.containers())
        if any(found["NetworkSettings"]["Ports"].values())
    }
    assert published == {"gateway"}


def _client(composed: Composed) -> httpx.Client:
    headers = {"Authorization": f"Bearer {composed.token}"}
    return httpx.Client(base_url=f"{composed.gateway_url}/api/v1", headers=headers, timeout=60)


def _insisted(client: httpx.Client, step: Step, enough: Callable[[], bool]) -> tuple[Any, Counter[str]]:
    """Repeat a request, as a client would, until it has had its whole effect, and on until `enough`.

    Its answer; and how often which status was answered.
    """
    deadline = time.monotonic() + _PATIENCE_S
    answers: Counter[str] = Counter()
    while time.monotonic() < deadline:
        try:
            answer = step.send(client)
        except httpx.TransportError:
            answers["no answer"] += 1
        else:
            answers[str(answer.status_code)] += 1
            assert answer.status_code in (200, 201, 409, 503), answer.text[:500]
            complete = answer.is_success and len(answer.json().get("refused", [])) in (0, step.refused)
            if complete and enough():
                return answer.json(), answers
        time.sleep(0.2)
    pytest.fail(f"{step.name} did not succeed: {answers}")


def _killed(composed: Composed, service: str) -> None:
    container = composed.containers(service)[0]
    before = composed.restarts(container)
    composed.kill(container)
    _until(lambda: composed.restarts(container) > before and _healthy(composed, container), f"{service} is back")


def _restarted(composed: Composed, service: str) -> None:
    composed.docker_compose("restart", service)
    _until(lambda: _healthy(composed, composed.containers(service)[0]), f"{service} is back")


def _crashed(composed: Composed, service: str) -> None:
    (container,) = composed.containers(service)
    composed.run("docker", "kill", container)
    composed.run("docker", "start", container)
    _until(lambda: _healthy(composed, container), f"{service} is back")


def _rolled(composed: Composed) -> None:
    before = composed.containers("selection")
    composed.change("services/selection/app.py")
    composed.up("--no-deps", "--build", "--scale", "selection=3", "selection")
    after = composed.containers("selection")
    assert len(after) == 3 and not set(after) & set(before)


def _healthy(composed: Composed, container: str) -> bool:
    return bool(composed.inspect(container)["State"]["Health"]["Status"] == "healthy")


def _health(composed: Composed, service: str) -> dict[str, Any]:
    asked = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health/ready').read().decode())"
    found: dict[str, Any] = json.loads(composed.docker_compose("exec", "-T", service, "python", "-c", asked))
    return found


def _left_behind(composed: Composed) -> dict[str, tuple[float | None, int | None]]:
    """By service: how long its outbox waits, and how much is parked; None when it is not known at the moment."""
    found = {name: _health(composed, name) for name in SERVICES}
    # registration listens to nothing, so that it has nothing to park and does not count it
    found["registration"]["parked"] = 0
    return {name: (told["oldest_outbox_entry_s"], told["parked"]) for name, told in found.items()}


def _until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def _differences(composed: Composed, expected: dict[str, Any], reports: dict[str, Any]) -> list[str]:
    """Against `expected.json`, once the read model has followed."""
    client = Client(composed.gateway_url, composed.token)
    deadline = time.monotonic() + _SETTLE_S
    while True:
        measured = figures.measure(client, CODE, reports["applicants"], reports["certificates"])
        found = figures.differences(measured, expected)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
