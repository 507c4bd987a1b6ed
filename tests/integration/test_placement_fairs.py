"""Job fairs from their announcement to what came of them, on a real RabbitMQ and MongoDB."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.placement.app import build
from services.placement.settings import Settings
from shared.cells import JAKARTA
from shared.contracts.placement import JobMatched
from tests.conftest import Running
from tests.events import Outsider, until
from tests.integration.test_placement import (
    AS_OF,
    graduate,
    graduated,
    knows_programme,
    open_programme,
    report,
    vacancy,
)

MakeSettings = Callable[..., Settings]


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


def fair(days: int = -3, **more: Any) -> dict[str, Any]:
    return {"name": "Bursa Kota", "held_on": in_days(days), "place": "GOR Jetayu", **more}


async def test_a_fair_is_announced_once_and_two_clerks_do_not_overwrite_each_other(
    settings_for: MakeSettings, running: Running
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        both = await asyncio.gather(*(client.post("/fairs", json=fair()) for _ in range(2)))
        first = both[0].json()
        assert (first, first["revision"]) == (both[1].json(), 1)
        id_ = first["fair_id"]
        known = await client.post("/fairs", json=fair(place="Alun-alun"))
        assert told(known) == (409, "fair_known") and known.json()["fair_id"] == id_
        changed = (await client.post("/fairs", json=fair(place="Alun-alun", fair_id=id_, revision=1))).json()
        assert (changed["fair_id"], changed["place"], changed["revision"]) == (id_, "Alun-alun", 2)
        late = await client.post("/fairs", json=fair(name="Lain", fair_id=id_, revision=1))
        assert told(late) == (409, "changed_meanwhile")
        assert (late.json()["now"]["place"], late.json()["revision"]) == ("Alun-alun", 2)
        assert (await client.post("/fairs", json=fair(name=" "))).status_code == 422
        assert told(await client.post("/fairs", json=fair(fair_id="none", revision=0))) == (404, "unknown_fair")
        assert told(await client.get("/fairs/none")) == (404, "unknown_fair")

        await report(client, vacancy(1), vacancy(2), vacancy(3, employer="PT Lain"))
        ids = [one["vacancy_id"] for one in (await client.get("/vacancies")).json()["vacancies"]]
        for _ in range(2):
            assert (await client.post(f"/fairs/{id_}/vacancies", json={"vacancy_ids": ids})).json()["revision"] == 2
        unknown = await client.post(f"/fairs/{id_}/vacancies", json={"vacancy_ids": ["none"]})
        assert told(unknown) == (404, "unknown_vacancy")
        out = {"vacancy_ids": ids[:1], "attends": False}
        assert (await client.post(f"/fairs/{id_}/vacancies", json=out)).is_success
        shown = (await client.get(f"/fairs/{id_}")).json()
        assert (len(shown["vacancies"]), shown["employers"], shown["begun"]) == (2, 2, True)
        assert [one["what"] for one in shown["ledger"]] == [
            "fair_announced", "fair_changed", "fair_vacancies_added", "fair_vacancies_removed",
        ]  # fmt: skip

        coming = (await client.post("/fairs", json=fair(30, name="Bursa berikut"))).json()
        refused = await client.post(f"/fairs/{coming['fair_id']}/visits", json={"applicant_ids": ["a0001"]})
        assert told(refused) == (409, "fair_not_begun")
        listed = (await client.get("/fairs")).json()["fairs"]
        assert [(one["name"], one["vacancies"], one["employers"], one["came"]) for one in listed] == [
            ("Bursa berikut", 0, 0, 0),
            ("Bursa Kota", 2, 2, 0),
        ]


async def test_who_came_is_proposed_agreed_on_and_works_later(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        await open_programme(broker)
        for number in (1, 2, 3):
            await graduate(broker, number, total=60 + number)
        await until(lambda: graduated(client, 3))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1, seats=5), vacancy(2))
        at, elsewhere = [one["vacancy_id"] for one in (await client.get("/vacancies")).json()["vacancies"]]
        id_ = (await client.post("/fairs", json=fair())).json()["fair_id"]
        here = f"/fairs/{id_}"
        await client.post(f"{here}/vacancies", json={"vacancy_ids": [at]})

        async def came(*who: str) -> dict[str, Any]:
            return dict((await client.post(f"{here}/visits", json={"applicant_ids": list(who)})).json())

        async def propose(who: str, vacancy_id: str = at, fair_id: str | None = id_) -> httpx.Response:
            body = {"applicant_id": who, "vacancy_id": vacancy_id, "as_of": AS_OF, "fair_id": fair_id, "despite": True}
            return await client.post("/matches", json=body)

        unknown = [{"applicant_id": "nobody", "reason": "unknown_applicant"}]
        assert await came("a0001", "a0002", "a0001", "nobody") == {"noted": 2, "known": 0, "refused": unknown}
        both = await asyncio.gather(came("a0002", "a0003"), came("a0002", "a0003"))
        assert sorted(one["noted"] for one in both) == [0, 1]

        assert (await propose("a0001", elsewhere)).json()["reason"] == "vacancy_not_at_fair"
        assert told(await propose("a0001", fair_id="none")) == (404, "unknown_fair")
        gone = {"reason": "keliru nomor"}
        for _ in range(2):
            retracted = await client.post(f"{here}/visits/a0003/retraction", json=gone)
            assert retracted.json() == {"applicant_id": "a0003", "came": False}
        assert (await propose("a0003")).json()["reason"] == "not_at_fair"
        assert told(await client.post(f"{here}/visits/nobody/retraction", json=gone)) == (404, "unknown_visit")
        made = await propose("a0001")
        assert made.json()["fair_id"] == id_ and (await propose("a0001")).json() == made.json()
        assert (await propose("a0002", fair_id=None)).json()["fair_id"] is None
        assert (await propose("a0002")).json()["reason"] == "proposed_outside_fair"

        # what a proposal rests on stays
        assert told(await client.post(f"{here}/visits/a0001/retraction", json=gone)) == (409, "proposed_at_fair")
        out = {"vacancy_ids": [at], "attends": False}
        assert told(await client.post(f"{here}/vacancies", json=out)) == (409, "proposed_at_fair")

        for seen, party in enumerate(("graduate", "employer")):
            body = {"party": party, "accepted": True, "seen": seen}
            path = f"/applicants/a0001/matches/{made.json()['match_id']}/answers"
            assert (await client.post(path, json=body)).is_success
        wave = {"name": "Tiga bulan", "opens_on": in_days(-1), "closes_on": in_days(5)}
        assert (await client.post("/programmes/UJI-1/waves/3", json=wave)).is_success
        for who, started in (("a0001", in_days(-1)), ("a0002", None)):
            heard = {"applicant_id": who, "status": "employed", "employer": "PT", "started_on": started}
            assert (await client.post("/programmes/UJI-1/waves/3/answers", json=heard)).is_success

        shown = (await client.get(here)).json()
        assert shown["outcomes"] == {
            "came": 2, "proposed": 1, "proposals": 1, "agreed": 1, "refused": 0, "working": 1, "start_unknown": 1,
        }  # fmt: skip
        assert [one["at_fair"] for one in shown["vacancies"]] == [{"proposed": 1, "agreed": 1}]
        visits = (await client.get(f"{here}/visits", params={"limit": 1})).json()
        assert visits["total"] == 2
        [one] = visits["visits"]
        assert (one["applicant_id"], one["work"], one["proposals"][0]["standing"]) == ("a0001", "since", "agreed")
        [listed] = (await client.get("/fairs")).json()["fairs"]
        assert listed["came"] == 2

        await until(lambda: len(outsider.data(JobMatched)) == 2)
        assert not any("fair_id" in one for one in outsider.data(JobMatched))  # the published event is as it was
