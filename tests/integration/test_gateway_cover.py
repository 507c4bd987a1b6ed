"""Cover by BPJS Ketenagakerjaan through the gateway: who records it, who sees numbers, and the list to upload."""

import asyncio
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import openpyxl

from services.registration.settings import Settings as Registration
from shared.service import storage_of
from tests.events import until
from tests.integration.test_gateway import KEYS, gateway, get, in_days, nik, post, register, sheet, taken, user, whole

__all__ = ["gateway", "whole"]

CLASS = "/programmes/UJI-1/classes/A"
WHY = {"X-Reveal-Reason": "Pendaftaran BPJS"}
KPJ, OTHER = "25063771204", "25063771212"


async def accepted(gateway: httpx.AsyncClient) -> list[str]:
    """Two of class A; their applicant ids."""
    people = [one["applicant_id"] for one in await register(gateway, 2)]
    scores = [{"NIK": nik(n), "Nilai Tes Tertulis": 90 - n, "Nilai Wawancara": 80} for n in range(2)]
    await taken(gateway, "/programmes/UJI-1/imports/scores", sheet(scores))
    simulated = await post(gateway, "/programmes/UJI-1/selection/simulate")
    await post(gateway, "/programmes/UJI-1/selection/decide", {"run_id": simulated["run_id"]})
    await until(lambda: _of_class(gateway, 2))
    return people


async def _of_class(gateway: httpx.AsyncClient, count: int) -> bool:
    return len((await get(gateway, f"{CLASS}/cover"))["people"]) == count


def read(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    heading, *rows = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows]


async def test_a_class_is_covered_and_uploaded_by_whoever_may(gateway: httpx.AsyncClient) -> None:
    first, second = await accepted(gateway)
    certifier, registrar, viewer = [await user(gateway, role) for role in ("certifier", "registrar", "viewer")]
    cover, numbers = f"/api/v1{CLASS}/cover", "/api/v1/programmes/UJI-1/participant-numbers"
    upload = f"/api/v1{CLASS}/cover-list.xlsx"
    shown = await get(gateway, f"{CLASS}/cover")
    starts, ends = shown["starts"], shown["ends"]
    [missing] = (await get(gateway, "/cover/missing"))["classes"]
    assert (missing["class_code"], missing["due"], missing["covered"]) == ("A", 2, 0)

    wanted = {"insurances": ["jkk", "jkm"], "starts": starts, "ends": ends, "state": "active"}
    body = {**wanted, "people": {first: 0}}
    assert (await gateway.post(cover, json=body, headers=viewer)).status_code == 403
    for changed in (1, 0):
        assert (await gateway.post(cover, json=body, headers=certifier)).json() == {"changed": changed, "refused": []}
    cancelled = {**wanted, "state": "cancelled", "people": {first: 0}}
    assert (await gateway.post(cover, json=cancelled, headers=registrar)).json()["code"] == "reason_missing"
    late = await gateway.post(cover, json={**cancelled, "reason": "salah"}, headers=registrar)
    assert late.json()["refused"] == [{"applicant_id": first, "reason": "changed_meanwhile", "by": "certifier-1"}]
    classes = (await gateway.get("/api/v1/programmes/UJI-1/cover", headers=viewer)).json()["classes"]
    assert classes[0] == {"class_code": "A", "due": 2, "covered": 1, "requested": 0}

    # numbers: of registrars, by hand and by sheet; others see how they end
    typed = {"people": {first: {"kpj": KPJ, "seen": 0}}}
    assert (await gateway.post(numbers, json=typed, headers=certifier)).status_code == 403
    assert (await gateway.post(numbers, json=typed, headers=registrar)).json() == {"changed": 1, "refused": []}
    rows = [{"NIK": nik(0), "Nomor KPJ": KPJ}, {"NIK": nik(1), "Nomor KPJ": "2506 3771 212"}]
    report = await taken(gateway, "/programmes/UJI-1/imports/bpjs", sheet(rows))
    assert (report["accepted"], report["duplicates"]) == (1, 1)
    refused = await taken(gateway, "/programmes/UJI-1/imports/bpjs", sheet([{"NIK": nik(1), "Nomor KPJ": KPJ}]))
    assert [one["reason"] for one in refused["refused"]] == ["kpj_of_another"]
    seen = (await gateway.get(cover, headers=certifier)).json()["people"]
    assert [(one["kpj"], len(one["gaps"])) for one in seen] == [("*******1204", 0), ("*******1212", 2)]

    # the list: who is not covered, in clear, on record with the reason
    assert (await gateway.get(upload, headers=certifier | WHY)).status_code == 403
    silent = await gateway.get(upload, headers=registrar)
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_missing")
    [row] = read(await gateway.get(upload, headers=registrar | WHY))
    day, month, year = ends[8:], ends[5:7], ends[:4]
    assert (row["NIK"], row["Nama Lengkap"], row["Nomor KPJ"]) == (nik(1), "Orang B", OTHER)
    assert (row["Tanggal Lahir"], row["Program"], row["Tanggal Akhir"]) == (
        *("01-01-2000", "JKK, JKM"),
        f"{day}-{month}-{year}",
    )
    whole = await gateway.get(upload, params={"everybody": "true"}, headers=registrar | WHY)
    assert [(one["No"], one["Tanggal Akhir"]) for one in read(whole)] == [(n, f"{day}-{month}-{year}") for n in (1, 2)]
    both = await gateway.get(upload, params={"everybody": "true", "starts": "2026-01-05"}, headers=registrar | WHY)
    assert [(one["No"], one["Tanggal Mulai"]) for one in read(both)] == [(1, "05-01-2026"), (2, "05-01-2026")]
    reveals = (await get(gateway, f"/applicants/{second}"))["registration"]["reveals"]
    listed = [
        set(one["fields"]) for one in reveals if (one["by"], one["reason"]) == ("registrar-1", WHY["X-Reveal-Reason"])
    ]
    assert listed == [{"nik", "name", "birth_date", "address", "phone", "kpj"}] * 3

    # the dossier tells of it and names nobody's number
    known = await get(gateway, f"/applicants/{first}")
    assert known["certification"]["covers"][0]["state"] == "active" and KPJ not in str(known)
    assert {"cover_recorded", "participant_number_recorded"} <= {one["what"] for one in known["ledger"]}
    held = await post(gateway, "/people/export", {"nik": nik(0), "reason": "akses"})
    assert held["registrations"][0]["registration"]["person"]["kpj"] == KPJ

    # what was asked for is not asked for again
    asked = {**wanted, "state": "requested", "people": {second: 0}}
    assert (await gateway.post(cover, json=asked, headers=registrar)).json()["changed"] == 1
    assert (await gateway.get(upload, headers=registrar | WHY)).json()["code"] == "nobody_to_cover"
    assert (await gateway.post(cover, json={**wanted, "people": {second: 1}}, headers=registrar)).json()["changed"] == 1
    none = await gateway.get(upload, headers=registrar | WHY)
    assert (none.status_code, none.json()["code"]) == (404, "nobody_to_cover")
    assert (await get(gateway, "/cover/missing"))["classes"] == []
    await post(gateway, "/people/erasure", {"nik": nik(1), "reason": "x", "dry_run": False, "despite_running": True})
    left = read(await gateway.get(upload, params={"everybody": "true"}, headers=registrar | WHY))
    assert [one["NIK"] for one in left] == [nik(0)]
    assert [(one["kpj"], one["erased"]) for one in (await get(gateway, f"{CLASS}/cover"))["people"]] == [
        ("*******1204", False),
        (None, True),
    ]


async def test_why_a_cover_is_cancelled_names_nobody_and_is_on_record(gateway: httpx.AsyncClient) -> None:
    first, second = await accepted(gateway)
    shown = await get(gateway, f"{CLASS}/cover")
    wanted = {"insurances": ["jkk", "jkm"], "starts": shown["starts"], "ends": shown["ends"], "state": "active"}
    assert (await post(gateway, f"{CLASS}/cover", {**wanted, "people": {first: 0, second: 0}}))["changed"] == 2
    told = f"Orang A dan Orang B ({nik(1)}) salah bulan"
    cancelled = {**wanted, "state": "cancelled", "people": {first: 1, second: 1}, "reason": told}
    # the button is pressed twice
    answers = await asyncio.gather(*(post(gateway, f"{CLASS}/cover", cancelled) for _ in range(2)))
    assert sum(one["changed"] for one in answers) == 2 and all(one["refused"] == [] for one in answers)
    for who in (first, second):
        ledger = (await get(gateway, f"/applicants/{who}"))["ledger"]
        kept = [one for one in ledger if one["what"] == "cover_recorded"]
        assert [one["detail"]["state"] for one in kept] == ["active", "cancelled"]
        assert "Orang" not in kept[1]["reason"] and nik(1) not in kept[1]["reason"]
        assert kept[1]["reason"].endswith("salah bulan")


async def test_the_list_asks_for_the_days_that_each_lacks(gateway: httpx.AsyncClient) -> None:
    first, _ = await accepted(gateway)

    async def record(who: str, seen: int, first_day: int, last_day: int, state: str, *insurances: str) -> None:
        days = {"starts": in_days(first_day), "ends": in_days(last_day)}
        body = {**days, "insurances": list(insurances), "state": state, "people": {who: seen}}
        assert (await post(gateway, f"{CLASS}/cover", body))["changed"] == 1

    await record(first, 0, 50, 64, "active", "jkk", "jkm")
    await record(first, 1, 70, 79, "requested", "jkk", "jkm")
    await record(first, 2, 80, 100, "active", "jkk")

    def row(number: int, n: int, insurances: str, first_day: int, last_day: int) -> tuple[Any, ...]:
        days = [f"{date.fromisoformat(in_days(one)):%d-%m-%Y}" for one in (first_day, last_day)]
        return (number, nik(n), insurances, *days)

    async def listed(**params: str) -> list[tuple[Any, ...]]:
        answer = await gateway.get(f"/api/v1{CLASS}/cover-list.xlsx", params=params, headers=WHY)
        return [
            tuple(one[name] for name in ("No", "NIK", "Program", "Tanggal Mulai", "Tanggal Akhir"))
            for one in read(answer)
        ]

    assert await listed() == [
        row(1, 0, "JKK, JKM", 65, 69),
        row(2, 0, "JKM", 80, 90),
        row(3, 1, "JKK, JKM", 60, 90),
    ]
    # the whole class, or other days than those of the training: one row for each
    assert await listed(everybody="true") == [row(n, n - 1, "JKK, JKM", 60, 90) for n in (1, 2)]
    assert await listed(ends=in_days(95)) == [row(n, n - 1, "JKK, JKM", 60, 95) for n in (1, 2)]


async def test_whose_number_cannot_be_read_is_left_out_of_the_list_and_named_in_it(
    gateway: httpx.AsyncClient, settings_for: Callable[..., Any]
) -> None:
    first, second = await accepted(gateway)
    typed = {"people": {first: {"kpj": KPJ, "seen": 0}, second: {"kpj": OTHER, "seen": 0}}}
    assert (await post(gateway, "/programmes/UJI-1/participant-numbers", typed))["changed"] == 2
    storage = storage_of(settings_for(Registration, **KEYS), "registration")
    applicants = storage.collection("applicants")

    async def spoil(who: str) -> None:
        await applicants.update_one({"_id": who}, {"$set": {"sealed.kpj": "1:AAAA"}})

    async def sheets() -> list[list[tuple[Any, ...]]]:
        answer = await gateway.get(f"/api/v1{CLASS}/cover-list.xlsx", headers=WHY)
        assert answer.status_code == 200, answer.text
        return [list(one.iter_rows(values_only=True)) for one in openpyxl.load_workbook(io.BytesIO(answer.content))]

    assert len(await sheets()) == 1
    await spoil(first)
    people = (await get(gateway, f"{CLASS}/cover"))["people"]
    assert [(one["kpj"], one["unreadable"]) for one in people] == [(None, ["kpj"]), ("*******1212", [])]
    listed, left_out = await sheets()
    assert [row[1] for row in listed[1:]] == [nik(1)]
    assert left_out == [
        ("Tidak ikut dalam daftar", "Sebab"),
        (people[0]["registration_no"], "Tidak dapat dibaca: Nomor KPJ"),
    ]
    await spoil(second)
    none = await gateway.get(f"/api/v1{CLASS}/cover-list.xlsx", headers=WHY)
    assert (none.status_code, none.json()["code"]) == (404, "nobody_readable")
    storage.close()
