"""The API's documentation page works in an office without internet."""

import re
from pathlib import Path

import httpx
import pytest

from services.gateway.app import build
from services.gateway.settings import Settings
from shared import published
from shared.contracts import ALL
from shared.outsiders import grantable
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


async def test_the_events_are_a_page_without_a_script_and_every_link_leads_somewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/events")
    assert page.status_code == httpx.codes.OK and "text/html" in page.headers["content-type"]
    assert not re.search(r"<script|<style|style=|\son\w+=|src=", page.text)
    links = set(re.findall(r'href="([^"]+)"', page.text))
    for link in links - {f"#{event.routing_key()}" for event in ALL}:
        assert link.startswith("/"), "from elsewhere"
        assert (await client.get(link)).status_code == httpx.codes.OK
    for event in ALL:
        about = page.text.partition(f'<h3 id="{event.routing_key()}">')[2].partition("<h3")[0]
        assert {f"/api/schemas/{event.routing_key()}", f"#{event.routing_key()}"} <= links
        assert all(f"<code>{field}</code>" in about for field in event.model_fields)
        assert ("Touches health" in about) == event.touches_health
        assert f"ce-type: {event.ce_type()}" in about
    decided = page.text.partition('<h3 id="certification.assessment_recorded.v1">')[2].partition("<h3")[0]
    assert re.search(r"<code>units\[\]\.\w+</code>", decided), "what a list holds is explained too"


async def test_a_schema_stands_where_its_event_says(client: httpx.AsyncClient) -> None:
    for event in ALL:
        named = published.example(event)["headers"]["ce-dataschema"]
        for name in (event.routing_key(), f"{event.routing_key()}.json", named):
            answer = await client.get(f"/api/schemas/{name}")
            assert answer.headers["content-type"] == "application/schema+json"
            assert answer.json()["$id"] == named and set(answer.json()["properties"]) == set(event.model_fields)
    for name in ("nothing.v1", "..%2fasyncapi.json", "%2e%2e", "urn:jalur:schema:"):
        assert (await client.get(f"/api/schemas/{name}")).status_code == httpx.codes.NOT_FOUND


async def test_the_asyncapi_document_is_the_committed_one(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0" and set(document["channels"]) == {event.routing_key() for event in ALL}
    for_others = {key for key, channel in document["channels"].items() if channel["x-for-other-systems"]}
    assert for_others == set(grantable())
