"""A whole system with servers of its own, in which a little has happened."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from deploy.local.runner import LocalStack
from shared.cells import JAKARTA
from tests.builders import programme
from tests.stack import free_port

TODAY = datetime.now(JAKARTA).date()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    running = LocalStack(tmp_path_factory.mktemp("monitored"), port=free_port())
    running.start()
    try:
        token = json.loads(running.credentials.read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{running.gateway_url}/api/v1", headers=headers, timeout=60) as client:
            _play(client)
        yield running
    finally:
        running.discard()


def _play(client: httpx.Client) -> None:
    registration = {"opens": TODAY - timedelta(days=1), "closes": TODAY + timedelta(days=1)}
    training = {"starts": TODAY + timedelta(days=10), "ends": TODAY + timedelta(days=20)}
    definition = programme({"A": 1}, registration=registration, training=training).model_dump(mode="json")
    assert client.post("/programmes", json=definition).is_success
    sheet = "Nama;NIK;Tahun;Pelatihan\nSiti;3375014101000001;2019;Menjahit\n"
    answer = client.post("/imports/alumni", files={"file": ("alumni.csv", sheet)})
    assert answer.is_success, answer.text
    assert answer.json()["accepted"] == 1
