"""Certification on a real RabbitMQ and MongoDB: from a decision to a certificate that anybody can verify."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.certification.app import build
from services.certification.settings import Settings
from shared.cells import Cell
from shared.contracts.certification import (
    AssessmentRecorded,
    CertificateIssued,
    CertificateRevoked,
    TrainingCompleted,
)
from shared.contracts.registration import ApplicantWithdrawn, ProgrammeOpened
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from tests.builders import programme
from tests.conftest import Running
from tests.events import Outsider, publish, until

MakeSettings = Callable[..., Settings]
VALID_UNTIL = (datetime.now(UTC) + timedelta(days=365)).date()


async def open_programme(broker: AbstractConnection) -> None:
    definition = programme({"A": 9, "B": 9})
    opened = ProgrammeOpened(programme_code=definition.code, revision=1, programme=definition)
    await publish(broker, opened, definition.code)


async def decide(
    broker: AbstractConnection, applicant_id: str, outcome: Outcome = Outcome.ACCEPTED, sequence: int = 5
) -> None:
    decided = SelectionDecided(
        applicant_id=applicant_id,
        programme_code="UJI-1",
        person_id=f"p-{applicant_id}",
        outcome=outcome,
        stage=Stage.RANKING,
        class_code=None if outcome is Outcome.REJECTED else "A",
        rule_version=1,
    )
    await publish(broker, decided, applicant_id, sequence)


async def known(client: httpx.AsyncClient, *applicant_ids: str) -> bool:
    answers = [await client.get(f"/applicants/{applicant_id}") for applicant_id in applicant_ids]
    return all(answer.status_code == httpx.codes.OK for answer in answers)


async def send(client: httpx.AsyncClient, kind: str, *rows: tuple[str, dict[str, Cell]]) -> list[dict[str, Any]]:
    numbered = [{"row": n, "applicant_id": who, "cells": cells} for n, (who, cells) in enumerate(rows, start=2)]
    answer = await client.post(f"/programmes/UJI-1/{kind}", json={"rows": numbered})
    assert answer.status_code == httpx.codes.OK, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [one["row"] for one in results] == [one["row"] for one in numbered]
    return results


def verdicts(results: list[dict[str, Any]]) -> list[str]:
    return [one["problems"][0]["reason"] if one["problems"] else one["verdict"] for one in results]


def attendance(**cells: Cell) -> dict[str, Cell]:
    return {"class": "A", "days": 20, "present": 18, **cells}


def assessment(unit: str = "K", **cells: Cell) -> dict[str, Cell]:
    return {"scheme": "Skema A", "unit:U.01": "K", "unit:U.02": unit, "assessed_on": "01/04/2030", **cells}


def certificate(number: int, **cells: Cell) -> dict[str, Cell]:
    issued: dict[str, Cell] = {"certificate_no": f"62019 2513 4 {number:07} 2030", "issued_on": "2020-05-01"}
    return {"scheme": "Skema A", "lsp": "LSP Uji", **issued, "valid_until": VALID_UNTIL.isoformat(), **cells}


async def test_from_a_decision_to_a_revoked_certificate(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings), "certification") as client:
        # decisions may arrive before their programme
        for applicant_id in ("a1", "a2", "a3"):
            await decide(broker, applicant_id)
        await decide(broker, "rejected", Outcome.REJECTED)
        await until(lambda: known(client, "a1", "a2", "a3", "rejected"))
        assert verdicts(await send(client, "attendance", ("a1", attendance()))) == ["programme_unknown"]
        await open_programme(broker)
        await until(lambda: _takes_rows(client))

        rows = [("a1", attendance()), ("a2", attendance()), ("a3", attendance(note="Mengundurkan diri"))]
        others = [("rejected", attendance()), ("nobody", attendance())]
        results = await send(client, "attendance", *rows, *others)
        assert verdicts(results) == ["accepted", "accepted", "accepted", "not_accepted", "not_decided"]
        assert results[-1]["verdict"] == "waiting"
        assert verdicts(await send(client, "attendance", *rows)) == ["duplicate"] * 3

        results = await send(
            client,
            "assessments",
            ("a1", assessment()),
            ("a2", assessment("BK", recommendation="K")),
            ("a3", assessment()),
        )
        assert verdicts(results) == ["accepted", "accepted", "did_not_complete"]
        assert [one["reason"] for one in results[1]["warnings"]] == ["units_differ"]

        results = await send(client, "certificates", ("a1", certificate(1)), ("a2", certificate(2)))
        assert verdicts(results) == ["accepted", "not_competent"]
        assert verdicts(await send(client, "certificates", ("a1", certificate(1)))) == ["duplicate"]

        await until(lambda: outsider.data(CertificateIssued))
        completed = {one["applicant_id"]: one["completed"] for one in outsider.data(TrainingCompleted)}
        assert completed == {"a1": True, "a2": True, "a3": False}
        assessed = {one["applicant_id"]: one["result"] for one in outsider.data(AssessmentRecorded)}
        assert assessed == {"a1": "competent", "a2": "not_yet_competent"}
        [issued] = outsider.data(CertificateIssued)

        code = issued["verify_code"]
        shown = (await client.get(f"/verify/{code[:5].lower()}-{code[5:].lower()}")).json()
        assert (shown["status"], shown["reason"], shown["applicant_id"]) == ("valid", None, "a1")
        assert shown["certificate_no"] == "62019 2513 4 0000001 2030"
        assert (await client.get("/verify/0000000000")).json()["code"] == "unknown_code"

        revocation = f"/certificates/{issued['certificate_id']}/revocation"
        for _ in range(2):
            answer = await client.post(revocation, json={"reason": "milik 3375011206050059, salah cetak"})
            assert (answer.status_code, answer.json()["reason"]) == (200, "milik …, salah cetak")
        assert (await client.post(revocation, json={"reason": "lain"})).json()["code"] == "already_revoked"
        assert (await client.post(revocation, json={"reason": " "})).status_code == httpx.codes.UNPROCESSABLE_ENTITY
        unknown = await client.post("/certificates/none/revocation", json={"reason": "x"})
        assert unknown.json()["code"] == "unknown_certificate"
        await until(lambda: outsider.data(CertificateRevoked))
        assert len(outsider.data(CertificateRevoked)) == 1
        assert (await client.get(f"/verify/{code}")).json()["status"] == "revoked"

        ledger = (await client.get("/applicants/a1")).json()["ledger"]
        assert [(one["what"], one["by"]) for one in ledger] == [
            ("selection_decided", "selection"),
            ("attendance_recorded", "petugas"),
            ("assessment_recorded", "petugas"),
            ("certificate_recorded", "petugas"),
            ("certificate_revoked", "petugas"),
        ]
        progress = (await client.get("/internal/progress/UJI-1")).json()
        assert progress["published"]["CertificateIssued"]["subjects"] == 1
        assert progress["absorbed"]["SelectionDecided"] == {"subjects": 4, "sequence": 20}


async def test_a_certificate_number_belongs_to_the_first_who_has_it(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    people = [f"a{number}" for number in range(8)]
    async with running(build, settings_for(Settings), "certification") as client:
        await open_programme(broker)
        for applicant_id in people:
            await decide(broker, applicant_id)
        await until(lambda: known(client, *people))
        await until(lambda: _takes_rows(client))
        await send(client, "assessments", *((who, assessment()) for who in people))

        results = await send(client, "certificates", *((who, certificate(7)) for who in people))
        assert verdicts(results) == ["accepted"] + ["number_taken"] * 7
        respelled = certificate(7, certificate_no="62019  2513 4 0000007\u00a02030")
        assert verdicts(await send(client, "certificates", ("a1", respelled))) == ["number_taken"]

        # imports at the same time race for the number, and the database lets one have it
        sheets = await asyncio.gather(*(send(client, "certificates", (who, certificate(8))) for who in people[1:]))
        assert sorted(verdicts(sheet)[0] for sheet in sheets) == ["accepted"] + ["number_taken"] * 6
        await until(lambda: len(outsider.data(CertificateIssued)) == 2)


async def test_who_is_taken_out_or_withdraws_is_refused_and_older_decisions_change_nothing(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "certification") as client:
        await open_programme(broker)
        await until(lambda: _takes_rows(client))
        await decide(broker, "a1", Outcome.REJECTED, sequence=9)
        await decide(broker, "a1", Outcome.ACCEPTED, sequence=8)
        await decide(broker, "a2")
        gone = ApplicantWithdrawn(
            applicant_id="a2", programme_code="UJI-1", reason="pindah", withdrawn_on=date(2030, 2, 1)
        )
        await publish(broker, gone, "a2", 3)
        await decide(broker, "a3", Outcome.RESERVE)
        await until(lambda: known(client, "a1", "a2", "a3"))
        await until(lambda: _withdrawn(client, "a2"))
        rows = [(who, attendance()) for who in ("a1", "a2", "a3")]
        results = await send(client, "attendance", *rows)
        assert verdicts(results) == ["not_accepted", "withdrawn", "not_accepted"]
        assert [one["verdict"] for one in results] == ["refused", "refused", "waiting"]


async def _takes_rows(client: httpx.AsyncClient) -> bool:
    return verdicts(await send(client, "attendance", ("nobody", attendance()))) == ["not_decided"]


async def _withdrawn(client: httpx.AsyncClient, applicant_id: str) -> bool:
    return bool((await client.get(f"/applicants/{applicant_id}")).json()["withdrawn"])
