"""What is open to anybody gives nothing away: guesses are slow, another site's forms are refused."""

import httpx
import pytest

from services.gateway import csrf
from services.gateway.lockout import OF_REGISTRATION, OF_SOURCE
from services.gateway.rates import Rate
from tests.builders import programme
from tests.integration.gateway_alone import API, Alone, alone, told

__all__ = ["alone"]

ASKED = {"registration_no": "LAS-2026-0001", "birth_date": "1/7/1999"}


async def test_a_birth_date_is_not_found_by_trying(alone: Alone) -> None:
    """Nobody is registered here: an unknown number is as slow as one that somebody has."""
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        for _ in range(OF_SOURCE.free):
            assert told(await client.post(f"{API}/status", json=ASKED)) == (404, "unknown_registration")
        assert (await client.post(f"{API}/status", json=ASKED)).status_code == 404  # from now on it waits
        late = await client.post(f"{API}/status", json={**ASKED, "registration_no": " las-2026-0001"})
        assert told(late) == (429, "too_many_attempts")
        page = await client.post("/status", data={"nomor": "LAS-2026-0001", "tanggal_lahir": "1/7/1999"})
        assert (page.status_code, "Terlalu banyak percobaan" in page.text) == (429, True)
        assert told(await client.post(f"{API}/status", json={**ASKED, "registration_no": "LAS-2026-0002"}))[0] == 404
        # from however many networks
        everybody = await alone.collection("look_up_failures").find().to_list(None)
        assert max(one["failures"] for one in everybody) == OF_SOURCE.free + 1
        await alone.collection("look_up_failures").update_many({}, {"$set": {"again_at": None}})
        await alone.collection("look_up_failures").update_many({}, {"$set": {"failures": OF_REGISTRATION.free + 9}})
        assert told(await client.post(f"{API}/status", json=ASKED))[0] == 404
        waits = (await client.post(f"{API}/status", json=ASKED)).json()["retry_after_s"]
        assert waits > OF_SOURCE.longest_s - 60


async def test_a_network_cannot_try_one_number_after_another(alone: Alone) -> None:
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        codes = [
            told(await client.post(f"{API}/status", json={**ASKED, "registration_no": f"LAS-2026-{n:04}"}))
            for n in range(61)
        ]
        assert codes == [(404, "unknown_registration")] * 60 + [(429, "too_many_requests")]


async def test_while_nobody_can_say_whether_it_is_right_no_guess_counts(alone: Alone) -> None:
    away = {"code": "storage_away", "detail": "The database does not answer.", "status": 503}
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        for _ in range(OF_SOURCE.free):
            assert told(await client.post(f"{API}/status", json=ASKED)) == (404, "unknown_registration")
        known, alone.answers = alone.answers, lambda request: httpx.Response(503, json=away)
        for _ in range(OF_SOURCE.free):
            assert told(await client.post(f"{API}/status", json=ASKED)) == (503, "storage_away")
            page = await client.post("/status", data={"nomor": "LAS-2026-0001", "tanggal_lahir": "1/7/1999"})
            assert page.status_code == 503
        assert {one["failures"] for one in await alone.collection("look_up_failures").find().to_list(None)} == {5}
        alone.answers = known
        assert told(await client.post(f"{API}/status", json=ASKED)) == (404, "unknown_registration")
        assert told(await client.post(f"{API}/status", json=ASKED)) == (429, "too_many_attempts")


def _defined(request: httpx.Request) -> httpx.Response:
    """A registration that knows one programme, and finds nothing wrong."""
    if request.url.path.endswith("/answers"):
        return httpx.Response(200, json={"problems": [], "warnings": []})
    if request.url.path == "/programmes":
        return httpx.Response(200, json=[])
    return httpx.Response(200, json={"revision": 1, "programme": programme().model_dump(mode="json")})


async def test_strangers_do_not_fill_the_database_with_forms(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by beginning one after another, nor by making up the cookie under which one is kept."""
    alone.answers = _defined
    async with alone.gateway() as url:
        assert alone.app is not None
        gateway = alone.app.state.gateway
        gateway.rates.forms_begun = Rate(10, 3600)

        async def send(step: str, cookie: str | None = None, **answers: str) -> int:
            cookies = {"jalur_form": cookie} if cookie else None
            form = {"csrf_token": csrf.token(cookie), **answers} if cookie else {}
            async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=30) as client:
                return (await client.post(f"/daftar/UJI-1{step}", data=form)).status_code

        assert [await send("") for _ in range(5)] == [303] * 5
        made_up = [await send("/diri", f"rahasia-{n}", name="x") for n in range(10)]
        assert made_up == [303] * 5 + [429] * 5
        assert await send("") == 429
        assert await alone.collection("drafts").estimated_document_count() == 10
        # whoever has begun goes on
        assert await send("/diri", "rahasia-0", name="Siti") == 303
        long = dict.fromkeys(("name", "birth_place", "birth_date", "nik", "gender"), "😀" * 400)
        assert await send("/diri", "rahasia-1", **long) == 303
        assert (
            await send(
                "/alamat", "rahasia-1", **dict.fromkeys(("address", "village", "district", "city"), "\U0001f600" * 400)
            )
            == 413
        )
        gateway.rates.forms_begun = Rate(10, 3600)
        monkeypatch.setattr(gateway.drafts, "_most", 10)
        assert (await send(""), await send("/diri", "rahasia-20", name="x")) == (503, 503)
        assert await send("/diri", "rahasia-0", name="Siti Aminah") == 303


@pytest.mark.parametrize("path", ["/daftar", "/daftar/UJI-1", f"{API}/open-programmes"])
async def test_whoever_only_looks_has_a_rate_too(alone: Alone, path: str) -> None:
    alone.answers = _defined
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        assert alone.app is not None
        alone.app.state.gateway.rates.looks_at_programmes = Rate(3, 60)
        assert [(await client.get(path)).status_code for _ in range(5)] == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("elsewhere", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_registers_nobody(alone: Alone, elsewhere: dict[str, str]) -> None:
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, headers=elsewhere, timeout=30) as client:
        cells = {"cells": {}, "consent": "2026-11-26"}
        for path, body in (("applicants", cells), ("answers", {"cells": {}})):
            answer = await client.post(f"{API}/open-programmes/LAS-2026/{path}", json=body)
            assert told(answer) == (403, "cross_site"), path
        assert told(await client.post(f"{API}/status", json=ASKED)) == (403, "cross_site")
        assert (await client.post("/status", data={"nomor": "a", "tanggal_lahir": "b"})).status_code == 403
        assert (await client.post("/daftar/LAS-2026")).status_code == 403


async def test_nobody_is_registered_without_their_consent(alone: Alone) -> None:
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        for consent in ({}, {"consent": None}, {"consent": "ya"}, {"consent": "2020-01-01"}):
            answer = await client.post(f"{API}/open-programmes/LAS-2026/applicants", json={"cells": {}, **consent})
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, consent
