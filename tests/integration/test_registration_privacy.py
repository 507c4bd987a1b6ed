"""Access, erasure, retention and new keys on a real database: nothing half done, nobody back by accident."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx

from services.registration.app import build
from services.registration.settings import Settings
from shared.cells import JAKARTA
from shared.service import storage_of
from tests.conftest import Running
from tests.integration.test_registration import KEYS, PERSONAL, SettingsFor, open_now, register
from tests.unit.registration_examples import ROW

SITI = "3376014107990012"
OLD, NEW = "k1:" + "f" * 32, "k2:" + "g" * 32


def ended(code: str, **more: Any) -> dict[str, Any]:
    """A programme whose registration is open although its training is over: what was handed in late."""
    long_ago = {"starts": "2020-02-16", "ends": "2020-03-13"}
    return {**open_now(code), "training": long_ago, "selection": _without_reserves(open_now(code)), **more}


def _without_reserves(definition: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in definition["selection"].items() if name != "reserve_until"}


def to_come(code: str = "LAS-2026") -> dict[str, Any]:
    """A programme whose training begins next week."""
    starts = datetime.now(JAKARTA).date() + timedelta(days=7)
    training = {"starts": starts.isoformat(), "ends": (starts + timedelta(days=20)).isoformat()}
    return ended(code, training=training)


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post(path, json=body)


async def in_every_collection(settings: Settings) -> str:
    """Everything registration's database holds, as text."""
    storage = storage_of(settings, "registration")
    database = storage.collection("applicants").database
    names = [name for name in await database.list_collection_names() if not name.startswith("system.")]
    found = [str(await database[name].find({}).to_list(None)) for name in names]
    storage.close()
    return "\n".join(found)


async def test_somebody_asks_what_is_held_and_then_to_be_forgotten(settings_for: SettingsFor, running: Running) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=to_come())
        first = (await register(client, "siti-form")).json()
        applicant_id = first["applicant_id"]
        others = (await register(client, nik="3376014107990013", name="Ani Lestari")).json()
        await post(client, "/people/reveal", applicant_ids=[applicant_id], fields=["name"], reason="telepon Siti")

        exported = (
            await post(client, "/people/export", nik="3376.0141.0799.0012", reason="Siti datang sendiri")
        ).json()
        (registration,) = exported["registrations"]
        assert registration["person"]["name"] == "Siti Nur AMINAH"
        assert registration["person"]["phone"] == "+6281234500987"
        assert [(one["by"], one["fields"][0], one["reason"]) for one in registration["reveals"]] == [
            ("petugas", "name", "telepon …"),
            ("petugas", "name", "… datang sendiri"),
        ]
        unknown = await post(client, "/people/export", nik="3376014107990099", reason="x")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_person")
        unusable = await post(client, "/people/export", nik="33760141079900", reason="x")
        assert unusable.status_code == 422 and "33760141079900" not in unusable.text

        planned = (await post(client, "/people/erasure", nik=SITI, reason="permintaan")).json()
        assert planned["dry_run"] is True
        assert {"name", "nik", "phone"} <= set(planned["registrations"][0]["fields"])
        assert (await client.get(f"/applicants/{applicant_id}")).json()["name"] == "S*** N*** A***"

        refused = await post(client, "/people/erasure", nik=SITI, reason="permintaan", dry_run=False)
        assert (refused.status_code, refused.json()["code"]) == (409, "programme_running")
        assert refused.json()["registration_nos"] == [first["registration_no"]]
        forced = {"nik": SITI, "reason": "permintaan", "dry_run": False, "despite_running": True}
        assert (await post(client, "/people/erasure", **forced)).json()["registrations"][0]["fields"] == []
        assert (await post(client, "/people/erasure", **forced)).json()["registrations"][0]["fields"] == []

        shown = (await client.get(f"/applicants/{applicant_id}")).json()
        assert (shown["name"], shown["nik"], shown["initials"]) == ("dihapus / erased",) * 3
        assert [one["what"] for one in shown["ledger"]] == ["registered", "erased"]
        revealed = await post(client, "/people/reveal", applicant_ids=[applicant_id], fields=["nik"])
        assert revealed.json() == {"people": {}, "erased": [applicant_id]}
        searched = await post(client, "/programmes/LAS-2026/search", name="siti nur")
        assert searched.json()["applicant_ids"] == []
        for path, body in (
            ("corrections", {"cells": {"name": "Ani"}, "reason": "salah"}),
            ("withdrawal", {"reason": "pindah"}),
        ):
            answer = await post(client, f"/applicants/{applicant_id}/{path}", **body)
            assert (answer.status_code, answer.json()["code"]) == (409, "erased")

        # nobody twice: the same person is found by the person id, and the old file brings nothing back
        again = await register(client, "siti-form")
        assert (again.status_code, again.json()["registration_no"]) == (409, first["registration_no"])
        row = {"row": 2, "cells": {**ROW, "submitted_at": datetime.now(JAKARTA).isoformat(timespec="seconds")}}
        imported = await client.post("/programmes/LAS-2026/imports/applicants", json={"rows": [row]})
        told = [one for line in imported.iter_lines() for one in json.loads(line)["results"]]
        assert [one["verdict"] for one in told] == ["duplicate"]
        assert (await client.get(f"/applicants/{applicant_id}")).json()["name"] == "dihapus / erased"
        # in another programme they may register again, as the same person
        await client.put("/programmes", json=to_come("LAS-2027"))
        later = await client.post("/programmes/LAS-2027/applicants", json={"cells": ROW})
        held = (await client.get(f"/applicants/{later.json()['applicant_id']}")).json()
        assert held["name"] == "S*** N*** A***" and held["person_id"] == shown["person_id"]
        await post(client, "/people/erasure", **forced)

        day = (await client.get("/reveals")).json()["items"]
        # one reveal, one export; searches: five for erasures, one for an unknown person, one by name
        assert [(one["by"], one["reveals"], one["searches"], one["people"]) for one in day] == [("petugas", 2, 7, 2)]
        assert (await client.get(f"/applicants/{others['applicant_id']}")).json()["name"] == "A*** L***"
    kept = await in_every_collection(settings)
    assert not [said for said in (*PERSONAL, "siti-form", "Ani Lestari") if said in kept]


async def test_a_correction_beside_an_erasure_is_either_forgotten_or_refused(
    settings_for: SettingsFor, running: Running
) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=open_now())
        applicant_id = (await register(client)).json()["applicant_id"]
        corrections = [
            post(client, f"/applicants/{applicant_id}/corrections", cells={"phone": f"081300000{n:02}"}, reason="baru")
            for n in range(12)
        ]
        erase = {"nik": SITI, "reason": "permintaan", "dry_run": False, "despite_running": True}
        answers = await asyncio.gather(*corrections[:6], post(client, "/people/erasure", **erase), *corrections[6:])
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert (await client.get(f"/applicants/{applicant_id}")).json()["name"] == "dihapus / erased"


async def test_a_programme_whose_time_is_over_is_forgotten_and_no_other(
    settings_for: SettingsFor, running: Running
) -> None:
    async with running(build, settings_for(Settings, **KEYS), "registration") as client:
        await client.put("/programmes", json=ended("LAMA", retention={"personal_data_months": 12}))
        await client.put("/programmes", json=ended("SIMPAN"))
        recent = (datetime.now(JAKARTA) - timedelta(days=40)).date().isoformat()
        training = {"starts": "2020-02-16", "ends": recent}
        await client.put("/programmes", json=ended("BARU", training=training, retention={"personal_data_months": 12}))
        ids = {}
        for code in ("LAMA", "SIMPAN", "BARU"):
            answer = await client.post(f"/programmes/{code}/applicants", json={"cells": ROW})
            ids[code] = answer.json()["applicant_id"]

        planned = (await post(client, "/retention")).json()
        assert [(one["programme_code"], one["kept_until"], one["people"]) for one in planned["programmes"]] == [
            ("LAMA", "2021-03-13", 1)
        ]
        assert planned["erased"] == 0
        assert (await post(client, "/retention", dry_run=False)).json()["erased"] == 1
        assert (await post(client, "/retention", dry_run=False)).json() == {
            "dry_run": False,
            "erased": 0,
            "programmes": [],
        }
        names = {code: (await client.get(f"/applicants/{id_}")).json()["name"] for code, id_ in ids.items()}
        assert names == {"LAMA": "dihapus / erased", "SIMPAN": "S*** N*** A***", "BARU": "S*** N*** A***"}
        ledger = (await client.get(f"/applicants/{ids['LAMA']}")).json()["ledger"]
        assert (ledger[-1]["what"], ledger[-1]["reason"]) == ("erased", "retention")


async def test_a_new_key_seals_everybody_beside_corrections(settings_for: SettingsFor, running: Running) -> None:
    def with_keys(keys: str) -> Settings:
        settings: Settings = settings_for(Settings, field_keys=keys, person_key="p" * 32)
        return settings

    async with running(build, with_keys(OLD), "registration") as client:
        await client.put("/programmes", json=open_now())
        niks = [f"33760141079900{number:02}" for number in range(20, 50)]
        ids = [(await register(client, nik=nik)).json()["applicant_id"] for nik in niks]

    async with running(build, with_keys(f"{NEW},{OLD}"), "registration") as client:
        assert (await client.get("/keys")).json() == {
            "sealing": "k2",
            "keys": [{"id": "k2", "present": True, "applicants": 0}, {"id": "k1", "present": True, "applicants": 30}],
        }
        rotations = [post(client, "/keys/rotation") for _ in range(2)]
        corrections = [
            post(client, f"/applicants/{one}/corrections", cells={"name": f"Nama Baru {n}"}, reason="ejaan")
            for n, one in enumerate(ids)
        ]
        answers = await asyncio.gather(*rotations, *corrections)
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].json()["next"] is None and answers[0].json()["unreadable"] == []
        assert [one["applicants"] for one in (await client.get("/keys")).json()["keys"]] == [30, 0]

    async with running(build, with_keys(NEW), "registration") as client:  # the old key is gone
        revealed = (await post(client, "/people/reveal", applicant_ids=ids, fields=["name", "nik"])).json()["people"]
        assert [revealed[one] for one in ids] == [{"name": f"Nama Baru {n}", "nik": nik} for n, nik in enumerate(niks)]

    async with running(build, with_keys("k3:" + "h" * 32), "registration") as client:  # taken away too early
        shown = await client.get(f"/applicants/{ids[0]}")
        assert (shown.status_code, shown.json()["code"], shown.json()["key_id"]) == (503, "field_key_missing", "k2")
        assert (await post(client, "/keys/rotation")).json()["unreadable"] == sorted(ids)
        wanted = {"nik": niks[0], "reason": "kertas dari Nama Baru"}
        assert (await post(client, "/programmes/LAS-2026/search", **wanted)).json()["applicant_ids"] == [ids[0]]
        assert (await post(client, "/people/erasure", nik=niks[0], reason="permintaan")).status_code == 200
        missing = (await client.get("/keys")).json()["keys"][-1]
        assert missing == {"id": "k2", "present": False, "applicants": 30}


async def test_fields_swapped_in_the_database_are_noticed(settings_for: SettingsFor, running: Running) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        one, other = [(await register(client, nik=f"337601410799002{n}")).json()["applicant_id"] for n in (0, 1)]
        storage = storage_of(settings, "registration")
        applicants = storage.collection("applicants")
        stolen = (await applicants.find_one({"_id": other}))["sealed"]["name"]
        await applicants.update_one({"_id": one}, {"$set": {"sealed.name": stolen}})
        storage.close()
        shown = await client.get(f"/applicants/{one}")
        assert (shown.status_code, shown.json()["code"]) == (503, "sealed_value_damaged")
        assert shown.json()["place"] == f"{one}/name"


async def test_other_services_are_told_nothing_by_which_somebody_is_known(
    settings_for: SettingsFor, running: Running
) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        applicant_id = (await register(client)).json()["applicant_id"]
        asked = {"niks": [SITI, "3376014107990099"], "texts": [["Warung siti nur  aminah, Siti"], ["Siti Nur Aminah"]]}
        assert (await post(client, "/programmes/LAS-2026/resolve", **asked)).json()["people"] == [
            {"applicant_id": applicant_id, "texts": ["Warung …, Siti"]},
            {"reason": "not_registered", "texts": ["Siti Nur Aminah"]},
        ]
        said = await post(
            client, f"/applicants/{applicant_id}/discretion", reason=f"kata Siti ({SITI}), 0812-3450-0987"
        )
        assert said.json() == {"reason": "kata … (…), …"}
        for written, kept in (("No. 12345678901 siti nur  AMINAH", "No. 12345678901 …"), ("Siti 1", "Siti 1")):
            assert (await post(client, f"/applicants/{applicant_id}/unnamed", text=written)).json() == {"text": kept}
        rows = [
            {
                "row": 2,
                "cells": {"nik": SITI, "name": "Siti Nur Aminah", "year": 2020, "training": "Kelas Siti nur aminah"},
            }
        ]
        await client.post("/alumni", json={"rows": rows})
        held = (await post(client, "/people/export", nik=SITI, reason="akses")).json()
        assert held["earlier_trainings"] == [{"training": "Kelas …", "year": 2020}]
