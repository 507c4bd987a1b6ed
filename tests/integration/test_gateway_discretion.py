"""Who looks for people is on record, nobody is answered in another's name, and words about people are not for all."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from services.registration import reveals
from services.registration.settings import Settings as RegistrationSettings
from shared.audit.chain import Chunk
from shared.audit.trail import Trail
from shared.service import storage_of
from tests.events import until
from tests.integration.test_gateway import KEYS, Whole, definition, form, nik, register, sheet, whole

__all__ = ["whole"]

API = "/api/v1"
SEARCH = f"{API}/programmes/UJI-1/applicants/search"
OK, CREATED, CONFLICT, TOO_MANY = 200, 201, 409, 429
UNKNOWN_NIK = "3375010101009999"


async def staff(admin: httpx.AsyncClient, role: str, name: str | None = None) -> dict[str, str]:
    """The headers of a new member of staff."""
    added = await admin.post(f"{API}/users", json={"name": name or f"{role}-1", "role": role})
    assert added.status_code == CREATED, added.text
    return {"Authorization": f"Bearer {added.json()['token']}"}


async def everything_kept(settings_for: Callable[..., Any]) -> str:
    """All that registration's two databases hold, as text."""
    storage = storage_of(settings_for(RegistrationSettings, **KEYS), "registration")
    found = [storage.collection("applicants").database, storage.audit.database]
    kept = [
        str(await database[name].find({}).to_list(None))
        for database in found
        for name in await database.list_collection_names()
    ]
    storage.close()
    return "\n".join(kept)


async def test_whoever_searches_by_a_name_or_a_nik_is_on_record_and_what_they_sought_is_not(
    whole: Whole, settings_for: Callable[..., Any]
) -> None:
    async with whole.gateway() as admin:
        someone, other = await register(admin, 2)
        certifier, registrar = await staff(admin, "certifier"), await staff(admin, "registrar")
        found = await admin.post(SEARCH, json={"nik": nik(0)}, headers={**certifier, "X-Reveal-Reason": "kertas Orang"})
        assert [one["applicant_id"] for one in found.json()["items"]] == [someone["applicant_id"]]
        for wanted in ({"name": "zulkarnain"}, {"nik": UNKNOWN_NIK}, {"nik": "12", "name": "zulkarnain"}):
            missed = await admin.post(SEARCH, json=wanted, headers={**certifier, "X-Reveal-Reason": "Zulkarnain?"})
            assert missed.json()["items"] == []
        await admin.post(SEARCH, json={"registration_no": someone["registration_no"]}, headers=certifier)

        day = (await admin.get(f"{API}/reveals")).json()["items"]
        assert day == [
            {
                "by": "certifier-1",
                "reveals": 0,
                "searches": 4,
                "people": 1,
                "in_sheets": 0,
                "fields": [],
                "sought": ["name", "nik"],
                "without_reason": 0,
            }
        ]
        asked = {"nik": nik(0), "reason": "datang sendiri"}
        dry = (await admin.post(f"{API}/people/erasure", json=asked, headers=registrar)).json()
        assert dry["dry_run"] is True
        exported = (await admin.post(f"{API}/people/export", json=asked, headers=registrar)).json()
        seen = exported["registrations"][0]["registration"]["reveals"]
        assert [(one["by"], one["sought"], bool(one["fields"]), one["reason"]) for one in seen] == [
            ("certifier-1", ["nik"], False, "kertas …"),
            ("registrar-1", ["nik"], False, "datang sendiri"),
            ("registrar-1", [], True, "datang sendiri"),
        ]
        untouched = (await admin.get(f"{API}/applicants/{other['applicant_id']}")).json()
        assert untouched["registration"]["reveals"] == []

        async def audited() -> list[dict[str, Any]]:
            query = {"service": "registration", "by": "certifier-1"}
            items: list[dict[str, Any]] = (await admin.get(f"{API}/audit/entries", params=query)).json()["items"]
            return items

        await until(lambda: _has(audited, 4))
        assert [(one["what"], one["detail"]) for one in await audited()][:2] == [
            ("searched", {"applicant_ids": [someone["applicant_id"]], "sought": ["nik"]}),
            ("searched", {"applicant_ids": [], "sought": ["name"]}),
        ]
    kept = await everything_kept(settings_for)
    assert someone["applicant_id"] in kept
    assert not [said for said in (nik(0), UNKNOWN_NIK, "ulkarnain") if said in kept]


async def _has(listed: Callable[[], Awaitable[list[Any]]], many: int) -> bool:
    return len(await listed()) >= many


async def test_whom_the_niks_of_a_sheet_name_is_on_record(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reveals, "_MOST_PEOPLE", 2)
    async with whole.gateway() as admin:
        people = await register(admin, 5)
        selector = await staff(admin, "selector")
        rows = [{"NIK": one, "Nilai Tes Tertulis": 140, "Nilai Wawancara": 1} for one in [*map(nik, range(3)), "1"]]
        file = {"file": ("x.csv", sheet([*rows, {**rows[0], "NIK": UNKNOWN_NIK}]))}
        report = await admin.post(f"{API}/programmes/UJI-1/imports/scores", files=file, headers=selector)
        assert report.json()["accepted"] == 0, "nothing is changed by it, and still it tells who is registered"
        (day,) = (await admin.get(f"{API}/reveals")).json()["items"]
        assert (day["by"], day["in_sheets"], day["people"], day["searches"]) == ("selector-1", 3, 0, 0)
        for place, one in enumerate(people):
            dossier = (await admin.get(f"{API}/applicants/{one['applicant_id']}")).json()
            told = [(seen["by"], seen["what"], seen["sought"]) for seen in dossier["registration"]["reveals"]]
            assert told == ([("selector-1", "imported", ["nik"])] if place < 3 else [])


async def test_niks_that_nobody_has_are_tried_a_few_times_an_hour_and_no_more(whole: Whole) -> None:
    async with whole.gateway() as admin:
        await register(admin, 1)
        certifier, placement = await staff(admin, "certifier"), await staff(admin, "placement")
        registrar = await staff(admin, "registrar")

        async def guess(number: int, who: dict[str, str]) -> int:
            wanted = {"nik": f"337501010100{9000 + number}"}
            return (await admin.post(SEARCH, json=wanted, headers=who)).status_code

        # who finds somebody is not guessing
        for _ in range(35):
            assert (await admin.post(SEARCH, json={"nik": nik(0)}, headers=certifier)).status_code == OK
        answers = await asyncio.gather(*(guess(number, certifier) for number in range(40)))
        assert (answers.count(OK), answers.count(TOO_MANY)) == (30, 10)
        refused = await admin.post(SEARCH, json={"nik": nik(0)}, headers=certifier)
        assert refused.status_code == TOO_MANY, "a hit would tell as much as a miss"
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert (await admin.post(SEARCH, json={"name": "orang"}, headers=certifier)).status_code == OK
        assert await guess(0, placement) == OK

        for number in range(30):
            asked = {"nik": f"337501010100{9000 + number}", "reason": "x"}
            path = ("export", "erasure")[number % 2]
            assert (await admin.post(f"{API}/people/{path}", json=asked, headers=registrar)).status_code == 404
        asked = {"nik": UNKNOWN_NIK, "reason": "x"}
        for path in ("export", "erasure"):
            assert (await admin.post(f"{API}/people/{path}", json=asked, headers=registrar)).status_code == TOO_MANY


async def test_a_key_is_its_users_own_by_whatever_token(whole: Whole) -> None:
    async with whole.gateway() as admin:
        await admin.post(f"{API}/programmes", json=definition())
        rina, budi = [await staff(admin, "registrar", name) for name in ("rina", "budi")]
        key = {"Idempotency-Key": "the same key"}
        applicants = f"{API}/programmes/UJI-1/applicants"
        first = await admin.post(applicants, json=form(0), headers={**rina, **key})
        assert first.status_code == CREATED
        others = await admin.post(applicants, json=form(0), headers={**budi, **key})
        assert (others.status_code, others.json()["code"]) == (CONFLICT, "duplicate")
        another = await admin.post(f"{API}/users/rina/tokens", json={"label": "laptop"})
        with_another = {"Authorization": f"Bearer {another.json()['token']}", **key}
        again = await admin.post(applicants, json=form(0), headers=with_another)
        assert (again.status_code, again.json()) == (CREATED, first.json())

        second = await staff(admin, "admin", "admin-2")
        new = {"name": "sari", "role": "viewer"}
        added = await admin.post(f"{API}/users", json=new, headers=key)
        taken = await admin.post(f"{API}/users", json=new, headers={**second, **key})
        assert (added.status_code, taken.status_code, taken.json()["code"]) == (CREATED, CONFLICT, "user_exists")
        # nor has the second administrator's try taken away the token that the first one has handed on
        theirs = {"Authorization": f"Bearer {added.json()['token']}"}
        assert (await admin.get(f"{API}/session", headers=theirs)).json()["name"] == "sari"
        assert (await admin.post(f"{API}/users", json=new, headers=key)).status_code == CREATED


async def test_words_about_people_are_for_roles_that_see_health_and_codes_for_all(whole: Whole) -> None:
    async with whole.gateway() as admin:
        someone, other = await register(admin, 2, **{"Status saat ini": "Bekerja"})
        operator, certifier = await staff(admin, "operator"), await staff(admin, "certifier")
        ids = someone["applicant_id"], other["applicant_id"]
        await admin.post(f"{API}/applicants/{ids[0]}/withdrawal", json={"reason": "sakit keras"})
        overruled = {"rule": "employed", "reason": "kontrak habis karena sakit"}
        assert (await admin.post(f"{API}/applicants/{ids[1]}/overrules", json=overruled)).status_code == OK
        wanted = {"fields": ["name"], "reason": "sakit, ditelepon"}
        assert (await admin.post(f"{API}/applicants/{ids[0]}/reveal", json=wanted)).status_code == OK
        await admin.post(f"{API}/rebuild", json={"reason": "disk diganti"})

        async def told(who: dict[str, str]) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            for service in ("registration", "selection", "certification", "placement", "gateway"):
                query = {"service": service, "limit": "200"}
                found += (await admin.get(f"{API}/audit/entries", params=query, headers=who)).json()["items"]
            return found

        async def all_there() -> bool:
            deeds = [one["what"] for one in await told({})]
            withdrawn = deeds.count("withdrawn") >= 2
            return withdrawn and {"rule_overruled", "revealed", "rebuild_asked"} <= set(deeds)

        await until(all_there, 30)
        assert json.dumps(await told({})).count("sakit") >= 4
        entries = await told(operator)
        assert "sakit" not in json.dumps(entries)
        by_code = {one["what"]: one for one in entries}
        assert (by_code["rule_overruled"]["reason"], by_code["rule_overruled"]["detail"]) == ("…", {"rule": "employed"})
        assert by_code["rebuild_asked"]["reason"] == "disk diganti", "operators' own, about nobody"
        assert "employed" in json.dumps(by_code["screened"]["detail"])

        for applicant_id in ids:
            dossier = (await admin.get(f"{API}/applicants/{applicant_id}", headers=certifier)).json()
            assert "sakit" not in json.dumps(dossier)
            assert "sakit" in (await admin.get(f"{API}/applicants/{applicant_id}")).text
        assert dossier["selection"]["overruled"] == {"employed": "…"}


async def test_one_verification_of_the_audits_at_a_time(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks, go, begun = Trail.chunks, asyncio.Event(), asyncio.Event()

    async def slowly(trail: Trail, after: int = 0) -> AsyncIterator[Chunk]:
        begun.set()
        await go.wait()
        async for chunk in chunks(trail, after):
            yield chunk

    monkeypatch.setattr(Trail, "chunks", slowly)
    async with whole.gateway() as admin:
        operator = await staff(admin, "operator")
        address = f"{API}/audit/verify"
        first = asyncio.create_task(admin.get(address))
        await begun.wait()
        for service in ("selection", "gateway"):
            second = await admin.get(address, params={"service": service}, headers=operator)
            assert (second.status_code, second.json()["code"]) == (TOO_MANY, "verification_running")
            assert int(second.headers["retry-after"]) > 0
        go.set()
        verdicts = [json.loads(line) for line in (await first).text.splitlines()]
        assert len([one for one in verdicts if "verdict" in one]) == 5

        # who goes away in the middle leaves nothing locked
        go.clear()
        begun.clear()
        leaving = asyncio.create_task(admin.get(address))
        await begun.wait()
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)

        async def free() -> bool:
            async with admin.stream("GET", address, headers=operator) as answer:
                return answer.status_code == OK

        await until(free)
        go.set()
