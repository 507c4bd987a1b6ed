"""The API's documentation page works in an office without internet."""

import re
from pathlib import Path

import httpx
import pytest

from services.gateway.app import build
from services.gateway.settings import Settings
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    settings = Settings.load(
        amqp_url="amqp://nobody@127.0.0.1:9/",
        mongo_url="mongodb://127.0.0.1:9/?replicaSet=rs0",
        actor_public_keys=ACTOR_PUBLIC_KEYS,
        actor_private_key=ACTOR_KEY,
        admin_password="kata-sandi-uji",
        admin_token="t" * 40,
        spool_dir=tmp_path,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(build(settings)), base_url="http://gateway")


async def test_the_page_and_all_it_needs_come_from_the_gateway(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.status_code == httpx.codes.OK
    needed = [httpx.URL(link) for link in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
    assert len(needed) == 3
    for link in [*needed, httpx.URL("http://gateway/api/openapi.json")]:
        assert link.host == "gateway"
        assert (await client.get(link)).status_code == httpx.codes.OK


async def test_the_description_names_every_stable_path(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    programme = "/api/v1/programmes/{code}"
    for path in (
        "/api/v1/programmes",
        programme,
        f"{programme}/applicants",
        f"{programme}/applicants/search",
        f"{programme}/selection/simulate",
        f"{programme}/selection/decide",
        f"{programme}/matching/run",
        f"{programme}/funnel",
        f"{programme}/classes",
        "/api/v1/applicants/{applicant_id}",
        "/api/v1/events",
        "/health/live",
        "/health/ready",
    ):
        assert path in paths
