"""Staff of placement: vacancies by form, proposals by hand, and what both sides say, on a real RabbitMQ and MongoDB."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.placement.app import build
from services.placement.settings import Settings
from shared.contracts.placement import JobMatched, MatchAnswered
from tests.conftest import Running
from tests.events import Outsider, until
from tests.integration.test_placement import (
    AS_OF,
    graduate,
    graduated,
    knows_programme,
    match,
    open_programme,
    report,
    vacancy,
)

MakeSettings = Callable[..., Settings]


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def test_a_vacancy_is_written_by_form_and_two_clerks_do_not_overwrite_each_other(
    settings_for: MakeSettings, running: Running
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:

        async def write(version: int = 0, id_: str | None = None, **cells: Any) -> httpx.Response:
            body = {"cells": vacancy(1, **cells), "version": version, "vacancy_id": id_}
            return await client.post("/vacancies/form", json=body)

        wrong = await write(seats="banyak", wage_min=0)
        assert told(wrong) == (422, "cells_unusable")
        assert [(one["column"], one["reason"]) for one in wrong.json()["errors"]] == [
            ("wage_min", "greater_than"),
            ("seats", "not_a_number"),
        ]
        first = (await write()).json()
        assert (first["version"], first["changed"]) == (1, True)
        assert (await write()).json() == {**first, "changed": False}  # sent twice
        known = await write(seats=7)
        assert told(known) == (409, "vacancy_known") and known.json()["now"]["seats"] == 2
        id_ = first["vacancy_id"]
        assert (await write(1, id_, seats=5)).json()["version"] == 2
        assert (await write(1, id_, seats=5)).json()["changed"] is False
        late = await write(1, id_, position="Penjahit")
        assert told(late) == (409, "changed_meanwhile")
        assert (late.json()["now"]["seats"], late.json()["version"], late.json()["last"]["by"]) == (5, 2, "petugas")
        assert (await write(2, id_, position="Penjahit", seats=5)).json()["version"] == 3
        assert told(await write(3, id_, code="lain"))[1] == "cells_unusable"

        closing = {"closed": True, "reason": "batal, hubungi 0812 3456 7890"}
        for _ in range(2):
            closed = await client.post(f"/vacancies/{id_}/state", json=closing)
            assert closed.json() == {"vacancy_id": id_, "version": 4, "closed": True}
        shown = (await client.get(f"/vacancies/{id_}")).json()
        assert (shown["state"], shown["closing"]["reason"]) == ("closed", "batal, hubungi …")
        assert [one["what"] for one in shown["ledger"]][-2:] == ["vacancy_changed", "vacancy_closed"]
        assert told(await client.post("/vacancies/none/state", json=closing)) == (404, "unknown_vacancy")

        await report(client, vacancy(2, employer="PT Lain"), vacancy(3, employer="PT  lain", seats=4))
        listed = (await client.get("/vacancies", params={"state": "open", "search": "lain"})).json()
        assert [one["code"] for one in listed["vacancies"]] == ["L-002", "L-003"]
        assert (listed["total"], listed["states"]) == (2, {"open": 2, "filled": 0, "expired": 0, "closed": 1})
        page = (await client.get("/vacancies", params={"skip": 2, "limit": 1})).json()
        assert (len(page["vacancies"]), page["total"]) == (1, 3)
        employers = (await client.get("/employers")).json()["employers"]
        assert [(one["employer"], one["vacancies"], one["seats"]) for one in employers][1:] == [("PT Lain", 2, 6)]


async def test_a_refused_pair_is_over_and_the_seat_goes_to_somebody_else(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        await _two_graduates(client, broker)
        await report(client, vacancy(1, seats=1))
        assert (await match(client))["proposed"] == 1
        [proposed] = (await client.get("/programmes/UJI-1/matches")).json()["matches"]
        assert (proposed["applicant_id"], proposed["standing"], proposed["class_code"]) == ("a0002", "proposed", "A")
        answers = f"/applicants/a0002/matches/{proposed['match_id']}/answers"

        async def say(party: str, accepted: bool, seen: int, reason: str | None = None) -> httpx.Response:
            body = {"party": party, "accepted": accepted, "seen": seen, "reason": reason}
            return await client.post(answers, json=body)

        assert told(await say("employer", False, 0, " ")) == (422, "reason_missing")
        # two clerks at once, who have both seen no answer: one is taken
        both = await asyncio.gather(say("graduate", True, 0), say("employer", False, 0, "kurang teliti"))
        assert sorted(one.status_code for one in both) in ([200, 409], [200, 200])
        if both[1].status_code == 409:
            assert both[1].json()["answers"] == [{"party": "graduate", "accepted": True}]
            assert (await say("employer", False, 1, "kurang teliti")).json()["standing"] == "refused"
        assert (await say("employer", False, 1, "kurang teliti")).json()["standing"] == "refused"
        assert told(await say("graduate", True, 2)) == (409, "match_over")

        again = await match(client)
        assert (again["proposed"], again["graduates"], again["open_seats"]) == (1, 2, 1)
        replayed = (await client.get(f"/programmes/UJI-1/matching/runs/{again['run_id']}/replay")).json()
        assert replayed["replays"]
        listed = (await client.get("/programmes/UJI-1/matches")).json()
        assert [(one["applicant_id"], one["standing"]) for one in listed["matches"]] == [
            ("a0001", "proposed"),
            ("a0002", "refused"),
        ]
        assert listed["standings"] == {"proposed": 1, "accepted": 0, "agreed": 0, "refused": 1}
        [refused] = (await client.get("/programmes/UJI-1/matches?standing=refused")).json()["matches"]
        assert refused["match_id"] == proposed["match_id"]
        of_vacancy = (await client.get(f"/vacancies/{proposed['vacancy_id']}/matches")).json()["matches"]
        assert {one["applicant_id"] for one in of_vacancy} == {"a0001", "a0002"}

        await until(lambda: len(outsider.data(JobMatched)) == 2)
        await until(lambda: any(not one["accepted"] for one in outsider.data(MatchAnswered)))
        last = next(one for one in outsider.data(MatchAnswered) if not one["accepted"])
        assert (last["match_id"], last["party"], last["agreed"]) == (proposed["match_id"], "employer", False)
        ledger = (await client.get("/applicants/a0002")).json()["ledger"]
        assert (ledger[-1]["what"], ledger[-1]["reason"], ledger[-1]["by"]) == (
            "match_refused",
            "kurang teliti",
            "petugas",
        )


async def test_by_hand_somebody_is_proposed_in_spite_of_warnings_but_no_seat_is_given_twice(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        await _two_graduates(client, broker)
        await report(client, vacancy(1, seats=1, education="S1"))
        [only] = (await client.get("/vacancies")).json()["vacancies"]
        assert (await match(client))["proposed"] == 0

        async def propose(number: int, **more: Any) -> httpx.Response:
            body = {"applicant_id": f"a{number:04}", "vacancy_id": only["vacancy_id"], "as_of": AS_OF, **more}
            return await client.post("/matches", json=body)

        warned = await propose(1)
        assert (told(warned), warned.json()["warnings"]) == ((409, "warnings"), ["education_too_low"])
        both = await asyncio.gather(propose(1, despite=True), propose(2, despite=True))
        assert sorted(one.status_code for one in both) == [200, 409]
        refused = next(one for one in both if one.status_code == 409)
        assert (refused.json()["code"], refused.json()["reason"]) == ("not_possible", "no_seat_left")
        winner = next(number for number, one in enumerate(both, start=1) if one.is_success)
        made = both[winner - 1].json()
        assert (made["run_id"], made["score"], made["reasons"]) == (None, 100, ["same_vocation", "same_city"])
        assert (await propose(winner, despite=True)).json() == made  # sent twice
        assert told(await client.post("/matches", json={"applicant_id": "x", "vacancy_id": "y"}))[0] == 404
        [one] = (await client.get("/vacancies")).json()["vacancies"]
        assert (one["state"], one["seats_taken"], one["seats_agreed"]) == ("filled", 1, 0)
        for seen, party in enumerate(("graduate", "employer")):
            body = {"party": party, "accepted": True, "seen": seen}
            path = f"/applicants/a{winner:04}/matches/{made['match_id']}/answers"
            assert (await client.post(path, json=body)).is_success
        [one] = (await client.get("/vacancies")).json()["vacancies"]
        assert one["seats_agreed"] == 1
        await until(lambda: [one["agreed"] for one in outsider.data(MatchAnswered)] == [False, True])
        assert len(outsider.data(JobMatched)) == 1


async def _two_graduates(client: httpx.AsyncClient, broker: AbstractConnection) -> None:
    await open_programme(broker)
    for number in (1, 2):
        await graduate(broker, number, total=60 + number)
    await until(lambda: graduated(client, 2))
    await until(lambda: knows_programme(client))
