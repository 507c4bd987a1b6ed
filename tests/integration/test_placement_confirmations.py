"""Employers' confirmations, by link and noted by staff, on a real RabbitMQ and MongoDB."""

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
from tests.integration.test_placement import answer, graduate, graduated, knows_programme, open_programme

MakeSettings = Callable[..., Settings]
HERE = "/programmes/UJI-1"


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


async def _reported(client: httpx.AsyncClient, broker: AbstractConnection) -> None:
    """Two at CV Maju, written in two ways, one at PT Lain, one whose employer nobody knows, one who has a business."""
    await open_programme(broker)
    for number in range(1, 6):
        await graduate(broker, number)
    await until(lambda: graduated(client, 5))
    await until(lambda: knows_programme(client))
    for number, employer in ((1, "CV Maju"), (2, "cv maju"), (3, "PT Lain"), (4, None)):
        await answer(client, number, employer=employer, started_on="2026-01-05" if number == 1 else None)
    await answer(client, 5, status="Wirausaha", employer="CV Maju")


async def test_an_employer_answers_by_its_link(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    settings = settings_for(Settings)
    kept = storage_of(settings, "placement").collection("employer_links")
    async with running(build, settings, "placement") as client:
        await _reported(client, broker)
        nobody = await client.post(f"{HERE}/employer-links", json={"employer": "PT Tidak Ada"})
        assert told(nobody) == (404, "unknown_employer")
        links = [
            (await client.post(f"{HERE}/employer-links", json={"employer": name, "days": 3})).json()
            for name in ("CV Maju", "CV MAJU", "PT Lain")
        ]
        assert links[0] == links[1] and links[0]["token"] != links[2]["token"]
        assert links[0]["expires_on"] == in_days(3)
        token, other = links[0]["token"], links[2]["token"]
        assert token not in str(await kept.find({}).to_list(None))
        listed = (await client.get(f"{HERE}/employer-links")).json()["employers"]
        assert [(one["employer"], one["reported"], one["waiting"]) for one in listed] == [
            ("CV Maju", 2, 2), ("PT Lain", 1, 1),
        ]  # fmt: skip
        assert listed[0]["token"] == token

        seen = (await client.post("/employer-links/look", json={"token": token})).json()
        assert seen["employer"] == "CV Maju" and len(seen["people"]) == 2
        first = next(one for one in seen["people"] if one["applicant_id"] == "a0001")
        assert (first["started_on"], first["position"], first["says"]) == ("2026-01-05", None, None)

        async def says(token: str, reference: str, what: str, **more: Any) -> httpx.Response:
            body = {"token": token, "reference": reference, "says": what, **more}
            return await client.post("/employer-links/answer", json=body)

        taps = await asyncio.gather(*(says(token, first["reference"], "confirmed") for _ in range(3)))
        assert all(one.is_success for one in taps)
        assert told(await says(token, first["reference"], "left")) == (422, "left_on_missing")
        assert told(await says(token, first["reference"], "left", left_on="2025-12-31")) == (422, "before_start")
        assert told(await says(token, first["reference"], "left", left_on=in_days(1))) == (422, "in_future")
        assert (await says(token, first["reference"], "left", left_on=in_days(-1))).is_success
        # nobody answers for another employer's people, nor under a link that there is not
        assert told(await says(other, first["reference"], "denied")) == (409, "placement_changed")
        assert told(await says("x" * 22, first["reference"], "denied")) == (404, "unknown_link")
        known = (await client.get("/applicants/a0001")).json()
        assert [(one["says"], one["channel"]) for one in known["confirmations"]] == [
            ("confirmed", "link"), ("left", "link"),
        ]  # fmt: skip
        await until(lambda: len([one for one in outsider.data(PlacementRecorded) if one["source"] == "employer"]) == 2)
        assert outsider.data(PlacementRecorded)[-1]["employer_says"] == "left"

        # who has another job by now is theirs no more
        await answer(client, 2, wave=6, employer="PT Lain")
        assert len((await client.post("/employer-links/look", json={"token": token})).json()["people"]) == 1

        revoked = f"{HERE}/employer-links/{links[0]['link_id']}/revocation"
        for _ in range(2):
            assert (await client.post(revoked, json={"reason": "salah kirim"})).json()["token"] is None
        assert told(await client.post("/employer-links/look", json={"token": token})) == (404, "unknown_link")
        anew = (await client.post(f"{HERE}/employer-links", json={"employer": "CV Maju"})).json()["token"]
        assert anew != token
        await kept.update_many({}, {"$set": {"expires_on": in_days(-1)}})
        for path, more in (("look", {}), ("answer", {"reference": first["reference"], "says": "denied"})):
            late = await client.post(f"/employer-links/{path}", json={"token": anew, **more})
            assert told(late) == (409, "link_expired")

        async def audited() -> bool:
            about = {"about": links[0]["link_id"]}
            ledger = (await client.get("/internal/audit/entries", params=about)).json()["items"]
            return [one["what"] for one in ledger].count("employer_link_issued") == 2

        await until(audited)


async def test_staff_note_what_an_employer_says_and_see_who_waits(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await _reported(client, broker)

        async def note(who: str, says: str, **more: Any) -> httpx.Response:
            body = {"employer": "CV Maju", "says": says, "channel": "phone", "said_on": in_days(0), **more}
            return await client.post(f"{HERE}/confirmations/{who}", json=body)

        async def shown(**filters: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await client.get(f"{HERE}/confirmations", params=filters)).json()
            return found

        everybody = await shown()
        assert everybody["standings"] == {"waiting": 3, "confirmed": 0, "denied": 0, "left": 0}
        assert {one["reported_on"] for one in everybody["placements"]} == {in_days(0)}
        assert (await shown(older_than=0))["total"] == 0 and (await shown(employer="CV  MAJU"))["total"] == 2

        assert told(await note("a0001", "confirmed", channel="link")) == (422, "not_by_link")
        assert told(await note("nobody", "confirmed")) == (404, "unknown_applicant")
        assert told(await note("a0003", "confirmed")) == (409, "placement_changed")
        by = {"told_by": "Bagian personalia 0812-3456-7890"}
        both = await asyncio.gather(note("a0001", "confirmed", **by), note("a0001", "denied"))
        assert sorted(one.status_code for one in both) == [200, 409]
        late = next(one for one in both if one.status_code == 409).json()
        assert late["code"] == "confirmed_meanwhile"
        seen = late["confirmation"]["at"]
        assert (await note("a0001", "confirmed", seen=seen, **by)).is_success  # the other one, or the same again
        [one] = (await shown(applicant_id="a0001"))["placements"]
        heard = one["confirmation"]
        assert (one["standing"], heard["by"], heard["told_by"]) == ("confirmed", "petugas", "Bagian personalia …")
        assert [len((await shown(standing=kind))["placements"]) for kind in ("waiting", "confirmed")] == [2, 1]
        assert len((await shown(skip=1, limit=1))["placements"]) == 1

        outcomes = (await client.get(f"{HERE}/waves")).json()["outcomes"]
        assert (outcomes["working"], outcomes["named"], outcomes["employer_says"]["confirmed"]) == (5, 3, 1)
