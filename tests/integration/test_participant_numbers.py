"""Participant numbers of BPJS Ketenagakerjaan on a real database: sealed, one person's, forgotten with the person."""

import asyncio
from typing import Any

import httpx
import pytest

from services.registration.app import build
from services.registration.settings import Settings
from services.registration.store import Store
from services.registration.vault import Vault
from shared.service import storage_of
from tests.conftest import Running
from tests.integration.test_registration import KEYS, SettingsFor, open_now, register
from tests.integration.test_registration_privacy import SITI, in_every_collection, post
from tests.unit.registration_examples import ROW

KPJ, OTHER, THIRD, FOURTH = "25063771204", "25063771212", "25063771220", "25063771238"


async def enter(client: httpx.AsyncClient, **people: tuple[str | None, int]) -> dict[str, Any]:
    """`applicant=(number, seen)` of each."""
    typed = {who: {"kpj": kpj, "seen": seen} for who, (kpj, seen) in people.items()}
    answer = await post(client, "/programmes/LAS-2026/participant-numbers", people=typed)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


async def shown(client: httpx.AsyncClient, *applicant_ids: str) -> list[tuple[str | None, int]]:
    answer = (await post(client, "/people/participant-numbers", applicant_ids=applicant_ids)).json()["people"]
    return [(answer[one]["kpj"], answer[one]["changes"]) for one in applicant_ids]


async def test_typed_by_two_clerks_and_taken_from_a_sheet(settings_for: SettingsFor, running: Running) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        siti = (await register(client)).json()["applicant_id"]
        ani = (await register(client, nik="3376014107990013", name="Ani Lestari")).json()["applicant_id"]
        for changed in (1, 0):  # a form that is sent twice
            assert await enter(client, **{siti: (KPJ, 0)}) == {"changed": changed, "refused": []}
        told = await enter(client, **{siti: (OTHER, 0), ani: (KPJ, 0), "nobody": (THIRD, 0)})
        assert told == {
            "changed": 0,
            "refused": [
                {"applicant_id": siti, "reason": "kpj_changed_meanwhile"},
                {"applicant_id": ani, "reason": "kpj_of_another"},
                {"applicant_id": "nobody", "reason": "not_registered"},
            ],
        }
        assert (await enter(client, **{ani: ("12", 0)}))["refused"] == [{"applicant_id": ani, "reason": "kpj_length"}]
        assert await shown(client, siti, ani) == [("*******1204", 1), (None, 0)]

        # two people, one number, at the same moment
        both = await asyncio.gather(enter(client, **{siti: (THIRD, 1)}), enter(client, **{ani: (THIRD, 0)}))
        assert sorted(one["changed"] for one in both) == [0, 1]
        [refusal] = [one for told in both for one in told["refused"]]
        assert refusal["reason"] == "kpj_of_another"

        # from one to the other in one form, in whatever order they stand in it
        holder, other = (siti, ani) if both[0]["changed"] else (ani, siti)
        changes = dict(zip((siti, ani), [times for _, times in await shown(client, siti, ani)], strict=True))
        moved = await enter(client, **{other: (THIRD, changes[other]), holder: (None, changes[holder])})
        assert moved == {"changed": 2, "refused": []}

        rows = [
            {"row": 2, "applicant_id": siti, "cells": {"kpj": FOURTH}},
            {"row": 3, "applicant_id": ani, "cells": {"kpj": 25063771212}},
            {"row": 4, "applicant_id": "nobody", "cells": {"kpj": "25063771230"}},
            {"row": 5, "applicant_id": None, "cells": {"kpj": "x"}},
        ]
        before = await shown(client, siti, ani)
        sheet = "/programmes/LAS-2026/participant-numbers/rows"
        tried = (await post(client, f"{sheet}?dry_run=true", rows=rows)).json()["results"]
        assert await shown(client, siti, ani) == before
        judged = (await post(client, sheet, rows=rows)).json()["results"]
        assert judged == tried
        assert [one["verdict"] for one in judged] == ["accepted", "accepted", "refused", "refused"]
        assert [one["problems"][0]["reason"] for one in judged[2:]] == ["not_registered", "kpj_not_digits"]
        again = (await post(client, sheet, rows=rows[:2])).json()["results"]
        assert [one["verdict"] for one in again] == ["duplicate", "duplicate"]
        swapped = [{**rows[0], "cells": {"kpj": OTHER}}]
        judged = (await post(client, sheet, rows=swapped)).json()["results"]
        assert judged[0]["problems"][0]["reason"] == "kpj_of_another"


async def in_two_programmes(client: httpx.AsyncClient, name: str, nik_of_second: str) -> dict[str, str]:
    """Siti in LAS-2026, and somebody else in LAS-2027: their applicant ids by programme."""
    for code in ("LAS-2026", "LAS-2027"):
        await client.put("/programmes", json=open_now(code))
    cells = {**ROW, "nik": nik_of_second, "name": name}
    other = await client.post("/programmes/LAS-2027/applicants", json={"cells": cells})
    return {"LAS-2026": (await register(client)).json()["applicant_id"], "LAS-2027": other.json()["applicant_id"]}


async def test_of_two_programmes_at_the_same_instant_one_person_gets_it(
    settings_for: SettingsFor, running: Running
) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as one, running(build, settings, "registration") as other:
        people = await in_two_programmes(one, "Ani Lestari", "3376014107990013")

        async def typed(client: httpx.AsyncClient, code: str, number: str, seen: int) -> dict[str, Any]:
            body = {people[code]: {"kpj": number, "seen": seen}}
            return dict((await post(client, f"/programmes/{code}/participant-numbers", people=body)).json())

        held = dict.fromkeys(people, 0)
        for turn in range(12):
            number = f"250700000{turn:02}"
            clients = (one, other) if turn % 2 else (one, one)
            told = await asyncio.gather(
                *(typed(client, code, number, held[code]) for client, code in zip(clients, people, strict=True))
            )
            assert sorted(each["changed"] for each in told) == [0, 1], (turn, told)
            [refusal] = [each for answer in told for each in answer["refused"]]
            assert refusal["reason"] == "kpj_of_another"
            for code, answer in zip(people, told, strict=True):
                held[code] += answer["changed"]
        assert sum(held.values()) == 12

        # and one person who is in both gets it in both, pressed twice in each
        await one.post("/programmes/LAS-2027/applicants", json={"cells": {**ROW, "nik": SITI}})
        hers = await one.post("/programmes/LAS-2027/search", json={"nik": SITI})
        [second] = hers.json()["applicant_ids"]
        both = {"LAS-2026": (people["LAS-2026"], held["LAS-2026"]), "LAS-2027": (second, 0)}
        answers = await asyncio.gather(
            *(
                post(client, f"/programmes/{code}/participant-numbers", people={who: {"kpj": FOURTH, "seen": seen}})
                for client in (one, other)
                for code, (who, seen) in both.items()
            )
        )
        assert sorted(answer.json()["changed"] for answer in answers) == [0, 0, 1, 1]
        assert all(answer.json()["refused"] == [] for answer in answers)


async def test_who_waits_between_looking_and_keeping_does_not_keep_what_somebody_else_got_meanwhile(
    settings_for: SettingsFor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has claimed the number and seen that nobody holds it, and then its process stands still."""
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as slow:
        people = await in_two_programmes(slow, "Ani Lestari", "3376014107990013")
        looked, go_on = asyncio.Event(), asyncio.Event()
        holders = Store.kpj_holders

        async def look_and_wait(store: Store, kpj: str) -> set[str]:
            found = await holders(store, kpj)
            looked.set()
            await go_on.wait()
            return found

        def typed(code: str) -> Any:
            body = {people[code]: {"kpj": KPJ, "seen": 0}}
            return post(slow, f"/programmes/{code}/participant-numbers", people=body)

        monkeypatch.setattr(Store, "kpj_holders", look_and_wait)
        first = asyncio.create_task(typed("LAS-2026"))
        await looked.wait()
        monkeypatch.setattr(Store, "kpj_holders", holders)
        assert (await typed("LAS-2027")).json() == {"changed": 1, "refused": []}
        go_on.set()
        refused = (await first).json()
        assert refused == {
            "changed": 0,
            "refused": [{"applicant_id": people["LAS-2026"], "reason": "kpj_of_another"}],
        }
        storage = storage_of(settings, "registration")
        claims = storage.collection("kpj_claims")
        assert await claims.find({}).to_list(None) == []  # nothing is left of either

        # one that a crash has left behind is in nobody's way
        vault = Vault(KEYS["field_keys"], KEYS["person_key"])
        left = {"_id": vault.kpj_token(OTHER), "claimants": [people["LAS-2026"]], "nonce": "x"}
        await claims.insert_one(left)
        storage.close()
        body = {people["LAS-2027"]: {"kpj": OTHER, "seen": 1}}
        told = await post(slow, "/programmes/LAS-2027/participant-numbers", people=body)
        assert told.json() == {"changed": 1, "refused": []}


async def test_it_is_revealed_on_record_exported_and_erased(settings_for: SettingsFor, running: Running) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        siti = (await register(client)).json()["applicant_id"]
        await enter(client, **{siti: (KPJ, 0)})
        asked = {"applicant_ids": [siti], "fields": ["kpj"], "reason": f"kartu {KPJ}"}
        assert (await post(client, "/people/reveal", **asked)).json()["people"] == {siti: {"kpj": KPJ}}
        known = (await client.get(f"/applicants/{siti}")).json()
        assert [(one["fields"], one["reason"]) for one in known["reveals"]] == [(["kpj"], "kartu …")]
        assert KPJ not in str(known) and KPJ not in await in_every_collection(settings)
        held = (await post(client, "/people/export", nik=SITI, reason="akses")).json()
        assert held["registrations"][0]["person"]["kpj"] == KPJ

        # it goes with the person into another programme, and nobody else has it there
        await client.put("/programmes", json=open_now("LAS-2027"))
        hers = (await client.post("/programmes/LAS-2027/applicants", json={"cells": {**ROW, "nik": SITI}})).json()
        typed = {hers["applicant_id"]: {"kpj": KPJ, "seen": 0}}
        kept = await post(client, "/programmes/LAS-2027/participant-numbers", people=typed)
        assert kept.json() == {"changed": 1, "refused": []}
        cells = {**ROW, "nik": "3376014107990013", "name": "Ani Lestari"}
        other = (await client.post("/programmes/LAS-2027/applicants", json={"cells": cells})).json()
        typed = {other["applicant_id"]: {"kpj": KPJ, "seen": 0}}
        refused = (await post(client, "/programmes/LAS-2027/participant-numbers", people=typed)).json()["refused"]
        assert [one["reason"] for one in refused] == ["kpj_of_another"]

        erased = {"nik": SITI, "reason": "diminta", "dry_run": False, "despite_running": True}
        assert (await post(client, "/people/erasure", **erased)).is_success
        assert (await shown(client, siti)) == [(None, 1)]
        assert (await enter(client, **{siti: (KPJ, 1)}))["refused"] == [{"applicant_id": siti, "reason": "erased"}]
        # then the number is nobody's: given to the wrong person it can be put right
        assert (await post(client, "/programmes/LAS-2027/participant-numbers", people=typed)).json()["changed"] == 1


async def test_one_that_cannot_be_read_hides_no_others_and_is_typed_anew(
    settings_for: SettingsFor, running: Running
) -> None:
    settings = settings_for(Settings, **KEYS)
    async with running(build, settings, "registration") as client:
        await client.put("/programmes", json=open_now())
        siti = (await register(client)).json()["applicant_id"]
        ani = (await register(client, nik="3376014107990013", name="Ani Lestari")).json()["applicant_id"]
        assert (await enter(client, **{siti: (KPJ, 0), ani: (OTHER, 0)}))["changed"] == 2
        storage = storage_of(settings, "registration")
        applicants = storage.collection("applicants")
        kept = (await applicants.find_one({"_id": siti}))["sealed"]["kpj"]

        async def told() -> dict[str, Any]:
            asked = await post(client, "/people/participant-numbers", applicant_ids=[siti, ani])
            assert asked.status_code == httpx.codes.OK, asked.text
            return dict(asked.json()["people"])

        for spoiled in ("k1:AAAA", "lost:" + kept.partition(":")[2]):
            await applicants.update_one({"_id": siti}, {"$set": {"sealed.kpj": spoiled}})
            assert await told() == {
                siti: {"kpj": None, "changes": 1, "erased": False, "unreadable": ["kpj"]},
                ani: {"kpj": "*******1212", "changes": 1, "erased": False, "unreadable": []},
            }
        # names of both are still shown: the number has nothing to do with them
        names = await post(client, "/people/reveal", applicant_ids=[siti, ani], fields=["name"], reason="Ani datang")
        assert len(names.json()["people"]) == 2
        # the same number or another: it is sealed anew
        assert await enter(client, **{siti: (KPJ, 1)}) == {"changed": 1, "refused": []}
        assert (await told())[siti] == {"kpj": "*******1204", "changes": 2, "erased": False, "unreadable": []}
        await applicants.update_one({"_id": siti}, {"$set": {"sealed.kpj": "k1:AAAA"}})
        assert await enter(client, **{siti: (None, 2)}) == {"changed": 1, "refused": []}
        assert (await told())[siti] == {"kpj": None, "changes": 3, "erased": False, "unreadable": []}
        storage.close()
