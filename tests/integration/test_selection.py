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
