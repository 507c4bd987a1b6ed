"""Every page of a programme in which nobody is yet, with one person who only applied, and with one in a class."""

import re

import httpx

from services.gateway.roles import PAGES
from tests.events import until
from tests.integration.test_gateway import definition, gateway, get, nik, post, register, sheet, taken, whole

__all__ = ["gateway", "whole"]

_OF_PERSON = {"/pendaftar/{applicant_id}", "/uji/{applicant_id}"}
_NEEDS_MORE = ("run_id", "import_id", "vacancy_id", "fair_id", "wave", "name}")  # what nobody has begun here


async def look(signed_in: httpx.AsyncClient, applicant_id: str | None = None) -> dict[str, int]:
    """The pages that cannot be shown, with their status."""
    paths = {path for method, path in PAGES if method == "GET" and not any(one in path for one in _NEEDS_MORE)}
    bad = {}
    for path in sorted(paths if applicant_id else paths - _OF_PERSON):
        for class_code in ("A", "B") if "{class_code}" in path else ("A",):
            places = {"code": "UJI-1", "class_code": class_code, "applicant_id": applicant_id or ""}
            address = re.sub(r"{(\w+)}", lambda found, to=places: to[found[1]], path)  # type: ignore[misc]
            answer = await signed_in.get(address)
            if answer.status_code >= 500 or ("/kelas" in path and answer.status_code != 200):
                bad[address] = answer.status_code
    return bad


async def test_every_page_is_shown_while_lists_are_empty(gateway: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=60) as signed_in:
        answer = await signed_in.post("/masuk", data={"name": "admin", "password": "a long password"})
        assert answer.headers["location"] == "/beranda", answer.text
        await post(gateway, "/programmes", definition())

        async def is_known() -> bool:
            answers = [await gateway.get(f"/api/v1/programmes/UJI-1/classes/{one}/cover") for one in "AB"]
            return all(one.is_success for one in answers)

        await until(is_known)
        assert await look(signed_in) == {}

        [person] = await register(gateway, 1)
        assert await look(signed_in, person["applicant_id"]) == {}

        await taken(
            gateway,
            "/programmes/UJI-1/imports/scores",
            sheet([{"NIK": nik(0), "Nilai Tes Tertulis": 90, "Nilai Wawancara": 80}]),
        )
        simulated = await post(gateway, "/programmes/UJI-1/selection/simulate")
        await post(gateway, "/programmes/UJI-1/selection/decide", {"run_id": simulated["run_id"]})

        async def is_in_class() -> bool:
            return len((await get(gateway, "/programmes/UJI-1/classes/A/cover"))["people"]) == 1

        await until(is_in_class)
        assert await look(signed_in, person["applicant_id"]) == {}
