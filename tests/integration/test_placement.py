"""Placement on a real RabbitMQ and MongoDB: vacancies, matching that survives a crash, and the tracer study."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from aio_pika.abc import AbstractConnection

from services.placement import running as matching_runs
from services.placement.app import build
from services.placement.places import Neighbours
from services.placement.settings import Settings
from services.placement.store import Store
from services.placement.turn import Turn
from shared.cells import Cell
from shared.contracts.certification import CertificateIssued, CertificateRevoked, TrainingCompleted
from shared.contracts.placement import JobMatched, PlacementRecorded
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered, ApplicantWithdrawn, ProgrammeOpened
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from shared.service import storage_of
from tests.builders import facts, programme
from tests.conftest import Running
from tests.events import Outsider, applicant, publish, until

MakeSettings = Callable[..., Settings]
AS_OF = "2030-06-01"


async def open_programme(broker: AbstractConnection) -> None:
    definition = programme({"A": 99})
    opened = ProgrammeOpened(programme_code=definition.code, revision=1, programme=definition)
    await publish(broker, opened, definition.code)


async def graduate(broker: AbstractConnection, number: int, *, total: float = 70, **changes: Any) -> None:
    """Everything that leads to a certificate, the last first."""
    event = ApplicantRegistered.model_validate(applicant(number, **changes))
    who: dict[str, Any] = {"applicant_id": event.applicant_id, "programme_code": event.programme_code}
    person = {**who, "person_id": event.person_id}
    issued = CertificateIssued(
        **who,
        certificate_id=f"c{number}",
        scheme="Skema A",
        certification_body="LSP Uji",
        certificate_no=str(number),
        issued_on=date(2030, 5, 1),
        valid_until=date(2033, 5, 1),
        verify_code=str(number),
    )
    await publish(broker, issued, event.applicant_id, 4)
    trained = TrainingCompleted(**person, class_code="A", completed=True, days_present=20, days=20)
    await publish(broker, trained, event.applicant_id, 2)
    decided = SelectionDecided(
        **person, outcome=Outcome.ACCEPTED, stage=Stage.RANKING, class_code="A", total=total, rule_version=1
    )
    await publish(broker, decided, event.applicant_id, 5)
    await publish(broker, event, event.applicant_id, 1)


async def graduated(client: httpx.AsyncClient, count: int) -> bool:
    """Whether all that `graduate` publishes has been absorbed for so many."""
    absorbed = (await client.get("/internal/progress/UJI-1")).json()["absorbed"]
    events = ("ApplicantRegistered", "SelectionDecided", "TrainingCompleted", "CertificateIssued")
    return all(absorbed.get(event, {}).get("subjects") == count for event in events)


def vacancy(number: int, **cells: Cell) -> dict[str, Cell]:
    wages: dict[str, Cell] = {"wage_min": 2_000_000.0, "wage_max": 3_000_000.0}
    asked: dict[str, Cell] = {"vocation": "kejuruan  A", "education": "SMA", "location": "KOTA PEKALONGAN"}
    valid: dict[str, Cell] = {"code": f"L-{number:03}", "employer": "CV Maju", "position": "Operator", "seats": 2.0}
    return {**valid, **asked, **wages, "closes_on": "30/06/2030", "source": None, **cells}


async def report(client: httpx.AsyncClient, *rows: dict[str, Cell]) -> list[str]:
    body = {"rows": [{"row": number, "cells": cells} for number, cells in enumerate(rows, start=2)]}
    return [one["verdict"] for one in (await client.post("/vacancies", json=body)).json()["results"]]


async def answer(client: httpx.AsyncClient, number: int, **cells: Cell) -> dict[str, Any]:
    row = {"row": 2, "applicant_id": f"a{number:04}", "cells": {"wave": 3, "status": "Bekerja", **cells}}
    result: dict[str, Any] = (await client.post("/programmes/UJI-1/tracer", json={"rows": [row]})).json()["results"][0]
    return result


async def match(client: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    answered = await client.post("/programmes/UJI-1/matching", json={"as_of": AS_OF}, headers=headers, timeout=30)
    assert answered.status_code == httpx.codes.OK, answered.text
    run: dict[str, Any] = answered.json()
    return run


async def test_vacancies_are_known_by_code_and_employer(settings_for: MakeSettings, running: Running) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        assert await report(client, vacancy(1), vacancy(1, employer="PT Lain")) == ["accepted", "accepted"]
        # the code is written differently, which is a change to the same vacancy
        assert await report(client, vacancy(1, seats=9), vacancy(1, code="l-001")) == ["refused", "accepted"]
        assert await report(client, vacancy(1, code="l-001"), vacancy(2, seats=0)) == ["duplicate", "refused"]
        assert await report(client, vacancy(1, code="l-001", seats=5)) == ["accepted"]
        found = (await client.get("/vacancies")).json()["vacancies"]
        assert sorted((one["employer"], one["seats"]) for one in found) == [("CV Maju", 5), ("PT Lain", 2)]


async def test_matching_proposes_once_and_afterwards_only_what_is_new(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        missing = await client.post("/programmes/UJI-1/matching")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_programme")
        await open_programme(broker)
        for number in range(1, 5):
            await graduate(broker, number, total=60 + number, **({"education": "SMP"} if number == 4 else {}))
        await until(lambda: graduated(client, 4))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1), vacancy(2, closes_on="31/05/2030"), vacancy(3, vocation="Lain"))

        first = await match(client)
        assert (first["proposed"], first["graduates"], first["open_seats"]) == (2, 4, 4)
        again = await match(client)
        assert (again["proposed"], again["graduates"], again["open_seats"]) == (0, 2, 2)
        await report(client, vacancy(1, seats=3))
        assert (await match(client))["proposed"] == 1

        await until(lambda: len(outsider.data(JobMatched)) == 3)
        matched = outsider.data(JobMatched)
        assert {one["applicant_id"] for one in matched[:2]} == {"a0002", "a0003"}
        assert matched[2]["applicant_id"] == "a0001"
        assert {(one["employer"], one["position"], one["score"]) for one in matched} == {("CV Maju", "Operator", 100)}
        assert matched[0]["reasons"] == ["same_vocation", "education_suffices", "same_city"]
        assert len({one["match_id"] for one in matched}) == 3
        ledger = (await client.get("/applicants/a0003")).json()["ledger"]
        assert (ledger[-1]["what"], ledger[-1]["by"]) == ("proposed", "petugas")

        # a seat proposed to somebody who withdraws is free again
        gone = ApplicantWithdrawn(
            applicant_id="a0003", programme_code="UJI-1", reason="pindah", withdrawn_on=date(2030, 6, 1)
        )
        await publish(broker, gone, "a0003", 3)
        await until(lambda: _seats_taken(client, 2))


async def test_corrections_and_revocations_count_in_the_next_matching(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await open_programme(broker)
        await graduate(broker, 1)
        await graduate(broker, 2)
        who: dict[str, Any] = {"programme_code": "UJI-1", "reason": "x"}
        moved = facts(city="Kabupaten Batang").model_dump()
        corrected = ApplicantCorrected(
            **who, **moved, applicant_id="a0001", person_id="p0001", previous_person_id="p0001"
        )
        await publish(broker, corrected, "a0001", 2)
        await publish(broker, CertificateRevoked(**who, applicant_id="a0002", certificate_id="c2"), "a0002", 7)
        await until(lambda: graduated(client, 2))
        await until(lambda: _absorbed(client, "ApplicantCorrected", "CertificateRevoked"))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1))
        assert (await match(client))["graduates"] == 1
        proposed = (await client.get("/applicants/a0001")).json()["match"]
        assert (proposed["score"], proposed["reasons"][-1]) == (70, "neighbouring_city")


async def test_calls_at_the_same_time_fill_no_seat_twice_and_a_repeated_call_answers_the_same(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        await open_programme(broker)
        for number in range(1, 7):
            await graduate(broker, number)
        await until(lambda: graduated(client, 6))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1), vacancy(2))
        runs = await asyncio.gather(*(match(client) for _ in range(3)), match(client, **{"Idempotency-Key": "k"}))
        assert sum(run["proposed"] for run in runs) == 4
        assert await match(client, **{"Idempotency-Key": "k"}) == runs[3]
        await until(lambda: len(outsider.data(JobMatched)) == 4)
        assert set(Counter(one["vacancy_id"] for one in outsider.data(JobMatched)).values()) == {2}


async def ended(store: Store) -> bool:
    return await store.turn.run_to_do() is None


async def test_a_matching_that_was_interrupted_is_ended_by_another_replica(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    settings = settings_for(Settings)

    class Killed(BaseException):
        pass

    async with running(build, settings, "placement") as client:
        await open_programme(broker)
        for number in range(1, 4):
            await graduate(broker, number)
        await until(lambda: graduated(client, 3))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1, seats=3))

        storage = storage_of(settings, "placement")
        store = Store(storage)
        applied = 0
        apply = matching_runs._apply

        async def die_at_the_second(*arguments: Any) -> None:
            nonlocal applied
            applied += 1
            if applied == 2:
                raise Killed
            await apply(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(matching_runs, "_apply", die_at_the_second)
            with pytest.raises(Killed):
                await matching_runs.match(store, "UJI-1", date(2030, 6, 1), Neighbours([]), None)
        assert await store.turn.run_to_do() is not None
        # a killed process gives its turn up to nobody: it has to run out
        runs_out = datetime.now(UTC) + timedelta(seconds=2)
        await storage.collection("leases").update_one({"_id": "matching"}, {"$set": {"until": runs_out}})
        storage.close()
        await until(lambda: len(outsider.data(JobMatched)) == 3, 40)
        after = Store(storage_of(settings, "placement"))
        # proposals are heard of before the run is put down as done: whoever stops now leaves it to do
        await until(lambda: ended(after))
    assert len({one["applicant_id"] for one in outsider.data(JobMatched)}) == 3
    assert [(run.proposed, run.done) for run in await after.runs.find({})] == [(3, True)]


async def test_who_lost_the_turn_decides_nothing(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(build, settings_for(Settings), "placement") as client:
        await open_programme(broker)
        await graduate(broker, 1)
        await until(lambda: graduated(client, 1))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1))
        decide = Turn.decide

        async def lose_it_first(turn: Turn, holder: str, run_id: str) -> None:
            await decide(turn, "somebody else", run_id)

        with monkeypatch.context() as patched:
            patched.setattr(Turn, "decide", lose_it_first)
            answered = await client.post("/programmes/UJI-1/matching", json={"as_of": AS_OF})
        assert (answered.status_code, answered.json()["code"]) == (409, "matching_interrupted")
        assert (await client.get("/applicants/a0001")).json()["match"] is None
        assert (await match(client))["proposed"] == 1


async def test_a_matching_replays_from_its_record_and_what_was_changed_afterwards_is_found(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    settings = settings_for(Settings)
    chunks = storage_of(settings, "placement").collection("run_chunks")
    async with running(build, settings, "placement") as client:
        await open_programme(broker)
        for number in range(1, 5):
            await graduate(broker, number, total=60 + number, **({"city": "Kabupaten Batang"} if number == 1 else {}))
        await until(lambda: graduated(client, 4))
        await until(lambda: knows_programme(client))
        await report(client, vacancy(1, seats=1, source="Bu Siti"), vacancy(2, employer="Warung Bu Siti", seats=2))
        first = (await match(client))["run_id"]
        await report(client, vacancy(1, seats=5, education="S1"))  # what comes later changes no record
        second = (await match(client))["run_id"]

        async def replayed(run_id: str) -> dict[str, Any]:
            answered = await client.get(f"/programmes/UJI-1/matching/runs/{run_id}/replay")
            assert answered.status_code == httpx.codes.OK, answered.text
            told: dict[str, Any] = answered.json()
            assert told["replays"] == (not told["differences"])
            return told

        told = await replayed(first)
        assert (told["differences"], told["proposed"], told["graduates"], told["open_seats"]) == ([], 3, 4, 3)
        assert (told["by"], told["role"], told["as_of"]) == ("petugas", "admin", AS_OF)
        assert (await replayed(second))["differences"] == []
        run = (await client.get(f"/programmes/UJI-1/matching/runs/{first}")).json()
        assert [one["applicant_id"] for one in run["candidates"]] == [f"a{number:04}" for number in range(1, 5)]
        assert "Siti" not in str(run)
        assert "CV Maju" not in str(run)
        assert [one["what"] for one in run["ledger"]] == ["matched"]

        async def audited() -> list[str]:
            entries = (await client.get("/internal/audit/entries", params={"about": first})).json()["items"]
            return [one["detail"]["inputs_digest"] for one in entries]

        await until(audited)
        assert await audited() == [run["inputs_digest"]]

        where = {"_id": f"{first}:candidates:0"}
        await chunks.update_one(where, {"$set": {"rows.0.city": "Kota Pekalongan", "rows.0.total": 99.0}})
        by_digest, *proposed = (await replayed(first))["differences"]
        assert by_digest.startswith("the inputs have the digest ")
        assert proposed[0].startswith("a0001: proposed for nothing, the inputs give ")
        await chunks.update_one(where, {"$set": {"rows.0.city": "Kabupaten Batang", "rows.0.total": 61.0}})
        await chunks.update_one({"_id": f"{first}:proposals:0"}, {"$set": {"rows.0.score": 1}})
        by_digest, proposal = (await replayed(first))["differences"]
        assert by_digest.startswith("the outcome has the digest ")
        assert proposal.startswith("a0002: proposed for ")

        missing = await client.get(f"/programmes/LAIN-1/matching/runs/{first}/replay")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_run")


async def test_answers_accumulate_wave_by_wave(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "placement.#")
    async with running(build, settings_for(Settings), "placement") as client:
        await open_programme(broker)
        await until(lambda: knows_programme(client))
        assert (await answer(client, 1))["verdict"] == "waiting"
        await graduate(broker, 1)
        await until(lambda: graduated(client, 1))
        assert (await answer(client, 1, wave=6, status="Belum bekerja"))["verdict"] == "accepted"
        assert (await answer(client, 1, employer="CV Maju 0812-3456-7890"))["verdict"] == "accepted"
        assert (await answer(client, 1, employer="CV Maju 0812-3456-7890"))["verdict"] == "duplicate"
        assert (await answer(client, 1, status="Entah"))["problems"][0]["reason"] == "unknown_status"
        await until(lambda: len(outsider.data(PlacementRecorded)) == 2)
        assert [(one["wave"], one["status"], one["employer"]) for one in outsider.data(PlacementRecorded)] == [
            (6, "unemployed", None),
            (3, "employed", "CV Maju …"),
        ]
        assert (await client.get("/applicants/a0001")).json()["status"] == "unemployed"


async def knows_programme(client: httpx.AsyncClient) -> bool:
    return await _absorbed(client, "ProgrammeOpened")


async def _absorbed(client: httpx.AsyncClient, *events: str) -> bool:
    absorbed = (await client.get("/internal/progress/UJI-1")).json()["absorbed"]
    return all(event in absorbed for event in events)


async def _seats_taken(client: httpx.AsyncClient, seats: int) -> bool:
    found = (await client.get("/vacancies")).json()["vacancies"]
    return sum(int(one["seats_taken"]) for one in found) == seats
