"""Selection on a real RabbitMQ and MongoDB: from events in to decisions out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.selection.app import build
from services.selection.settings import Settings
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    PriorTrainingRecorded,
    ProgrammeOpened,
)
from shared.contracts.selection import ApplicantScreened, SelectionDecided
from tests.builders import programme
from tests.conftest import Running
from tests.events import Outsider, applicant, publish, until

Publish = Callable[[Any], Awaitable[None]]


async def open_programme(broker: AbstractConnection, **changes: Any) -> None:
    definition = programme({"A": 2, "B": 1}, **changes)
    opened = ProgrammeOpened(programme_code=definition.code, revision=1, programme=definition)
    await publish(broker, opened, definition.code)


async def register(broker: AbstractConnection, number: int, **changes: Any) -> None:
    event = ApplicantRegistered.model_validate(applicant(number, **changes))
    await publish(broker, event, event.applicant_id)


async def score(client: httpx.AsyncClient, scores: dict[int, float | str]) -> list[dict[str, Any]]:
    rows = [
        {"row": number, "applicant_id": f"a{number:04}", "cells": {"written": value, "interview": value}}
        for number, value in scores.items()
    ]
    answer = await client.post("/programmes/UJI-1/scores", json={"rows": rows})
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def stage(client: httpx.AsyncClient, number: int) -> dict[str, Any] | None:
    answer = await client.get(f"/applicants/a{number:04}")
    found: dict[str, Any] | None = answer.json() if answer.status_code == httpx.codes.OK else None
    return found


async def test_from_registration_to_promotion_of_a_reserve(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        # applicants may arrive before their programme
        await register(broker, 1)
        await open_programme(broker)
        for number in range(2, 7):
            await register(broker, number, **({"age": 16} if number == 6 else {}))
        await until(lambda: len(outsider.data(ApplicantScreened)) == 6)
        refused = await stage(client, 6)
        assert refused and refused["decision"]["reasons"] == ["under_age"]

        missing = await client.post("/programmes/UJI-1/selection/decide")
        assert (missing.status_code, missing.json()["code"]) == (409, "scores_missing")
        assert missing.json()["applicant_ids"] == [f"a{number:04}" for number in range(1, 6)]

        judged = await score(client, {1: 90, 2: 80, 3: 70, 4: 60, 5: "-", 6: 99, 7: 50})
        assert [one["verdict"] for one in judged] == ["accepted"] * 5 + ["refused", "waiting"]
        assert {one["verdict"] for one in await score(client, {1: 90, 5: "-"})} == {"duplicate"}

        simulated = (await client.post("/programmes/UJI-1/selection/simulate")).json()
        assert (await score(client, {4: 61}))[0]["verdict"] == "accepted"
        changed = await client.post("/programmes/UJI-1/selection/decide", json={"run_id": simulated["run_id"]})
        assert (changed.status_code, changed.json()["code"]) == (409, "inputs_changed")

        runs = await asyncio.gather(*(client.post("/programmes/UJI-1/selection/decide") for _ in range(4)))
        assert len({run.json()["run_id"] for run in runs}) == 1
        assert runs[0].json()["counts"]["accepted"] == 3
        assert (await score(client, {4: 99}))[0]["problems"][0]["reason"] == "already_decided"
        await until(lambda: len(outsider.data(SelectionDecided)) == 6)
        outcomes = {one["applicant_id"]: (one["outcome"], one["class_code"]) for one in outsider.data(SelectionDecided)}
        assert outcomes == {
            "a0006": ("rejected", None),
            "a0001": ("accepted", "A"),
            "a0002": ("accepted", "A"),
            "a0003": ("accepted", "B"),
            "a0004": ("reserve", "A"),
            "a0005": ("rejected", None),
        }

        withdrawn = ApplicantWithdrawn(
            applicant_id="a0002", programme_code="UJI-1", reason="kerja", withdrawn_on=date(2030, 2, 1)
        )
        await publish(broker, withdrawn, "a0002", 2)
        await publish(broker, withdrawn, "a0002", 2)
        await until(lambda: len(outsider.data(SelectionDecided)) == 7)
        promoted = outsider.data(SelectionDecided)[-1]
        assert (promoted["applicant_id"], promoted["stage"], promoted["class_code"]) == ("a0004", "promotion", "A")
        decisions = [one for one in outsider.seen if one.headers["ce-type"] == SelectionDecided.ce_type()]
        reserve = next(one.message_id for one in decisions if one.headers["ce-subject"] == "a0004")
        assert promoted["supersedes"] == reserve
        classes = (await client.get("/programmes/UJI-1/classes")).json()["classes"]
        assert classes[0]["accepted"] == ["a0001", "a0004"]


async def test_prior_training_that_becomes_known_screens_again_until_the_decision(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        await open_programme(broker)
        for number in (1, 2):
            await register(broker, number)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 2)
        await publish(broker, PriorTrainingRecorded(person_id="p0001", programme_name="Barista", year=2021), "p0001")
        await until(lambda: len(outsider.data(SelectionDecided)) == 1)
        assert outsider.data(SelectionDecided)[0]["reasons"] == ["trained_before"]

        overruled = await client.post(
            "/applicants/a0001/overrules", json={"rule": "trained_before", "reason": "pelatihan dibatalkan"}
        )
        assert overruled.json()["screening"]["passed"] is True
        await score(client, {1: 90, 2: 80})
        assert (await client.post("/programmes/UJI-1/selection/decide")).json()["counts"]["accepted"] == 2
        await publish(broker, PriorTrainingRecorded(person_id="p0002", programme_name="Las", year=2020), "p0002")
        await until(lambda: _has_task(client, 2))
        applicant_2 = await stage(client, 2)
        assert applicant_2 and applicant_2["decision"]["outcome"] == "accepted"


async def _has_task(client: httpx.AsyncClient, number: int) -> bool:
    found = await stage(client, number)
    return found is not None and found["tasks"] == ["prior_training_found_after_decision"]


async def test_of_two_programmes_the_later_one_refuses_whom_the_first_accepted(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        for code in ("UJI-1", "UJI-2"):
            await open_programme(broker, code=code)
        await register(broker, 1)
        await register(broker, 2, programme_code="UJI-2", person_id="p0001")
        await until(lambda: len(outsider.data(ApplicantScreened)) == 2)
        rows = {"rows": [{"row": 2, "applicant_id": "a0002", "cells": {"written": 80, "interview": 80}}]}
        await client.post("/programmes/UJI-2/scores", json=rows)
        await score(client, {1: 90})
        first, second = await asyncio.gather(
            *(client.post(f"/programmes/{code}/selection/decide") for code in ("UJI-1", "UJI-2"))
        )
        assert sorted(one.json()["counts"]["accepted"] for one in (first, second)) == [0, 1]
        assert {"trained_before"} in [set(one.json()["counts"]["reasons"]) for one in (first, second)]


async def test_a_reserve_who_no_longer_meets_the_rules_is_passed_over(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        rule = {**programme().selection.model_dump(), "reserves_per_class": 2}
        await open_programme(broker, selection=rule)
        for number in range(1, 6):
            await register(broker, number)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 5)
        await score(client, {1: 90, 2: 85, 3: 80, 4: 75, 5: 70})
        assert (await client.post("/programmes/UJI-1/selection/decide")).json()["counts"]["reserve"] == 2
        reserves = (await client.get("/programmes/UJI-1/classes")).json()["classes"][0]["reserves"]
        assert reserves == ["a0004", "a0005"]
        corrected = ApplicantCorrected.model_validate(
            applicant(4, occupation="employed", previous_person_id="p0004", reason="ternyata bekerja")
        )
        await publish(broker, corrected, "a0004", 2)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 6)
        withdrawn = ApplicantWithdrawn(
            applicant_id="a0001", programme_code="UJI-1", reason="kerja", withdrawn_on=date(2030, 2, 1)
        )
        await publish(broker, withdrawn, "a0001", 2)
        await until(lambda: len(outsider.data(SelectionDecided)) == 7)
        latest = {one["applicant_id"]: one for one in outsider.data(SelectionDecided)}
        assert (latest["a0004"]["outcome"], latest["a0004"]["reasons"]) == ("rejected", ["employed"])
        assert (latest["a0005"]["outcome"], latest["a0005"]["stage"]) == ("accepted", "promotion")


async def test_whom_another_definition_would_change_is_told_and_nobody_is_changed(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        await open_programme(broker)
        for number, age in enumerate((20, 20, 30, 16), start=1):
            await register(broker, number, age=age)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 4)
        alumnus = PriorTrainingRecorded(person_id="p0003", programme_name="Las", year=2024)
        await publish(broker, alumnus, "p0003")
        await until(lambda: len(outsider.data(ApplicantScreened)) == 5)
        await score(client, {1: 90, 2: 40})
        before = [await stage(client, number) for number in range(1, 5)]
        published = len(outsider.seen)

        held = programme({"A": 2, "B": 1})
        wanted = held.model_copy(
            update={
                "eligibility": held.eligibility.model_copy(update={"minimum_age": 21, "never_trained": False}),
                "selection": held.selection.model_copy(update={"pass_mark": 30}),
            }
        )
        body = wanted.model_dump(mode="json")
        told = (await client.post("/programmes/UJI-1/changes/preview", json=body)).json()
        assert {kind: people for kind, people in told["counts"].items() if people} == {
            "would_be_refused": 2,
            "would_pass": 1,
        }
        assert [one["registration_no"][-4:] for one in told["items"]] == ["0001", "0002", "0003"]
        assert (told["screened"], told["left_out"], told["decided"]) == (4, 0, False)
        assert [await stage(client, number) for number in range(1, 5)] == before
        assert len(outsider.seen) == published

        assert (await client.post("/programmes/UJI-1/selection/decide")).is_success
        decided = (await client.post("/programmes/UJI-1/changes/preview", json=body)).json()
        assert (decided["decided"], sum(decided["counts"].values())) == (True, 0)
        assert (await client.post("/programmes/NONE/changes/preview", json=body)).status_code == httpx.codes.NOT_FOUND


async def test_scores_are_typed_cell_by_cell_by_two_at_once(
    settings_for: Callable[..., Settings], running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        await open_programme(broker)
        for number in range(1, 6):
            no = f"UJI-1-{9997 + number:04}"  # beyond 9999 a number has one digit more
            await register(broker, number, registration_no=no, choices=["B" if number == 5 else "A"])
        await register(broker, 6, age=16)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 6)

        async def grid(**asked: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await client.get("/programmes/UJI-1/scores", params=asked)).json()
            return found

        async def enter(number: int, part: str, value: str, expected: str = "") -> httpx.Response:
            body = {"value": value, "expected": expected}
            return await client.put(f"/applicants/a{number:04}/scores/{part}", json=body)

        pages = [first := await grid(limit=3), await grid(limit=3, after=first["next_cursor"])]
        assert [one["applicant_id"] for page in pages for one in page["items"]] == [f"a{n:04}" for n in range(1, 6)]
        assert (pages[0]["missing"], pages[1]["next_cursor"], pages[0]["decided"]) == (5, None, False)
        assert [one["applicant_id"] for one in (await grid(**{"class": "B"}))["items"]] == ["a0005"]

        assert (await enter(1, "written", "82,5")).json()["written"] == "82.5"
        assert (await grid(missing=True))["items"][0]["applicant_id"] == "a0001"
        refused = await client.post("/programmes/UJI-1/selection/decide")
        assert "a0001" in refused.json()["applicant_ids"]
        whole = (await enter(1, "interview", "70")).json()
        assert (whole["interview"], whole["total"]) == ("70", 77.5)
        # a page shows a decimal comma, and says so when it is corrected
        assert (await enter(1, "written", "82,25", "82,5")).json()["written"] == "82.25"
        assert (await enter(1, "written", "83", "zz")).json()["code"] == "changed_meanwhile"
        left = await grid(missing=True)
        assert (left["items"][0]["applicant_id"], left["missing"]) == ("a0002", 4)

        both = await asyncio.gather(enter(2, "written", "60"), enter(2, "written", "61"))
        assert sorted(one.status_code for one in both) == [200, 409]
        lost = next(one.json() for one in both if one.status_code == 409)
        assert lost["theirs"] in ("60", "61") and (lost["code"], lost["by"]) == ("changed_meanwhile", "petugas")
        assert [(await enter(2, "written", value)).status_code for value in ("140", "x")] == [422, 422]
        assert (await enter(6, "written", "60")).json()["code"] == "not_passed"
        await score(client, dict.fromkeys(range(2, 6), 60))
        assert (await client.post("/programmes/UJI-1/selection/decide")).status_code == 200
        assert (await enter(1, "written", "90", "82.5")).json()["code"] == "already_decided"
        assert (await grid())["decided"] is True


async def test_two_simulations_are_compared_and_the_classes_are_shown_as_they_are_filled(
    settings_for: Callable[..., Settings],
    running: Running,
    broker: AbstractConnection,
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings), "selection") as client:
        await open_programme(broker)
        for number in range(1, 6):
            await register(broker, number)
        await until(lambda: len(outsider.data(ApplicantScreened)) == 5)
        await score(client, {1: 90, 2: 80, 3: 70, 4: 60, 5: "-"})

        async def ask(path: str) -> dict[str, Any]:
            answer = await client.get(f"/programmes/UJI-1/selection{path}")
            assert answer.status_code == httpx.codes.OK, answer.text
            found: dict[str, Any] = answer.json()
            return found

        first = (await client.post("/programmes/UJI-1/selection/simulate")).json()["run_id"]
        await score(client, {4: 95})
        second = (await client.post("/programmes/UJI-1/selection/simulate")).json()["run_id"]
        compared = await ask(f"/runs/{first}/compare/{second}")
        assert {
            one["applicant_id"]: (one["first"]["outcome"], one["second"]["outcome"], one["second"]["class_code"])
            for one in compared["differences"]
        } == {
            "a0004": ("reserve", "accepted", "A"),
            "a0002": ("accepted", "accepted", "B"),
            "a0003": ("accepted", "reserve", "A"),
        }
        assert [one["classes"][0]["cut_off"] for one in compared["runs"]] == [80, 90]
        assert [one["rank"] for one in (await ask(f"/runs/{second}/classes/A"))["accepted"]] == [1, 2]
        unknown = await client.get(f"/programmes/UJI-1/selection/runs/{second}/classes/Z")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_class")

        before = await ask("")
        assert (before["decision"], before["missing"]) == (None, 0)
        assert {one["run_id"] for one in before["runs"]} == {first, second}
        assert [one["accepted"] for one in before["classes"]] == [0, 0]
        await client.post("/programmes/UJI-1/selection/decide", json={"run_id": second})
        now = await ask("")
        assert (now["decision"]["state"], now["decision"]["by"]) == ("done", "petugas")
        assert now["audit_head"].startswith("selection:")
        assert [(one["accepted"], one["reserve"], one["cut_off"]) for one in now["classes"]] == [(2, 1, 90), (1, 0, 80)]
        await _counts_agree(ask)
        assert [one["rank"] for one in (await ask("/classes/A"))["accepted"]] == [1, 2]
        withdrawn = ApplicantWithdrawn(
            applicant_id="a0004", programme_code="UJI-1", reason="kerja", withdrawn_on=date(2030, 2, 1)
        )
        await publish(broker, withdrawn, "a0004", 2)
        await until(lambda: _is_now(client, ["a0001", "a0003"]))
        assert (await ask("/classes/A"))["reserves"] == []
        await _counts_agree(ask)
        assert [one["cut_off"] for one in (await ask(""))["classes"]] == [70, 80]  # who was promoted is in by now
        assert [one["applicant_id"] for one in (await ask("/classes/A?limit=1"))["accepted"]] == ["a0001"]


async def _counts_agree(ask: Callable[[str], Awaitable[dict[str, Any]]]) -> None:
    """What the overview says of each class is what its list shows."""
    for told in (await ask(""))["classes"]:
        shown = await ask(f"/classes/{told['code']}")
        totals = [one["total"] for one in shown["accepted"]]
        assert shown["class"] == told
        assert (told["accepted"], told["reserve"]) == (len(totals), len(shown["reserves"]))
        assert told["first_choice"] == sum(one["choice"] == 1 for one in shown["accepted"])
        assert told["cut_off"] == min(totals)


async def _is_now(client: httpx.AsyncClient, accepted: list[str]) -> bool:
    found = (await client.get("/programmes/UJI-1/selection/classes/A")).json()
    return [one["applicant_id"] for one in found["accepted"]] == accepted
