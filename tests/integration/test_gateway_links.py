"""What the gateway answers to whoever has a graduate's link, or tries to guess one."""

import json

import httpx

from services.gateway.app import build
from tests.integration.gateway_alone import API, Alone, alone, told
from tests.serving import served

__all__ = ["alone"]

GOOD = "g" * 22


def placement(request: httpx.Request) -> httpx.Response:
    """Placement knows one link; registration takes the name out of what is said about its owner."""
    body = json.loads(request.content or b"{}")
    if request.url.path.endswith("/discretion"):
        assert request.url.path == "/applicants/a1/discretion"
        return httpx.Response(200, json={"reason": body["reason"].replace("Siti", "…")})
    if body.get("token") != GOOD:
        return httpx.Response(404, json={"code": "unknown_link", "detail": "no such link"})
    said = {"status": body["status"], "employer": body["employer"]} if "status" in body else None
    dates = {"name": "Tiga bulan", "opens_on": "2030-01-01", "closes_on": "2030-02-01", "state": "open", "wave": 3}
    return httpx.Response(200, json={"applicant_id": "a1", "programme_code": "UJI-1", "answer": said, **dates})


async def test_a_link_says_nothing_of_who_has_it_and_takes_no_name(alone: Alone) -> None:
    app = build(alone.settings, httpx.MockTransport(placement))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        asked = await client.get(f"{API}/tracer/{GOOD}")
        assert asked.status_code == 200 and "a1" not in asked.text
        said = {"status": "self_employed", "employer": "Warung Siti"}
        kept = await client.post(f"{API}/tracer/{GOOD}", json=said)
        assert kept.json()["answer"] == {"status": "self_employed", "employer": "Warung …"}
        assert "a1" not in kept.text
        assert (await client.post(f"{API}/tracer/{GOOD}", json={"status": "unreachable"})).status_code == 422
        evil = {"Origin": "https://evil.example"}
        crossed = await client.post(f"/lulusan/{GOOD}", data={"status": "employed"}, headers=evil)
        assert (crossed.status_code, "cross_site" in crossed.text) == (403, True)


async def test_whoever_guesses_links_is_stopped(alone: Alone) -> None:
    app = build(alone.settings, httpx.MockTransport(placement))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        guesses = [await client.get(f"{API}/tracer/{number:022}") for number in range(21)]
        assert [one.status_code for one in guesses] == [404] * 20 + [429]
        page = await client.get(f"/lulusan/{GOOD}")
        assert (page.status_code, "Terlalu banyak permintaan" in page.text) == (429, True)
        assert told(await client.post(f"{API}/tracer/{GOOD}", json={"status": "employed"}))[0] == 429


async def test_whoever_has_changed_their_answer_too_often_reads_what_stands(alone: Alone) -> None:
    def worn_out(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/links/answer":
            return httpx.Response(409, json={"code": "changed_too_often", "detail": "no more"})
        found = json.loads(placement(request).content)
        return httpx.Response(200, json={**found, "answer": {"status": "employed", "employer": "CV Maju"}})

    app = build(alone.settings, httpx.MockTransport(worn_out))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        page = await client.post(f"/lulusan/{GOOD}", data={"status": "studying"})
        assert (page.status_code, "CV Maju" in page.text) == (409, True)
        assert "terlalu sering diubah" in page.text and "Terima kasih" not in page.text
