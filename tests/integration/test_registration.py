"""Registration on a real RabbitMQ and MongoDB: what it answers, publishes, keeps and never gives away."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
import yaml
from aio_pika.abc import AbstractConnection

from services.gateway.columns import tabulate
from services.gateway.kinds import ALUMNI, APPLICANTS, Kind
from services.registration.app import build
from services.registration.settings import Settings
from shared.cells import JAKARTA
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    PriorTrainingRecorded,
    ProgrammeOpened,
)
from shared.service import storage_of
from tests.conftest import Running
from tests.events import Outsider, until
from tests.unit.registration_examples import DEFINITION, ROW

KEYS = {"field_keys": "k1:" + "f" * 32, "person_key": "p" * 32}
PERSONAL = ("Siti Nur", "AMINAH", "3376014107990012", "81234500987", "Melati", "1999-07-01")
SettingsFor = Callable[..., Settings]


def open_now(code: str = "LAS-2026") -> dict[str, Any]:
    """The example programme, open for registration today."""
    today = datetime.now(JAKARTA).date()
    window = {"opens": str(today - timedelta(days=2)), "closes": str(today + timedelta(days=2))}
    return {**json.loads(json.dumps(DEFINITION, default=str)), "code": code, "registration": window}


def sheet(path: Path, kind: Kind) -> list[dict[str, Any]]:
    """The rows of a sample file as the gateway posts them."""
    lines = [
        (number, [cell.isoformat() if isinstance(cell, datetime) else cell for cell in cells])
        for number, cells in enumerate(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True), start=1)
    ]
    return [{"row": number, "cells": cells} for number, cells in tabulate(kind, lines).rows]


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """The verdicts, in the order of the rows, of an answer of one line or more."""
    assert answer.status_code == httpx.codes.OK, answer.text
    results = [one for line in answer.text.splitlines() for one in json.loads(line)["results"]]
    return sorted(results, key=lambda one: int(one["row"]))


def verdicts(answer: httpx.Response) -> Counter[str]:
    return Counter(one["verdict"] for one in told(answer))


async def register(client: httpx.AsyncClient, key: str | None = None, **cells: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/programmes/LAS-2026/applicants", json={"cells": {**ROW, **cells}}, headers=headers)


async def test_whoever_has_not_seen_the_latest_revision_overwrites_nothing(
    settings_for: SettingsFor, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:

        async def change(revision: int, seats: int, reason: str | None = None) -> httpx.Response:
            definition = open_now()
            definition["classes"][0]["seats"] = seats
            body = {"definition": definition, "revision": revision, "reason": reason}
            return await client.post("/programmes/LAS-2026/changes", json=body)

        previewed = await client.post("/programmes/preview", json=open_now())
        assert (previewed.json()["revision"], previewed.json()["differences"]) == (0, [])
        assert (await client.get("/programmes/LAS-2026")).status_code == httpx.codes.NOT_FOUND

        assert (await change(0, 16)).json() == {"code": "LAS-2026", "revision": 1, "changed": True}
        assert (await change(0, 16)).json() == {"code": "LAS-2026", "revision": 1, "changed": False}  # sent twice
        assert (await change(1, 20, "Kursi bertambah")).json()["revision"] == 2
        late = await change(1, 12, "Kursi berkurang")
        assert (late.status_code, late.json()["code"], late.json()["revision"]) == (409, "changed_meanwhile", 2)
        assert late.json()["differences"] == [{"field": "classes.LAS-1.seats", "held": 20, "wanted": 12}]
        assert late.json()["by"] == "petugas"
        previewed = await client.post("/programmes/preview", json=open_now())
        assert previewed.json()["differences"] == [{"field": "classes.LAS-1.seats", "held": 20, "wanted": 16}]

        elsewhere = {"definition": open_now("LAS-2027"), "revision": 2}
        other = await client.post("/programmes/LAS-2026/changes", json=elsewhere)
        assert (other.status_code, other.json()["errors"][0]["reason"]) == (422, "code_differs")
        await until(lambda: len(outsider.data(ProgrammeOpened)) == 2)
        assert [one["programme"]["classes"][0]["seats"] for one in outsider.data(ProgrammeOpened)] == [16, 20]
        audit = (await client.get("/internal/audit/entries", params={"about": "LAS-2026"})).json()["items"]
        assert [one["reason"] for one in audit] in ([None, "Kursi bertambah"], ["Kursi bertambah", None])


async def test_a_programme_is_published_when_it_changes_only(
    settings_for: SettingsFor, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        definition = open_now()
        assert (await client.put("/programmes", json=definition)).json() == {
            "code": "LAS-2026",
            "revision": 1,
            "changed": True,
        }
        assert (await client.put("/programmes", json=definition)).json()["changed"] is False
        definition["classes"][0]["seats"] = 20
        assert (await client.put("/programmes", json=definition)).json()["revision"] == 2

        definition["classes"][0]["seats"] = 0
        definition["eligibility"]["left_handed"] = True
        refused = await client.put("/programmes", json=definition)
        assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert {(one["field"], one["reason"]) for one in refused.json()["errors"]} == {
            ("classes[0].seats", "too_small"),
            ("eligibility.left_handed", "unknown_rule"),
        }
        shown = (await client.get("/programmes/LAS-2026")).json()
        assert (shown["revision"], shown["programme"]["classes"][0]["seats"]) == (2, 20)
        assert [one["code"] for one in (await client.get("/programmes")).json()] == ["LAS-2026"]
        assert (await client.get("/programmes/NONE")).json()["code"] == "unknown_programme"
        await until(lambda: len(outsider.data(ProgrammeOpened)) == 2)
        assert [one["revision"] for one in outsider.data(ProgrammeOpened)] == [1, 2]


async def test_one_registration_from_form_to_withdrawal(
    settings_for: SettingsFor, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        first = await register(client, "k-1")
        assert first.status_code == httpx.codes.CREATED
        applicant_id = first.json()["applicant_id"]
        assert first.json()["registration_no"] == "LAS-2026-0001"

        # an answer that got lost is asked for again, under the same key
        assert (await register(client, "k-1")).json() == first.json()
        again = await register(client, "k-2")
        assert (again.status_code, again.json()["code"]) == (409, "duplicate")
        assert again.json()["registration_no"] == "LAS-2026-0001"
        bad = await register(client, nik="12", choice_1="Menjahit")
        assert bad.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert [one["column"] for one in bad.json()["errors"]] == ["nik", "choice_1"]

        async def found(**wanted: Any) -> list[str]:
            ids: list[str] = (await client.post("/programmes/LAS-2026/search", json=wanted)).json()["applicant_ids"]
            return ids

        assert await found(name="ami siti") == await found(nik="3376014107990012") == [applicant_id]
        assert await found(registration_no="las-2026-0001") == [applicant_id]
        assert await found(name="budi") == await found(name="siti", nik="12") == []

        shown = (await client.get(f"/applicants/{applicant_id}")).json()
        assert (shown["name"], shown["nik"], shown["initials"]) == ("S*** N*** A***", "************0012", "S. N. A.")
        assert shown["facts"]["city"] == "Kota Tegal"
        assert [one["sought"] for one in shown["reveals"]] == [["name"], ["nik"]]
        revealed = await client.post(
            "/people/reveal", json={"applicant_ids": [applicant_id], "fields": ["nik", "name"]}
        )
        assert revealed.json()["people"] == {applicant_id: {"nik": "3376014107990012", "name": "Siti Nur AMINAH"}}
        reveals = (await client.get(f"/applicants/{applicant_id}")).json()["reveals"]
        assert [(one["by"], one["fields"]) for one in reveals[2:]] == [("petugas", ["nik", "name"])]

        corrections = f"/applicants/{applicant_id}/corrections"
        corrected = await client.post(
            corrections, json={"cells": {"nik": "3376014107990013"}, "reason": "NIK Siti 3376014107990012 salah ketik"}
        )
        assert corrected.json()["choices"] == ["LAS-2"]
        # the mistyped number is free for whoever it belongs to, and theirs cannot be taken
        assert (await register(client, "k-3")).json()["registration_no"] == "LAS-2026-0002"
        taken = await client.post(corrections, json={"cells": {"nik": "3376014107990012"}, "reason": "salah"})
        assert (taken.status_code, taken.json()["code"]) == (409, "duplicate")
        unknown = await client.post(corrections, json={"cells": {"hair": "black"}, "reason": "salah"})
        assert unknown.json()["errors"][0]["reason"] == "unknown_column"

        withdrawal = {"reason": "diterima kerja", "withdrawn_on": "2026-02-01"}
        assert (await client.post(f"/applicants/{applicant_id}/withdrawal", json=withdrawal)).status_code == 200
        assert (await client.post("/applicants/nobody/withdrawal", json=withdrawal)).status_code == 404
        assert [one["what"] for one in (await client.get(f"/applicants/{applicant_id}")).json()["ledger"]] == [
            "registered",
            "corrected",
            "withdrawn",
        ]
        await until(lambda: len(outsider.seen) == 5)

    assert len(outsider.data(ApplicantRegistered)) == 2
    [correction] = outsider.data(ApplicantCorrected)
    assert correction["previous_person_id"] != correction["person_id"]
    assert correction["reason"] == "NIK … … salah ketik"
    assert outsider.data(ApplicantWithdrawn)[0]["withdrawn_on"] == "2026-02-01"
    storage = storage_of(settings, "registration")
    kept = [
        document
        for name in ("programmes", "applicants", "people", "reveals", "numbers")
        for document in await storage.collection(name).find().to_list(None)
    ]
    assert len(kept) == 9
    for written in [*(one.body.decode() for one in outsider.seen), *map(str, kept)]:
        assert not any(personal.casefold() in written.casefold() for personal in PERSONAL)


async def test_registration_is_refused_outside_the_window(settings_for: SettingsFor, running: Running) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        today = datetime.now(JAKARTA).date()
        for days, code in ((3, "not_open"), (-3, "closed")):
            window = {"opens": str(today + timedelta(days=days)), "closes": str(today + timedelta(days=days))}
            await client.put("/programmes", json={**open_now(), "registration": window})
            refused = await register(client)
            assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_many_forms_at_once_register_everybody_once(settings_for: SettingsFor, running: Running) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=open_now())
        niks = [f"337601410799{serial:04d}" for serial in range(1, 31)]
        answers = await asyncio.gather(*(register(client, nik=nik) for nik in niks * 2))
        assert Counter(one.status_code for one in answers) == {201: 30, 409: 30}
        numbers = {one.json()["registration_no"] for one in answers}
        assert len(numbers) == 30


@pytest.mark.parametrize(("folder", "counts"), [("lpks-2025", (336, 12, 6)), ("dbhcht-2-2025", (402, 15, 6))])
async def test_a_file_is_imported_once_and_in_order(
    settings_for: SettingsFor,
    running: Running,
    broker: AbstractConnection,
    sample: Path,
    folder: str,
    counts: tuple[int, int, int],
) -> None:
    accepted, duplicates, refused = counts
    outsider = await Outsider().listen(broker)
    definition = yaml.safe_load((sample / folder / "programme.yaml").read_text())
    code = definition["code"]
    rows = sheet(sample / folder / "pendaftar.xlsx", APPLICANTS)
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=definition)
        tried = await client.post(f"/programmes/{code}/imports/applicants?dry_run=true", json={"rows": rows})
        first = await client.post(
            f"/programmes/{code}/imports/applicants", json={"rows": rows}, headers={"Idempotency-Key": "i-1"}
        )
        assert verdicts(first) == {"accepted": accepted, "duplicate": duplicates, "refused": refused}
        assert told(tried) == [one | {"note": None} for one in told(first)]  # nobody got a number

        repeated = await client.post(
            f"/programmes/{code}/imports/applicants", json={"rows": rows}, headers={"Idempotency-Key": "i-1"}
        )
        assert told(repeated) == told(first)
        again = await client.post(f"/programmes/{code}/imports/applicants", json={"rows": rows})
        assert verdicts(again) == {"duplicate": accepted + duplicates, "refused": refused}
        looked = await client.get("/reveals", params={"on": datetime.now(JAKARTA).date().isoformat()})
        assert looked.json()["items"] == []
        tried = await client.post(f"/programmes/{code}/imports/applicants?dry_run=true", json={"rows": rows})
        assert told(tried) == told(again)
        looked = await client.get("/reveals", params={"on": datetime.now(JAKARTA).date().isoformat()})
        assert [one["in_sheets"] for one in looked.json()["items"]] == [accepted]

        niks = [row["cells"]["nik"] for row in rows]
        people = (await client.post(f"/programmes/{code}/resolve", json={"niks": [*niks, "3375014107000001"]})).json()
        assert Counter(one.get("reason") for one in people["people"])[None] == accepted + duplicates
        assert people["people"][-1] == {"reason": "not_registered"}
        await until(lambda: len(outsider.data(ApplicantRegistered)) == accepted)

    registered = outsider.data(ApplicantRegistered)
    in_order = sorted(registered, key=lambda one: str(one["registered_at"]))
    assert [one["registration_no"] for one in in_order] == [f"{code}-{n:04d}" for n in range(1, accepted + 1)]
    assert len({one["person_id"] for one in registered}) == accepted
    assert len({one.message_id for one in outsider.seen}) == len(outsider.seen)


async def test_an_import_that_was_cut_short_goes_on_where_it_stopped(
    settings_for: SettingsFor, running: Running, sample: Path
) -> None:
    definition = yaml.safe_load((sample / "lpks-2025" / "programme.yaml").read_text())
    rows = sheet(sample / "lpks-2025" / "pendaftar.xlsx", APPLICANTS)
    path, key = "/programmes/LPKS-2025/imports/applicants", {"Idempotency-Key": "i-1"}
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=definition)
        whole = told(await client.post(path, json={"rows": rows}, headers=key))
        # as after a crash: of a block of numbers that was handed out, every third registration was written
        await storage_of(settings, "registration").collection("applicants").delete_many({"number": {"$mod": [3, 1]}})
        assert told(await client.post(path, json={"rows": rows}, headers=key)) == whole


async def test_a_file_that_is_not_rows_registers_nobody(settings_for: SettingsFor, running: Running) -> None:
    path = "/programmes/LAS-2026/imports/applicants"
    line = json.dumps({"rows": [{"row": 2, "cells": {**ROW, "submitted_at": "2026-11-20"}}]})
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=open_now())
        for body, code in ((f"{line}\n[", "invalid"), (f"{line}\n{line}\n", "rows_not_unique")):
            answer = await client.post(path, content=body)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert told(await client.post(path, content=b"")) == []
        found = await client.post("/programmes/LAS-2026/search", json={"nik": ROW["nik"]})
        assert found.json() == {"applicant_ids": []}


async def test_alumni_lists_are_taken_once(
    settings_for: SettingsFor, running: Running, broker: AbstractConnection, sample: Path
) -> None:
    outsider = await Outsider().listen(broker)
    rows = sheet(sample / "lpks-2025" / "alumni-2019-2024.xlsx", ALUMNI)
    bad = [
        {"row": 900, "cells": {"nik": 3375014107900012, "year": 2020, "training": "Las"}},
        {"row": 901, "cells": {"nik": "3375014107900012", "year": "20", "training": " "}},
    ]
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        first = await client.post("/alumni", json={"rows": rows + bad})
        assert verdicts(first) == {"accepted": len(rows), "refused": 2}
        assert [[one["reason"] for one in judged["problems"]] for judged in first.json()["results"][-2:]] == [
            ["nik_numeric"],
            ["missing", "not_a_year"],
        ]
        assert verdicts(await client.post("/alumni", json={"rows": rows})) == {"duplicate": len(rows)}
        await until(lambda: len(outsider.data(PriorTrainingRecorded)) == len(rows))
    assert all(set(one) == {"person_id", "programme_name", "year"} for one in outsider.data(PriorTrainingRecorded))


async def test_a_moved_training_start_corrects_ages(
    settings_for: SettingsFor, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker)
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        definition = open_now()
        await client.put("/programmes", json=definition)
        await register(client)
        definition["training"] |= {"starts": "2027-07-01", "ends": "2027-08-01"}
        for _ in range(2):
            await client.put("/programmes", json=definition)
        await until(lambda: outsider.data(ApplicantCorrected))
    assert [one["age"] for one in outsider.data(ApplicantCorrected)] == [28]


async def test_after_a_restore_no_number_is_given_that_may_have_been_given_since_the_backup(
    settings_for: SettingsFor, running: Running
) -> None:
    """Not by a form, not by an import that fills what was left open, not in a programme the backup does not know."""
    settings = settings_for(Settings, **KEYS)
    database = storage_of(settings, "registration").collection
    open_ = open_now()
    handed_in = datetime.now(JAKARTA).replace(tzinfo=None, microsecond=0).isoformat()
    rows = [{"row": n, "cells": {**ROW, "nik": f"337601410799{n:04d}", "submitted_at": handed_in}} for n in range(2, 9)]
    path = f"/programmes/{open_['code']}/imports/applicants"

    async def numbers(client: httpx.AsyncClient, code: str) -> list[int]:
        found = await database("applicants").find({"programme_code": code}, sort=[("number", 1)]).to_list(None)
        return [one["number"] for one in found]

    async def restored(skipped: int) -> None:
        told = {"finished": True, "versions_above": skipped, "numbers_skipped": skipped}
        await database("restored").update_one({"_id": "latest"}, {"$set": told}, upsert=True)

    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_)
        await client.post(path, json={"rows": rows[:3]})
        await database("applicants").delete_one({"number": 2})  # in the import that the disaster cut short
        assert await numbers(client, open_["code"]) == [1, 3]
    await restored(1000)
    async with running(build, settings, "registration") as client:
        await client.post(path, json={"rows": rows[:5]})
        await register(client, nik="3376014107990500")
        assert await numbers(client, open_["code"]) == [1, 3, 1004, 1005, 1006, 1007]
        await database("applicants").delete_one({"number": 1005})
        await client.post(path, json={"rows": rows[:5]})  # what was left open since then is filled
        assert await numbers(client, open_["code"]) == [1, 3, 1004, 1005, 1006, 1007]
        await client.put("/programmes", json={**open_, "code": "UJI-BARU"})
        await client.post("/programmes/UJI-BARU/imports/applicants", json={"rows": rows[:2]})
        assert await numbers(client, "UJI-BARU") == [1001, 1002]
    await restored(3000)  # a second time
    async with running(build, settings, "registration") as client:
        await client.post(path, json={"rows": rows})
        assert (await numbers(client, open_["code"]))[-2:] == [3008, 3009]


async def test_whoever_registers_themselves_is_told_what_is_wrong_and_finds_their_own_registration_alone(
    settings_for: SettingsFor, running: Running
) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=open_now())
        judged = "/programmes/LAS-2026/answers"
        wrong = (await client.post(judged, json={"cells": {**ROW, "nik": "12", "name": ""}})).json()
        assert wrong == {
            "problems": [{"column": "name", "reason": "missing"}, {"column": "nik", "reason": "nik_length"}],
            "warnings": [],
        }
        odd = (await client.post(judged, json={"cells": {**ROW, "phone": "0888-8888-888"}})).json()
        assert (odd["problems"], {"column": "phone", "reason": "phone_made_up"} in odd["warnings"]) == ([], True)
        # nobody was registered by that
        agreed = {"cells": ROW, "consent": "2026-11-26"}
        number = (await client.post("/programmes/LAS-2026/applicants", json=agreed)).json()["registration_no"]
        assert number == "LAS-2026-0001"
        own = {"registration_no": f" {number.lower()} ", "birth_date": "01-07-1999"}
        found = await client.post("/applicants/own", json=own)
        applicant_id = found.json()["applicant_id"]
        assert found.json() == {"applicant_id": applicant_id, "programme_code": "LAS-2026"}
        shown = (await client.get(f"/applicants/{applicant_id}")).json()
        assert shown["ledger"][0]["detail"] == {"number": number, "consent": "2026-11-26"}
        strangers = [
            {**own, "birth_date": "02-07-1999"}, {**own, "birth_date": "besok"}, {**own, "birth_date": None},
            {**own, "birth_date": 19990701}, {**own, "registration_no": "LAS-2026-0002"},
            {**own, "registration_no": "LAS-2026-00001"},  # attempts are counted by the number as it is written
            {**own, "registration_no": "-"}, {**own, "registration_no": "LAIN-0001"},
            {**own, "registration_no": "0000-00-00", "birth_date": "0000-00-00"},
        ]  # fmt: skip
        answers = [await client.post("/applicants/own", json=one) for one in strangers]
        assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
        who = {"nik": ROW["nik"], "reason": "surat", "dry_run": False, "despite_running": True}
        assert (await client.post("/people/erasure", json=who)).is_success
        assert (await client.post("/applicants/own", json=own)).text == answers[0].text


async def test_a_correction_of_what_has_changed_meanwhile_is_asked_again(
    settings_for: SettingsFor, running: Running
) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=open_now())
        person = f"/applicants/{(await register(client)).json()['applicant_id']}"
        seen = (await client.get(person)).json()["version"]
        first = {"cells": {"education": "S1"}, "reason": "ijazah", "expected_version": seen}
        assert (await client.post(f"{person}/corrections", json=first)).is_success
        # the same once more is no collision: there is nothing left to correct
        assert (await client.post(f"{person}/corrections", json=first)).is_success
        second = {"cells": {"education": "D3"}, "reason": "surat", "expected_version": seen}
        refused = await client.post(f"{person}/corrections", json=second)
        told = refused.json()
        assert (refused.status_code, told["code"], told["version"]) == (409, "changed_meanwhile", seen + 1)
        assert [(one["what"], one["reason"], one["detail"]["facts"]) for one in told["changes"]] == [
            ("corrected", "ijazah", {"education": ["SMA", "S1"]})
        ]
        held = (await client.get(person)).json()
        assert (held["facts"]["education"], held["version"]) == ("S1", seen + 1)
        again = {**second, "expected_version": seen + 1}
        assert (await client.post(f"{person}/corrections", json=again)).json()["education"] == "D3"
        # whoever says nothing of what they have seen decides as before
        assert (await client.post(f"{person}/corrections", json={**first, "expected_version": None})).is_success
