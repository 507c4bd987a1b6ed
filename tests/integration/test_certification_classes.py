"""A class on a real RabbitMQ and MongoDB: its days are marked by two clerks, closed, and contradicted by a sheet."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.certification.app import build
from services.certification.settings import Settings
from shared.cells import JAKARTA
from shared.contracts.certification import TrainingCompleted
from shared.contracts.registration import ProgrammeOpened
from shared.contracts.selection import Outcome
from tests.builders import programme
from tests.conftest import Running
from tests.events import Outsider, publish, until
from tests.integration.test_certification import attendance, decide, known, send, verdicts

MakeSettings = Callable[..., Settings]
CLASS = "/programmes/UJI-1/classes/A"
MONDAY, TUESDAY = "2025-03-03", "2025-03-04"


async def open_past_programme(broker: AbstractConnection) -> None:
    training = {"starts": date(2025, 3, 1), "ends": date(2025, 3, 31), "minimum_attendance": 0.8}
    definition = programme({"A": 300, "B": 9}, training=training)
    await publish(broker, ProgrammeOpened(programme_code="UJI-1", revision=1, programme=definition), "UJI-1")


async def started(client: httpx.AsyncClient, broker: AbstractConnection, *applicant_ids: str) -> None:
    await open_past_programme(broker)
    for applicant_id in applicant_ids:
        await decide(broker, applicant_id)
    await until(lambda: known(client, *applicant_ids))
    await until(lambda: _is_known(client))


async def _is_known(client: httpx.AsyncClient) -> bool:
    return (await client.get(CLASS)).status_code == httpx.codes.OK


async def mark(client: httpx.AsyncClient, **people: dict[str, tuple[str | None, str | None]]) -> httpx.Response:
    """`day=(was, now)` of each."""
    rows = {
        who: [{"day": day, "was": was, "now": now} for day, (was, now) in marks.items()]
        for who, marks in people.items()
    }
    return await client.post(f"{CLASS}/attendance", json={"people": rows})


async def test_a_class_of_any_size_is_marked_at_once(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    many = [f"a{number:03}" for number in range(250)]
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, *many)
        present: dict[str, tuple[str | None, str | None]] = {MONDAY: (None, "present")}
        answer = await mark(client, **dict.fromkeys(many, present))
        assert answer.json() == {"changed": 250, "overtaken": []}


async def test_days_are_marked_and_closed_and_no_sheet_contradicts_them(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1", "a2")
        assert verdicts(await send(client, "attendance", ("a2", attendance()))) == ["accepted"]
        assert (await client.post(f"{CLASS}/completion", json={})).json()["code"] == "no_days"

        first: dict[str, Any] = {"a1": {MONDAY: (None, "present"), TUESDAY: (None, "present")}}
        for changed in (1, 0):  # a form that is sent twice
            assert (await mark(client, **first)).json() == {"changed": changed, "overtaken": []}
        second = await mark(client, a1={MONDAY: (None, "absent")}, a2={MONDAY: (None, "excused")})
        assert second.json() == {
            "changed": 1,
            "overtaken": [
                {"applicant_id": "a1", "day": MONDAY, "wanted": "absent", "stands": "present", "by": "petugas"}
            ],
        }
        refused = await mark(client, a1={TUESDAY: ("present", "absent")}, a2={"2025-04-01": (None, "present")})
        assert refused.json()["errors"] == [
            {"applicant_id": "a2", "column": "day", "reason": "outside_training", "value": "2025-04-01"}
        ]
        stranger = await mark(client, nobody={MONDAY: (None, "present")})
        assert stranger.json()["errors"] == [{"applicant_id": "nobody", "reason": "other_class"}]

        closing = await client.post(f"{CLASS}/completion", json={})
        assert (closing.status_code, closing.json()["unmarked"]) == (409, {"a2": [TUESDAY]})
        await mark(client, a2={TUESDAY: (None, "present")})
        for changed in (2, 0):
            closed = (await client.post(f"{CLASS}/completion", json={})).json()
            assert closed == {"days": 2, "changed": changed, "completed": ["a1"]}
        results = await send(client, "attendance", ("a1", attendance()), ("a1", attendance(days=2, present=2)))
        assert verdicts(results)[1] == "duplicate"
        assert verdicts(await send(client, "attendance", ("a2", attendance()))) == ["daily_marks_count"]

        await until(lambda: len(outsider.data(TrainingCompleted)) == 3)
        completed = [(one["applicant_id"], one["completed"], one["days"]) for one in outsider.data(TrainingCompleted)]
        assert completed[0] == ("a2", True, 20) and sorted(completed[1:]) == [("a1", True, 2), ("a2", False, 2)]
        shown = (await client.get(CLASS)).json()
        assert (shown["held"], shown["minimum_attendance"]) == ([MONDAY, TUESDAY], 0.8)
        [one, other] = shown["people"]
        assert one["daily"] == {MONDAY: "present", TUESDAY: "present"} and one["attendance"]["source"] == "daily"
        assert (other["marked"], other["attendance"]["completed"]) == ({"present": 1, "excused": 1, "absent": 0}, False)
        ledger = (await client.get("/applicants/a2")).json()["ledger"]
        assert [entry["what"] for entry in ledger] == [
            *("selection_decided", "attendance_recorded", "days_marked", "days_marked", "attendance_corrected")
        ]


async def test_a_class_that_the_programme_has_not_is_none(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "certification") as client:
        await open_past_programme(broker)
        await until(lambda: _is_known(client))
        assert (await client.get("/programmes/UJI-1/classes/X")).json()["code"] == "unknown_class"
        assert (await client.get("/programmes/X/classes/A")).json()["code"] == "unknown_class"


def days_from_today(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


async def record_cover(
    client: httpx.AsyncClient, starts: str, ends: str, state: str = "active", **seen: int
) -> dict[str, Any]:
    """`seen` of each applicant; cancelled for a reason."""
    body = {"insurances": ["jkm", "jkk"], "starts": starts, "ends": ends, "state": state, "people": seen}
    body["reason"] = "batal ikut" if state == "cancelled" else ""
    answer = await client.post(f"{CLASS}/cover", json=body)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


async def test_a_class_is_covered_before_it_begins(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    first, last = days_from_today(7), days_from_today(27)
    training = {"starts": date.fromisoformat(first), "ends": date.fromisoformat(last)}
    definition = programme({"A": 9, "B": 9}, training=training)
    async with running(build, settings_for(Settings), "certification") as client:
        await open_past_programme(broker)
        await until(lambda: _is_known(client))
        assert (await client.get("/cover/missing")).json() == {"classes": []}
        await publish(broker, ProgrammeOpened(programme_code="UJI-1", revision=2, programme=definition), "UJI-1", 2)
        for applicant_id in ("a1", "a2", "a3"):
            await decide(broker, applicant_id)
        await until(lambda: known(client, "a1", "a2", "a3"))

        async def missing() -> list[tuple[str, int, int, bool]]:
            classes = (await client.get("/cover/missing")).json()["classes"]
            return [(one["class_code"], one["due"], one["covered"], one["began"]) for one in classes]

        await until(lambda: _equal(missing, [("A", 3, 0, False)]))
        wrong = await record_cover(client, first, days_from_today(20), a1=0, a2=0, nobody=0)
        assert wrong == {"changed": 2, "refused": [{"applicant_id": "nobody", "reason": "other_class"}]}
        shown = (await client.get(f"{CLASS}/cover")).json()
        assert (shown["due"], shown["covered"], shown["starts"], shown["ends"]) == (3, 0, first, last)
        assert shown["people"][0] == {
            "applicant_id": "a1",
            "withdrawn": False,
            "has_place": True,
            "to_cancel": False,
            "due": True,
            "covers": [{"insurances": ["jkk", "jkm"], "starts": first, "ends": days_from_today(20), "state": "active"}],
            "gaps": [
                {"insurance": insurance, "starts": days_from_today(21), "ends": last} for insurance in ("jkk", "jkm")
            ],
            "to_request": True,
            "not_requested": [
                {"insurance": insurance, "starts": days_from_today(21), "ends": last} for insurance in ("jkk", "jkm")
            ],
            "changes": 1,
        }

        # all at once, the second time by somebody who has not seen that; what is the same is no clash
        assert await record_cover(client, first, last, a1=1, a2=1) == {"changed": 2, "refused": []}
        told = await record_cover(client, first, last, "cancelled", a1=1, a2=2, a3=0)
        assert told == {
            "changed": 1,
            "refused": [
                {"applicant_id": "a1", "reason": "changed_meanwhile", "by": "petugas"},
                {"applicant_id": "a3", "reason": "no_such_cover"},
            ],
        }
        assert await record_cover(client, first, last, a1=0) == {"changed": 0, "refused": []}
        assert (await record_cover(client, last, first, a1=2))["refused"][0]["reason"] == "ends_before_it_starts"
        assert await record_cover(client, first, last, "requested", a3=0) == {"changed": 1, "refused": []}
        classes = (await client.get("/programmes/UJI-1/cover")).json()["classes"]
        assert classes == [
            {"class_code": "A", "due": 3, "covered": 1, "requested": 1},
            {"class_code": "B", "due": 0, "covered": 0, "requested": 0},
        ]
        assert (await client.get(CLASS)).json()["cover"] == classes[0]
        for who, seen in (("a2", 3), ("a3", 1)):
            assert (await record_cover(client, first, last, "active", **{who: seen}))["changed"] == 1
        assert await missing() == []
        ledger = (await client.get("/applicants/a3")).json()["ledger"]
        assert [(one["what"], one["by"]) for one in ledger[1:]] == [("cover_recorded", "petugas")] * 2
        assert (await client.get("/programmes/X/cover")).json()["code"] == "unknown_programme"
        assert outsider.seen == []


async def _equal(ask: Callable[[], Awaitable[Any]], wanted: Any) -> bool:
    return bool(await ask() == wanted)


async def test_cover_of_who_has_lost_the_place_is_seen_and_cancelled_with_a_reason(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    first, last = days_from_today(7), days_from_today(27)
    training = {"starts": date.fromisoformat(first), "ends": date.fromisoformat(last)}
    definition = programme({"A": 9, "B": 9}, training=training)
    async with running(build, settings_for(Settings), "certification") as client:
        await publish(broker, ProgrammeOpened(programme_code="UJI-1", revision=1, programme=definition), "UJI-1")
        for applicant_id in ("a1", "a2", "a3"):
            await decide(broker, applicant_id)
        await until(lambda: known(client, "a1", "a2", "a3"))
        await until(lambda: _is_known(client))
        assert (await record_cover(client, first, last, a1=0, a2=0))["changed"] == 2

        # the decision about one who is covered and one who is not turns out otherwise
        await decide(broker, "a1", Outcome.RESERVE, 6)
        await decide(broker, "a3", Outcome.REJECTED, 6)

        async def people() -> list[tuple[str, bool, bool, bool, int]]:
            shown = (await client.get(f"{CLASS}/cover")).json()["people"]
            return [
                (one["applicant_id"], one["has_place"], one["due"], one["to_cancel"], len(one["gaps"])) for one in shown
            ]

        await until(lambda: _equal(people, [("a2", True, True, False, 0), ("a1", False, False, True, 0)]))
        [missing] = (await client.get("/cover/missing")).json()["classes"]
        assert (missing["class_code"], missing["due"], missing["covered"], missing["to_cancel"]) == ("A", 1, 1, 1)
        elsewhere = (await client.get("/programmes/UJI-1/classes/B/cover")).json()
        assert (elsewhere["people"], elsewhere["to_cancel"]) == ([], 0)

        # no more is recorded of them, in no class; and nothing is cancelled without a reason
        refused = (await record_cover(client, first, days_from_today(9), a1=1))["refused"]
        assert refused == [{"applicant_id": "a1", "reason": "not_accepted"}]
        silent = {
            "insurances": ["jkk", "jkm"],
            "starts": first,
            "ends": last,
            "state": "cancelled",
            "people": {"a1": 1},
        }
        for reason in ({}, {"reason": " "}):
            answer = await client.post(f"{CLASS}/cover", json=silent | reason)
            assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing")
        for changed in (1, 0):  # a form that is sent twice
            assert await record_cover(client, first, last, "cancelled", a1=1) == {"changed": changed, "refused": []}
        assert await people() == [("a2", True, True, False, 0), ("a1", False, False, False, 0)]
        assert (await client.get("/cover/missing")).json() == {"classes": []}
        last_entry = (await client.get("/applicants/a1")).json()["ledger"][-1]
        assert (last_entry["what"], last_entry["by"], last_entry["reason"]) == (
            "cover_recorded",
            "petugas",
            "batal ikut",
        )

        # accepted after all, the person is one of the class again
        await decide(broker, "a1", Outcome.ACCEPTED, 7)
        await until(lambda: _equal(people, [("a1", True, True, False, 2), ("a2", True, True, False, 0)]))
