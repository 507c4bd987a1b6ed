"""The tracer study by phone and by link, on a real RabbitMQ and MongoDB."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.placement.app import build
from services.placement.settings import Settings
from shared.cells import JAKARTA
from shared.contracts.placement import PlacementRecorded
from shared.service import storage_of
from tests.conftest import Running
from tests.events import Outsider, until
from tests.integration.test_placement import graduate, graduated, knows_programme, open_programme

MakeSettings = Callable[..., Settings]
WAVES = "/programmes/UJI-1/waves"


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


def days(opens: int = -5, closes: int = 5, **more: Any) -> dict[str, Any]:
    return {"name": "Tiga bulan", "opens_on": in_days(opens), "closes_on": in_days(closes), **more}


async def test_a_wave_from_its_plan_to_the_last_answer(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    settings = settings_for(Settings)
    links = storage_of(settings, "placement").collection("links")
    async with running(build, settings, "placement") as client:
        await _three_graduates(client, broker)
        assert told(await client.get(f"{WAVES}/3/silent")) == (404, "unknown_wave")
        assert (await client.post(f"{WAVES}/3", json=days(5, -5))).status_code == 422
        planned = (await client.post(f"{WAVES}/3", json=days())).json()
        assert (planned["wave"], planned["state"], planned["version"]) == (3, "open", 1)
        assert (await client.post(f"{WAVES}/3", json=days())).json() == planned  # sent twice
        other = await client.post(f"{WAVES}/3", json=days(name="Lain"))
        assert told(other) == (409, "changed_meanwhile") and other.json()["now"]["name"] == "Tiga bulan"
        assert (await client.post(f"{WAVES}/3", json=days(closes=6, version=1))).json()["version"] == 2

        silent = (await client.get(f"{WAVES}/3/silent")).json()
        assert [(one["applicant_id"], one["link"]) for one in silent["graduates"]] == [
            ("a0001", None), ("a0002", None), ("a0003", None),
        ]  # fmt: skip
        made = {one["applicant_id"]: one["token"] for one in (await client.post(f"{WAVES}/3/links")).json()["links"]}
        assert len(set(made.values())) == 3 and all(len(token) == 22 for token in made.values())
        again = (await client.post(f"{WAVES}/3/links")).json()["links"]
        assert {one["applicant_id"]: one["token"] for one in again} == made
        kept = str(await links.find({}).to_list(None))
        assert not any(token in kept for token in made.values())

        token = made["a0001"]
        asked = (await client.post("/links/look", json={"token": token})).json()
        assert (asked["state"], asked["name"], asked["answer"]) == ("open", "Tiga bulan", None)
        for status in ("unemployed", "employed", "employed"):  # changed, then sent twice
            body = {"token": token, "status": status, "employer": "CV Maju 0812-3456-7890"}
            assert (await client.post("/links/answer", json=body)).is_success
        said = (await client.post("/links/look", json={"token": token})).json()["answer"]
        assert said == {"status": "employed", "employer": "CV Maju …"}
        await until(lambda: len(outsider.data(PlacementRecorded)) == 2)
        assert outsider.data(PlacementRecorded)[-1]["source"] == "tracer"

        # by phone, two clerks: the slower one is told what the other has heard
        async def by_phone(status: str, seen: str | None = None) -> httpx.Response:
            body = {"applicant_id": "a0002", "status": status, "seen": seen}
            return await client.post(f"{WAVES}/3/answers", json=body)

        assert (await by_phone("unreachable")).json()["changed"]
        assert (await by_phone("unreachable")).json()["changed"] is False
        both = await asyncio.gather(by_phone("employed", "unreachable"), by_phone("studying", "unreachable"))
        assert sorted(one.status_code for one in both) == [200, 409]
        late = next(one for one in both if one.status_code == 409)
        assert late.json()["code"] == "answered_meanwhile" and late.json()["answer"]["wave"] == 3
        nobody = {"applicant_id": "nobody", "status": "employed"}
        assert told(await client.post(f"{WAVES}/3/answers", json=nobody)) == (404, "unknown_applicant")

        found = (await client.get(WAVES)).json()
        assert (found["outcomes"]["graduates"], found["outcomes"]["traced"]) == (3, 2)
        assert found["per_class"]["A"]["graduates"] == 3
        assert [one["applicant_id"] for one in (await client.get(f"{WAVES}/3/silent")).json()["graduates"]] == ["a0003"]


async def test_whoever_changes_their_answer_on_and_on_by_link_is_asked_to_call(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await _three_graduates(client, broker)
        await client.post(f"{WAVES}/12", json=days())
        token = (await client.post(f"{WAVES}/12/links")).json()["links"][0]["token"]

        async def says(turn: int) -> httpx.Response:
            status = "employed" if turn % 2 else "studying"
            return await client.post("/links/answer", json={"token": token, "status": status})

        assert all([(await says(turn)).is_success for turn in range(21)])
        assert (await says(20)).is_success  # what stands there already
        assert told(await says(21)) == (409, "changed_too_often")
        body = {"applicant_id": "a0001", "status": "employed", "seen": "studying"}
        assert (await client.post(f"{WAVES}/12/answers", json=body)).is_success


async def test_a_tap_takes_back_nothing_that_staff_have_heard_of_the_same_work(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await _three_graduates(client, broker)
        await client.post(f"{WAVES}/3", json=days())
        token = (await client.post(f"{WAVES}/3/links")).json()["links"][0]["token"]
        heard = {"status": "employed", "employer": "CV Maju", "started_on": "2026-01-05"}
        assert (await client.post(f"{WAVES}/3/answers", json={"applicant_id": "a0001", **heard})).is_success
        tapped = (await client.post("/links/answer", json={"token": token, "status": "employed"})).json()
        assert tapped["answer"] == {"status": "employed", "employer": "CV Maju"}
        known = (await client.get("/applicants/a0001")).json()
        assert (known["answers"], known["superseded"]) == ([{"wave": 3, **heard}], [])
        assert (await client.post("/links/answer", json={"token": token, "status": "unemployed"})).is_success
        known = (await client.get("/applicants/a0001")).json()
        assert known["superseded"] == [{"wave": 3, **heard}]
        assert known["ledger"][-1]["detail"]["replaced"] == {"employer": "CV Maju", "started_on": "2026-01-05"}


async def test_a_link_ends_when_it_is_revoked_and_when_its_wave_closes(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await _three_graduates(client, broker)
        await client.post(f"{WAVES}/6", json=days())
        made = {one["applicant_id"]: one["token"] for one in (await client.post(f"{WAVES}/6/links")).json()["links"]}

        async def revoke(who: str, **more: Any) -> httpx.Response:
            body = {"reason": "salah kirim", **more}
            return await client.post(f"{WAVES}/6/links/{who}/revocation", json=body)

        async def look(token: str) -> int:
            return (await client.post("/links/look", json={"token": token})).status_code

        for _ in range(2):
            assert (await revoke("a0001")).json()["token"] is None
        anew = (await revoke("a0002", anew=True)).json()["token"]
        assert anew != made["a0002"]
        assert [await look(token) for token in (*made.values(), anew)] == [404, 404, 200, 200]
        answers = [{"token": made["a0001"], "status": "employed"}, {"token": "x" * 22, "status": "employed"}]
        for body in answers:
            assert told(await client.post("/links/answer", json=body)) == (404, "unknown_link")
        assert told(await revoke("nobody")) == (404, "unknown_link")
        # a link that was revoked by itself is made anew with those of everybody
        again = {one["applicant_id"]: one["token"] for one in (await client.post(f"{WAVES}/6/links")).json()["links"]}
        assert again["a0001"] not in made.values() and again["a0003"] == made["a0003"]

        for opens, closes, state in ((-9, -1, "closed"), (1, 9, "planned")):
            version = (await client.get(WAVES)).json()["waves"][0]["version"]
            await client.post(f"{WAVES}/6", json=days(opens, closes, version=version))
            assert (await client.post("/links/look", json={"token": anew})).json()["state"] == state
            late = await client.post("/links/answer", json={"token": anew, "status": "employed"})
            assert told(late) == (409, "wave_not_open")
        ledger = (await client.get("/internal/audit/entries", params={"about": "UJI-1:6:a0002"})).json()["items"]
        assert {one["what"] for one in ledger} <= {"link_issued", "link_revoked"}


async def _three_graduates(client: httpx.AsyncClient, broker: AbstractConnection) -> None:
    await open_programme(broker)
    for number in (1, 2, 3):
        await graduate(broker, number)
    await until(lambda: graduated(client, 3))
    await until(lambda: knows_programme(client))
