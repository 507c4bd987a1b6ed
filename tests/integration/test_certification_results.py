"""Results entered by hand, and which certificates are due, on a real RabbitMQ and MongoDB."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.certification.app import build
from services.certification.settings import Settings
from shared.contracts.certification import AssessmentRecorded, CertificateIssued
from tests.conftest import Running
from tests.events import Outsider, until
from tests.integration.test_certification import assessment, certificate, decide, known, open_programme, send, verdicts

MakeSettings = Callable[..., Settings]


async def started(client: httpx.AsyncClient, broker: AbstractConnection, *applicant_ids: str) -> None:
    await open_programme(broker)
    for applicant_id in applicant_ids:
        await decide(broker, applicant_id)
    await until(lambda: known(client, *applicant_ids))

    async def opened() -> bool:
        return (await client.get("/programmes/UJI-1/classes/A")).status_code == httpx.codes.OK

    await until(opened)


async def enter(client: httpx.AsyncClient, who: str, seen: int, unit: str = "K", **cells: Any) -> httpx.Response:
    body = {"cells": assessment(unit, **cells), "seen": seen}
    return await client.post(f"/applicants/{who}/assessments", json=body)


async def test_a_result_is_entered_twice_by_one_clerk_and_overtaken_by_another(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1")
        assert (await enter(client, "a1", 0, "BK")).json() == {"recorded": True, "warnings": []}
        assert (await enter(client, "a1", 0, "BK")).json() == {"recorded": False, "warnings": []}
        overtaken = await enter(client, "a1", 0, "K")
        assert (overtaken.status_code, overtaken.json()["code"]) == (409, "changed_meanwhile")
        older = await enter(client, "a1", 1, "K", assessed_on="2030-03-01")
        assert [one["reason"] for one in older.json()["errors"]] == ["older_than_last"]
        assert (await enter(client, "a1", 1, "K", assessed_on="2030-04-20")).json()["recorded"]
        assert (await enter(client, "nobody", 0)).json()["code"] == "unknown_applicant"

        await until(lambda: len(outsider.data(AssessmentRecorded)) == 2)
        recorded = [(one["attempt"], one["result"]) for one in outsider.data(AssessmentRecorded)]
        assert recorded == [(1, "not_yet_competent"), (2, "competent")]
        shown = (await client.get("/applicants/a1")).json()
        assert (shown["changes"], len(shown["superseded"])) == (2, 0)


async def test_a_certificate_is_entered_by_the_rules_of_the_sheet(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1", "a2", "a3")
        results = [("a1", assessment()), ("a2", assessment()), ("a3", assessment("BK"))]
        assert verdicts(await send(client, "assessments", *results)) == ["accepted"] * 3

        async def enter_one(who: str, seen: int, number: int = 1, **cells: Any) -> httpx.Response:
            body = {"cells": certificate(number, **cells), "seen": seen}
            return await client.post(f"/applicants/{who}/certificates", json=body)

        both = await asyncio.gather(*(enter_one(who, 0) for who in ("a1", "a2")))
        assert sorted(one.status_code for one in both) == [200, 422]
        [taken] = next(one for one in both if one.status_code == 422).json()["errors"]
        assert (taken["column"], taken["reason"]) == ("certificate_no", "number_taken")
        holder = "a1" if both[0].is_success else "a2"
        assert (await enter_one(holder, 0)).json() == {"recorded": False, "warnings": []}  # sent twice
        for refused, column, wrong in (
            ("not_competent", None, ("a3", 0, 2, {})),
            ("already_certified", "certificate_no", (holder, 1, 3, {})),
            ("other_scheme", "scheme", (holder, 1, 1, {"scheme": "Skema B"})),
            ("before_issue", "valid_until", (holder, 1, 1, {"valid_until": "2020-04-30"})),
            ("missing", "certificate_no", (holder, 1, 1, {"certificate_no": " "})),
            ("looks_like_nik", "certificate_no", (holder, 1, 1, {"certificate_no": "3375 0141 0190 0001"})),
        ):
            who, seen, number, cells = wrong
            [error] = (await enter_one(who, seen, number, **cells)).json()["errors"]
            assert (error["reason"], error.get("column")) == (refused, column)
        overtaken = await enter_one(holder, 0, valid_until="2099-01-01")
        assert (overtaken.status_code, overtaken.json()["code"]) == (409, "changed_meanwhile")
        corrected = (await enter_one(holder, 1, valid_until="2099-01-01")).json()
        assert [one["reason"] for one in corrected["warnings"]] == ["corrected"]
        assert (await client.get(f"/applicants/{holder}")).json()["certificate_changes"] == 2
        assert (await enter_one("nobody", 0)).json()["code"] == "unknown_applicant"
        # the sheet knows it
        row = (holder, certificate(1, valid_until="2099-01-01"))
        assert verdicts(await send(client, "certificates", row)) == ["duplicate"]
        await until(lambda: len(outsider.data(CertificateIssued)) == 2)


async def test_competent_people_are_expected_to_get_a_certificate(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1", "a2", "a3")
        results = [("a1", assessment()), ("a2", assessment(assessed_on="2025-04-01")), ("a3", assessment("BK"))]
        assert verdicts(await send(client, "assessments", *results)) == ["accepted"] * 3
        assert verdicts(await send(client, "certificates", ("a1", certificate(1)))) == ["accepted"]
        found = (await client.get("/programmes/UJI-1/expected-certificates")).json()
        assert found["schemes"] == [
            {"certification_body": "LSP Uji", "scheme": "Skema A", "competent": 2, "received": 1, "waiting": 1}
        ]
        [waiting] = found["waiting"]
        assert (waiting["applicant_id"], waiting["assessed_on"]) == ("a2", "2025-04-01") and waiting["days"] > 300
        unknown = await client.get("/programmes/X/expected-certificates")
        assert unknown.json()["code"] == "unknown_programme"


async def test_an_appeal_is_filed_judged_by_somebody_else_and_upheld(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings, appeal_days=5), "certification") as client:
        await started(client, broker, "a1", "a2")
        await enter(client, "a1", 0, "BK", assessor="Budi Santoso")
        filing = {"attempt": 1, "explained": True, "discussed": True, "others_involved": False, "reason": "Tidak adil"}
        for _ in range(2):
            filed = await client.post("/applicants/a1/appeals", json=filing)
            assert [one["days_left"] for one in filed.json()["appeals"]] == [5]
        appeal = "/applicants/a1/appeals/1"
        refused = await client.post(f"{appeal}/assessor", json={"assessor": "Drs. Budi Santoso, M.T."})
        assert (refused.status_code, refused.json()["code"]) == (409, "assessor_tested")
        decision = {"outcome": "upheld", "competent": ["U.02"], "reason": "Sudah diamati"}
        early = await client.post(f"{appeal}/decision", json=decision)
        assert early.json()["code"] == "no_assessor"
        assert (await client.post(f"{appeal}/assessor", json={"assessor": "Rina Wati"})).is_success
        for _ in range(2):
            decided = (await client.post(f"{appeal}/decision", json=decision)).json()["appeals"]
            assert [(one["decision"]["outcome"], one["days_left"]) for one in decided] == [("upheld", None)]

        await until(lambda: len(outsider.data(AssessmentRecorded)) == 2)
        recorded = [(one["attempt"], one["result"]) for one in outsider.data(AssessmentRecorded)]
        assert recorded == [(1, "not_yet_competent"), (1, "competent")]
        [listed] = (await client.get("/programmes/UJI-1/appeals")).json()["items"]
        assert (listed["applicant_id"], listed["class_code"], listed["reason"]) == ("a1", "A", "Tidak adil")
        ledger = (await client.get("/applicants/a1")).json()["ledger"]
        assert [entry["what"] for entry in ledger[2:]] == [
            *("appeal_filed", "appeal_assigned", "appeal_decided", "assessment_corrected")
        ]
        nothing = await client.post("/applicants/a2/appeals", json=filing)
        assert nothing.json()["code"] == "unknown_attempt"
