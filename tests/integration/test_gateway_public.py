"""What is open to anybody gives nothing away: guesses are slow, another site's forms are refused."""

import httpx
import pytest

from services.gateway.lockout import OF_REGISTRATION, OF_SOURCE
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
