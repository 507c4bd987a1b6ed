"""Participant numbers of BPJS Ketenagakerjaan on a real database: sealed, one person's, forgotten with the person."""

import asyncio
from typing import Any

import httpx

from services.registration.app import build
from services.registration.settings import Settings
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
