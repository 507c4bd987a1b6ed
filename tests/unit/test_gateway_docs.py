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
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(needed) == 4
    start = await client.get("/api/docs/start.js")
    needed += re.findall(r'url: "([^"]+)"', start.text)
    assert needed[-1] == "/api/openapi.json"
    for link in needed:
        assert link.startswith("/"), "from elsewhere"
        assert (await client.get(link)).status_code == httpx.codes.OK
    # nothing inline, so that the page needs no exception from the content security policy
    assert not re.search(r"<script(?! src)|<style|style=|\son\w+=", page.text)
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert (await client.get("/api/docs/nothing.js")).status_code == httpx.codes.NOT_FOUND


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
