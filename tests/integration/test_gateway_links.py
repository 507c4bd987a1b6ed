"""What the gateway answers to whoever has a graduate's link, or tries to guess one."""

import json
from typing import Any

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


async def test_whoever_guesses_links_is_slowed_and_whoever_has_one_is_answered_all_the_same(alone: Alone) -> None:
    app = build(alone.settings, httpx.MockTransport(placement))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        guesses = [await client.get(f"{API}/tracer/{number:022}") for number in range(21)]
        assert [one.status_code for one in guesses] == [404] * 20 + [429]
        guessed = await client.get(f"/konfirmasi/{'x' * 22}")
        assert (guessed.status_code, "Terlalu banyak permintaan" in guessed.text) == (429, True)
        # the same address may be a whole village's
        assert (await client.get(f"/lulusan/{GOOD}")).status_code == 200
        assert (await client.post(f"{API}/tracer/{GOOD}", json={"status": "employed"})).status_code == 200


async def test_what_is_no_link_at_all_is_asked_of_nobody(alone: Alone) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    app = build(alone.settings, httpx.MockTransport(nobody))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert told(await client.get(f"{API}/tracer/xyz")) == (404, "unknown_link")
        assert told(await client.get(f"{API}/employer-links/{'.' * 22}")) == (404, "unknown_link")


async def test_one_link_is_not_used_on_and_on(alone: Alone) -> None:
    app = build(alone.settings, httpx.MockTransport(placement))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert {(await client.get(f"{API}/tracer/{GOOD}")).status_code for _ in range(120)} == {200}
        assert (await client.get(f"{API}/tracer/{GOOD}")).status_code == 429


class Employer:
    """Placement and registration as an employer's link meets them; `reveals` are what registration was asked."""

    def __init__(self) -> None:
        self.reveals: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.refusal: tuple[int, str] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        if request.url.path == "/people/reveal":
            self.reveals.append(body)
            return httpx.Response(200, json={"people": {"a1": {"name": "Siti <b>Aminah</b>"}}, "erased": ["a2"]})
        if body.get("token") != GOOD:
            return httpx.Response(404, json={"code": "unknown_link", "detail": "no such link"})
        if self.refusal:
            return httpx.Response(self.refusal[0], json={"code": self.refusal[1], "detail": "no"})
        if request.url.path == "/employer-links/answer":
            self.said.append(body)
            return httpx.Response(200, json={name: body[name] for name in ("reference", "says", "left_on")})
        one = {"position": "Juru las", "started_on": "2030-01-05", "says": None, "left_on": None}
        people = [{**one, "reference": f"ref-{who}", "applicant_id": who} for who in ("a1", "a2")]
        known = {"employer": "CV Maju", "programme_code": "UJI-1", "expires_on": "2030-02-01"}
        return httpx.Response(200, json={**known, "people": people})


async def test_an_employers_link_shows_a_name_a_position_and_a_day_and_that_is_on_record(alone: Alone) -> None:
    employer = Employer()
    app = build(alone.settings, httpx.MockTransport(employer))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        found = (await client.get(f"{API}/employer-links/{GOOD}")).json()
        shown = {"reference", "name", "position", "started_on", "says", "left_on"}
        assert [set(one) for one in found["people"]] == [shown]  # whose data were erased is not shown
        [asked] = employer.reveals
        assert asked["fields"] == ["name"] and "CV Maju" in asked["reason"]
        page = await client.get(f"/konfirmasi/{GOOD}")
        assert "Siti &lt;b&gt;Aminah" in page.text and "a1" not in page.text.replace("ref-a1", "")
        evil = {"Origin": "https://evil.example"}
        tap = {"orang": "ref-a1", "kata": "confirmed"}
        assert (await client.post(f"/konfirmasi/{GOOD}", data=tap, headers=evil)).status_code == 403
        kept = await client.post(f"/konfirmasi/{GOOD}", data=tap)
        assert (kept.status_code, kept.headers["location"]) == (303, f"/konfirmasi/{GOOD}#orang-ref-a1")
        assert [(one["says"], one["left_on"]) for one in employer.said] == [("confirmed", None)]
        left = {"orang": "ref-a1", "kata": "left", "sejak": "kemarin"}
        wrong = await client.post(f"/konfirmasi/{GOOD}", data=left)
        assert (wrong.status_code, 'href="#sejak-ref-a1"' in wrong.text) == (422, True)
        employer.refusal = (409, "link_expired")
        for late in (await client.get(f"/konfirmasi/{GOOD}"), await client.post(f"/konfirmasi/{GOOD}", data=tap)):
            assert (late.status_code, "Masa berlaku tautan ini sudah lewat" in late.text) == (409, True)
        assert (await client.get("/konfirmasi/xyz")).status_code == 404


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
