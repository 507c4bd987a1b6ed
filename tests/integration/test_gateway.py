"""The gateway before the four services, all on a real RabbitMQ and MongoDB: the whole way of a few people, by HTTP."""

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import httpx
import openpyxl
import pytest
import yaml
from pydantic import SecretStr

from services.gateway import sheets, sheets_in_hand
from services.gateway.app import build
from services.gateway.settings import Settings
from services.selection import applying, deciding
from shared.cells import JAKARTA
from shared.service import storage_of
from shared.settings import ServiceSettings
from tests.builders import programme
from tests.events import until
from tests.serving import served

TOKEN = "token-of-the-first-administrator"
TODAY = datetime.now(JAKARTA).date()
SERVICES = ("registration", "selection", "certification", "placement")
KEYS = {"field_keys": "1:" + "f" * 40, "person_key": "p" * 40}
OK, ACCEPTED, PROBLEM = httpx.codes.OK, httpx.codes.ACCEPTED, "application/problem+json"


class Switchboard(httpx.AsyncBaseTransport):
    """The network between the gateway and the services; whoever is in `away` does not answer."""

    def __init__(self) -> None:
        self.services: dict[int, httpx.ASGITransport] = {}
        self.away: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port or 0
        if SERVICES[port - 8081] in self.away:
            raise httpx.ConnectError("away")
        return await self.services[port].handle_async_request(request)


class Whole:
    """Everything that runs in a test; `gateway()` starts a gateway, and stops it on leaving."""

    def __init__(self, settings: Settings, switchboard: Switchboard) -> None:
        self.settings = settings
        self.switchboard = switchboard

    @contextlib.asynccontextmanager
    async def gateway(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            served(build(self.settings, self.switchboard)) as url,
            httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
        ):
            yield client


@pytest.fixture
async def whole(settings_for: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Whole]:
    switchboard = Switchboard()
    async with contextlib.AsyncExitStack() as running:
        for port, name in enumerate(SERVICES, start=8081):
            package = f"services.{name}"
            kind: type[ServiceSettings] = import_module(f"{package}.settings").Settings
            app = import_module(f"{package}.app").build(settings_for(kind, **(KEYS if port == 8081 else {})))
            await running.enter_async_context(app.router.lifespan_context(app))
            switchboard.services[port] = httpx.ASGITransport(app)
        secrets = {"admin_password": "a long password", "admin_token": TOKEN}
        settings = settings_for(Settings, spool_dir=tmp_path / "spool", **secrets)
        yield Whole(settings, switchboard)


@pytest.fixture
async def gateway(whole: Whole) -> AsyncIterator[httpx.AsyncClient]:
    async with whole.gateway() as client:
        yield client


def in_days(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


def definition(**changes: Any) -> dict[str, Any]:
    """UJI-1, open now: class A with two seats and one reserve place, class B with one and one."""
    window = {"opens": in_days(-30), "closes": in_days(30)}
    training = {"starts": in_days(60), "ends": in_days(90)}
    return programme(registration=window, training=training, **changes).model_dump(mode="json")


def nik(number: int) -> str:
    return f"337501010100{number:04}"


def form(number: int, **changes: Any) -> dict[str, Any]:
    """What the `number`th person writes; everybody meets the rules and prefers class A."""
    answers = {
        "Timestamp": f"{in_days(-20)} 08:{number:02}:00",
        "Nama Lengkap (sesuai KTP)": f"Orang {'ABCDEFGHIJ'[number]}",
        "NIK": nik(number),
        "Tanggal Lahir": "01/01/2000",
        "Jenis Kelamin": "L",
        "Kota/Kabupaten (sesuai KTP)": "Kota Pekalongan",
        "Pendidikan Terakhir": "SMK",
        "Pilihan Pelatihan 1": "Kelas A",
        "Pilihan Pelatihan 2": "Kelas B",
        "Bersedia dialihkan ke kelas lain?": "Ya",
        "Surat Keterangan Sehat": "Ada",
        "Pernah mengikuti pelatihan Dinperinaker?": "Belum",
        "Status saat ini": "Tidak bekerja",
        "Follow akun media sosial Dinperinaker": "Sudah",
    }
    return answers | changes


def sheet(rows: list[dict[str, Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def workbook(rows: list[dict[str, Any]]) -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in (list(rows[0]), *(list(one.values()) for one in rows)):
        book.active.append(row)
    book.save(written)
    return written.getvalue()


async def send(client: httpx.AsyncClient, path: str, content: bytes, **headers: str) -> httpx.Response:
    return await client.post(f"/api/v1{path}", files={"file": ("data.csv", content)}, headers=headers)


async def taken(client: httpx.AsyncClient, path: str, content: bytes, **headers: str) -> dict[str, Any]:
    answer = await send(client, path, content, **headers)
    assert answer.status_code == OK, answer.text
    report: dict[str, Any] = answer.json()
    assert report["rows"] == report["accepted"] + report["duplicates"] + len(report["refused"])
    return report


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(f"/api/v1{path}", params=query)
    assert answer.status_code == OK, answer.text
    return answer.json()


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> Any:
    answer = await client.post(f"/api/v1{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def user(client: httpx.AsyncClient, role: str) -> dict[str, str]:
    """The headers of a new user in that role."""
    added = await post(client, "/users", {"name": f"{role}-1", "role": role})
    return {"Authorization": f"Bearer {added['token']}"}


async def register(client: httpx.AsyncClient, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Define UJI-1 and import that many people; their list items, in order."""
    await post(client, "/programmes", definition())
    await taken(client, "/programmes/UJI-1/imports/applicants", sheet([form(n, **changes) for n in range(count)]))
    return await listed(client, count)


async def listed(client: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    async def items() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await get(client, "/programmes/UJI-1/applicants"))["items"]
        return found

    async def screened() -> bool:
        return len([one for one in await items() if one["stage"] != "registered"]) == count

    await until(screened)
    return await items()


async def funnel_is(client: httpx.AsyncClient, **counts: Any) -> None:
    found: dict[str, Any] = {}

    async def counted() -> bool:
        nonlocal found
        found = await get(client, "/programmes/UJI-1/funnel")
        return {name: found[name] for name in counts} == counts

    try:
        await until(counted, 5)
    except TimeoutError:
        assert {name: found[name] for name in counts} == counts


async def decided_in_two_steps(
    gateway: httpx.AsyncClient, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Decide without waiting for the end of it, look how far it is, and ask again."""
    go_on, apply = asyncio.Event(), applying.apply

    async def held_up(*given: Any) -> None:
        await go_on.wait()
        await apply(*given)

    monkeypatch.setattr(deciding, "apply", held_up)
    path = "/api/v1/programmes/UJI-1/selection/decide"
    accepted = await gateway.post(path, json=wanted, headers={"Prefer": "respond-async", "Idempotency-Key": "once"})
    assert (accepted.status_code, accepted.headers["Location"]) == (ACCEPTED, "/api/v1/programmes/UJI-1/selection")
    assert accepted.json()["decision"]["state"] == "allocated"
    again = await gateway.post(path, headers={"Prefer": "respond-async"})
    looked_at = (await gateway.get(accepted.headers["Location"])).json()
    run_ids = {one["decision"]["run_id"] for one in (accepted.json(), again.json(), looked_at)}
    assert len(run_ids) == 1
    assert looked_at["decision"]["progress"]["told"] == 0
    go_on.set()
    decided: dict[str, Any] = await post(gateway, "/programmes/UJI-1/selection/decide", wanted)
    assert {decided["run_id"]} == run_ids
    return decided


async def test_the_whole_way_from_a_sheet_to_a_job(gateway: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    defined = await gateway.post(
        "/api/v1/programmes", content=yaml.safe_dump(definition()), headers={"Content-Type": "application/yaml"}
    )
    assert defined.status_code == httpx.codes.CREATED
    assert (await post(gateway, "/programmes", definition()))["changed"] is False
    assert [one["code"] for one in (await get(gateway, "/programmes"))["items"]] == ["UJI-1"]

    alumni = [{"No": 1, "Nama": "Orang G", "NIK": nik(6), "Tahun": 2020, "Pelatihan": "Barista"}]
    assert (await taken(gateway, "/imports/alumni", workbook(alumni)))["accepted"] == 1
    people = [form(n) for n in range(7)]
    people += [form(0), form(7, NIK="123"), form(8, **{"Surat Keterangan Sehat": "Tidak ada"})]
    report = await taken(gateway, "/programmes/UJI-1/imports/applicants", workbook(people))
    assert (report["rows"], report["accepted"], report["duplicates"]) == (10, 8, 1)
    refused = report["refused"][0]
    assert (refused["row"], refused["column"], refused["value"]) == (10, "NIK", "123")
    assert (refused["reason"], refused["message"]) == ("nik_length", "NIK harus 16 angka.")
    again = await taken(gateway, "/programmes/UJI-1/imports/applicants", workbook(people))
    assert (again["accepted"], again["duplicates"]) == (0, 9)

    scores = [{"NIK": nik(n), "Nilai Tes Tertulis": f"{90 - n},5", "Nilai Wawancara": 80} for n in range(6)]
    scores[5] |= {"Nilai Tes Tertulis": "-", "Nilai Wawancara": ""}
    scores.append({"NIK": nik(9), "Nilai Tes Tertulis": 50, "Nilai Wawancara": 50})
    report = await taken(gateway, "/programmes/UJI-1/imports/scores", sheet(scores))
    assert (report["accepted"], [one["reason"] for one in report["refused"]]) == (6, ["not_registered"])

    simulated = await post(gateway, "/programmes/UJI-1/selection/simulate")
    decided = await decided_in_two_steps(gateway, {"run_id": simulated["run_id"]}, monkeypatch)
    run = await get(gateway, f"/programmes/UJI-1/selection/runs/{decided['run_id']}")
    assert run["inputs"]
    await funnel_is(gateway, registered=8, refused=2, passed=6, scored=5, accepted=3, reserve=2, rejected=1)
    classes = (await get(gateway, "/programmes/UJI-1/classes"))["items"]
    assert [(one["code"], len(one["accepted"])) for one in classes] == [("A", 2), ("B", 1)]
    items = (await get(gateway, "/programmes/UJI-1/applicants"))["items"]
    assert [(one["stage"], one["class_code"], one["reasons"]) for one in items] == [
        ("accepted", "A", []),
        ("accepted", "A", []),
        ("accepted", "B", []),
        ("reserve", "A", []),
        ("reserve", "B", []),
        ("rejected", None, ["absent"]),
        ("refused", None, ["trained_before"]),
        ("refused", None, ["not_healthy"]),
    ]
    assert (items[6]["says_trained"], items[6]["trained_in"]) == (False, ["Barista (2020)"])
    assert [one["rank"] for one in items[:5]] == [1, 2, 3, 4, 5]
    assert items[0]["total"] == pytest.approx(0.6 * 90.5 + 0.4 * 80)

    in_class = {0: "A", 1: "A", 2: "B"}
    attendance = [{"Kelas": code, "NIK": nik(n), "Hari Pelatihan": 20, "Hadir": 18} for n, code in in_class.items()]
    assert (await taken(gateway, "/programmes/UJI-1/imports/attendance", sheet(attendance)))["accepted"] == 3
    assessments = [
        {"NIK": nik(n), "Skema": f"Skema {code}", "U.1": "K", "U.2": "BK" if n == 2 else "K", "Rekomendasi": "K"}
        | {"Tanggal Asesmen": in_days(95), "Asesor": "X"}
        for n, code in in_class.items()
    ]
    report = await taken(gateway, "/programmes/UJI-1/imports/assessments", sheet(assessments))
    assert [(one["row"], one["column"], one["reason"]) for one in report["warnings"]] == [
        (4, "Rekomendasi", "units_differ")
    ]
    certificates = [
        {"NIK": nik(n), "Skema": f"Skema {code}", "LSP": "LSP Uji", "Nomor Sertifikat": f"62019 2513 4 000{n:04} 2030"}
        | {"Tanggal Terbit": in_days(100), "Berlaku Sampai": ""}
        for n, code in in_class.items()
    ]
    report = await taken(gateway, "/programmes/UJI-1/imports/certificates", sheet(certificates))
    assert [(one["row"], one["reason"]) for one in report["refused"]] == [(4, "not_competent")]

    vacancy = {"Kode": "L-1", "Perusahaan": "PT X", "Jabatan": "Staf", "Kejuruan": "Kejuruan A", "Jumlah": 5}
    vacancy |= {"Lokasi": "Kota Pekalongan", "Pendidikan Minimal": "SMP", "Upah Minimal": 2, "Upah Maksimal": 4}
    await taken(gateway, "/imports/vacancies", sheet([vacancy | {"Batas Lamaran": in_days(200)}]))
    matched = await post(gateway, "/programmes/UJI-1/matching/run", {"as_of": in_days(150)})
    assert matched["proposed"] == 2
    assert (await post(gateway, "/programmes/UJI-1/matching/run", {"as_of": in_days(150)}))["proposed"] == 0
    assert [one["employer"] for one in (await get(gateway, "/vacancies"))["items"]] == ["PT X"]
    answers = {0: "Bekerja", 1: "Tidak dapat dihubungi"}
    tracer = [{"NIK": nik(n), "Bulan ke-": 3, "Status": said} for n, said in answers.items()]
    assert (await taken(gateway, "/programmes/UJI-1/imports/tracer", sheet(tracer)))["accepted"] == 2
    await funnel_is(
        gateway,
        accepted=3,
        completed=3,
        assessed=3,
        competent=2,
        certified=2,
        matched=2,
        reached=1,
        not_reached=2,
        withdrawn=0,
        placed={"employed": 1, "self_employed": 0, "studying": 0, "unemployed": 0, "unreachable": 1},
        per_class={
            "A": {"accepted": 2, "completed": 2, "competent": 2, "certified": 2},
            "B": {"accepted": 1, "completed": 1, "competent": 0, "certified": 0},
        },
    )
    stages = [one["stage"] for one in (await get(gateway, "/programmes/UJI-1/applicants", **{"class": "A"}))["items"]]
    assert stages == ["placed", "certified", "reserve"]

    known = await get(gateway, f"/applicants/{items[0]['applicant_id']}")
    assert known["unavailable"] == []
    assert known["registration"]["name"] == "O*** A***"
    certificate = known["certification"]["certificates"][0]
    told = [(entry["service"], entry["what"]) for entry in known["ledger"]]
    assert told.index(("selection", "screened")) < told.index(("certification", "certificate_recorded"))
    assert [entry["at"] for entry in known["ledger"]] == sorted(entry["at"] for entry in known["ledger"])

    for address in ("/verify/", "/api/v1/verify/"):
        verified = (await httpx.AsyncClient().get(f"{gateway.base_url}{address}{certificate['verify_code']}")).json()
        assert (verified["status"], verified["initials"]) == ("valid", "O. A.")
        assert "applicant_id" not in verified
    await post(gateway, f"/certificates/{certificate['certificate_id']}/revocation", {"reason": "salah cetak"})
    revoked = (await gateway.get(f"/verify/{certificate['verify_code']}")).json()
    assert (revoked["status"], revoked["reason"]) == ("revoked", "salah cetak")

    await post(gateway, f"/applicants/{items[2]['applicant_id']}/withdrawal", {"reason": "pindah kota"})
    await funnel_is(gateway, withdrawn=1, accepted=3, reserve=1, certified=1)


async def test_people_are_found_corrected_and_let_through(gateway: httpx.AsyncClient) -> None:
    items = await register(gateway, 3, **{"Status saat ini": "Bekerja"})
    assert [one["reasons"] for one in items] == [["employed"]] * 3
    found = await post(gateway, "/programmes/UJI-1/applicants/search?reveal=nik,name,birth_date", {"name": "orang b"})
    person = found["items"][0]
    assert (person["nik"], person["name"], person["birth_date"]) == (nik(1), "Orang B", "2000-01-01")
    who = f"/applicants/{person['applicant_id']}"
    await post(gateway, f"{who}/corrections", {"cells": {"Status saat ini": "Wirausaha"}, "reason": "salah tulis"})
    other = items[2]["applicant_id"]
    await post(gateway, f"/applicants/{other}/overrules", {"rule": "employed", "reason": "kontrak habis"})
    await funnel_is(gateway, registered=3, passed=2, refused=1)
    passed = (await get(gateway, "/programmes/UJI-1/applicants", stage="passed"))["items"]
    assert [one["applicant_id"] for one in passed] == [person["applicant_id"], other]
    assert [one["reasons"] for one in passed] == [[], []]
    searched, revealed = (await get(gateway, who))["registration"]["reveals"]
    assert (searched["by"], searched["sought"], searched["fields"]) == ("admin", ["name"], [])
    assert (revealed["by"], set(revealed["fields"])) == ("admin", {"nik", "name", "birth_date"})


async def test_a_list_is_read_page_by_page(gateway: httpx.AsyncClient) -> None:
    items = await register(gateway, 5)
    pages, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await get(gateway, "/programmes/UJI-1/applicants", **query)
        pages.append([one["registration_no"] for one in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [["UJI-1-0001", "UJI-1-0002"], ["UJI-1-0003", "UJI-1-0004"], ["UJI-1-0005"]]
    assert len(items) == 5


async def test_one_person_registers_by_a_form(gateway: httpx.AsyncClient) -> None:
    await post(gateway, "/programmes", definition())
    answers = form(1)
    del answers["Timestamp"]
    path = "/api/v1/programmes/UJI-1/applicants"
    first = await gateway.post(path, json=answers, headers={"Idempotency-Key": "k1"})
    assert first.status_code == httpx.codes.CREATED
    repeated = await gateway.post(path, json={"cells": answers}, headers={"Idempotency-Key": "k1"})
    assert repeated.json() == first.json()
    duplicate = await gateway.post(path, json=answers)
    assert (duplicate.status_code, duplicate.json()["code"]) == (409, "duplicate")
    unknown = await gateway.post(path, json=answers | {"Warna": "biru"})
    assert (unknown.status_code, unknown.json()["errors"][0]["column"]) == (422, "Warna")
    unusable = await gateway.post(path, json=answers | {"NIK": "1", "Pilihan Pelatihan 1": "Melukis"})
    assert {(one["column"], one["reason"]) for one in unusable.json()["errors"]} == {
        ("nik", "nik_length"),
        ("choice_1", "unknown_class"),
    }


async def test_bad_input_is_a_problem_that_says_what_and_where_and_changes_nothing(gateway: httpx.AsyncClient) -> None:
    await register(gateway, 1)
    imports = "/programmes/UJI-1/imports"
    good = sheet([form(5)])
    rubbish = b"\x00\xff" * (25 << 20)
    bad: list[tuple[httpx.Response, int, str]] = [
        (await send(gateway, f"{imports}/applicants", b"hello"), 422, "not_a_spreadsheet"),
        (await send(gateway, f"{imports}/applicants", rubbish[:5000]), 422, "not_a_spreadsheet"),
        (await send(gateway, f"{imports}/applicants", rubbish), 413, "too_large"),
        (await send(gateway, f"{imports}/applicants", b""), 422, "empty"),
        (await send(gateway, f"{imports}/applicants", good.splitlines()[0]), 422, "no_rows"),
        (await send(gateway, f"{imports}/applicants", b"NIK;Nama\n1;2"), 422, "columns_missing"),
        (await send(gateway, "/programmes/LAIN/imports/applicants", good), 404, "unknown_programme"),
        (await send(gateway, f"{imports}/paintings", good), 404, "unknown_kind"),
        (await send(gateway, "/imports/applicants", good), 404, "unknown_kind"),
        (await send(gateway, f"{imports}/applicants", good, Authorization="Bearer x"), 401, "invalid_token"),
        (await send(gateway, f"{imports}/applicants", good, Authorization=""), 401, "token_missing"),
        (await gateway.post(f"/api/v1{imports}/applicants", json={}), 422, "file_missing"),
        (await gateway.post("/api/v1/programmes", content=b"\xff"), 422, "not_a_definition"),
        (await gateway.post("/api/v1/programmes", content="- a"), 422, "not_a_definition"),
        (await gateway.post("/api/v1/programmes", content="a: &x [1]\nb: *x"), 422, "not_a_definition"),
        (await gateway.get("/api/v1/programmes/LAIN/funnel"), 404, "unknown_programme"),
        (await gateway.get("/api/v1/programmes/LAIN/applicants"), 404, "unknown_programme"),
        (await gateway.get("/api/v1/programmes/UJI-1/applicants?cursor=x"), 422, "bad_cursor"),
        (await gateway.get("/api/v1/programmes/UJI-1/applicants?limit=201"), 422, "invalid"),
        (await gateway.get("/api/v1/programmes/UJI-1/applicants?stage=lost"), 422, "invalid"),
        (await gateway.get("/api/v1/programmes/UJI-1/applicants?reveal=shoes"), 422, "unknown_field"),
        (await gateway.get("/api/v1/applicants/nobody"), 404, "unknown_applicant"),
        (await gateway.get("/api/v1/imports/none"), 404, "unknown_import"),
        (await gateway.get("/api/v1/events?after=x"), 422, "bad_offset"),
        (await gateway.get("/verify/nothing"), 404, "unknown_code"),
        (await gateway.post("/api/v1/users", json={"name": "admin", "role": "viewer"}), 409, "user_exists"),
        (await gateway.post("/api/v1/users", json={"name": "A B", "role": "king"}), 422, "invalid"),
        (await gateway.post("/api/v1/programmes/UJI-1/selection/decide"), 409, "scores_missing"),
    ]
    for answer, status, code in bad:
        assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["detail"]
    for field, value in (("classes[0].seats", 0), ("eligibility.tall", True)):
        broken = definition()
        if field.startswith("classes"):
            broken["classes"][0]["seats"] = value
        else:
            broken["eligibility"]["tall"] = value
        answer = await gateway.post("/api/v1/programmes", json=broken)
        assert answer.status_code == 422
        assert field in [error["field"] for error in answer.json()["errors"]]
    missing = bad[5][0].json()
    assert "Timestamp" in missing["missing"]
    assert missing["found"] == ["NIK", "Nama"]
    assert bad[9][0].headers["www-authenticate"] == "Bearer"
    odd = [
        {"NIK": nik(0), "Tes Tertulis": 140, "Wawancara": 50},
        {"NIK": nik(7), "Tes Tertulis": 40, "Wawancara": 50},
        {"NIK": "x", "Tes Tertulis": 40, "Wawancara": 50},
    ]
    report = await taken(gateway, f"{imports}/scores", sheet(odd), **{"Accept-Language": "en"})
    assert [(one["row"], one["column"], one["reason"]) for one in report["refused"]] == [
        (2, "Tes Tertulis", "out_of_range"),
        (3, "NIK", "not_registered"),
        (4, "NIK", "nik_not_digits"),
    ]
    assert report["refused"][0]["message"] == "A score must be between 0 and 100."
    await funnel_is(gateway, registered=1, passed=1, scored=0, accepted=0)


async def test_roles_are_kept_apart_and_personal_values_hidden(gateway: httpx.AsyncClient) -> None:
    await register(gateway, 2, **{"Surat Keterangan Sehat": "Tidak"})
    selector, viewer = await user(gateway, "selector"), await user(gateway, "viewer")
    names = [(one["name"], one["role"]) for one in (await get(gateway, "/users"))["items"]]
    assert names == [("admin", "admin"), ("selector-1", "selector"), ("viewer-1", "viewer")]
    path = "/api/v1/programmes/UJI-1/applicants"
    for headers, where in (
        (viewer, f"{path}?reveal=nik"),
        (selector, f"{path}?reveal=name"),
        (viewer, "/api/v1/users"),
    ):
        refused = await gateway.get(where, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (403, PROBLEM)
    decide = await gateway.post("/api/v1/programmes/UJI-1/selection/decide", headers=viewer)
    assert decide.status_code == 403
    seen = {
        role: (await gateway.get(path, headers=who)).json()["items"]
        for role, who in (("viewer", viewer), ("selector", selector))
    }
    assert [one["reasons"] for one in seen["viewer"]] == [[], []]
    assert [one["reasons"] for one in seen["selector"]] == [["not_healthy"], ["not_healthy"]]
    scores = sheet([{"NIK": "3375", "Tes Tertulis": "x", "Wawancara": 50}])
    masked = await taken(gateway, "/programmes/UJI-1/imports/scores", scores, **selector)
    assert masked["refused"][0]["value"] == "•••"
    assert (await taken(gateway, "/programmes/UJI-1/imports/scores", scores))["refused"][0]["value"] == "3375"


async def test_tokens_are_shown_once_and_the_first_administrator_is_whom_the_settings_name(whole: Whole) -> None:
    async with whole.gateway() as first:
        keyed = {"Idempotency-Key": "k"}
        added = [
            (await first.post("/api/v1/users", json={"name": "budi", "role": "viewer"}, headers=keyed)).json()["token"]
            for _ in range(2)
        ]
        # the first answer may have been lost, so its token is replaced
        statuses = [
            (await first.get("/api/v1/programmes", headers={"Authorization": f"Bearer {token}"})).status_code
            for token in added
        ]
        assert statuses == [401, 200]
    kept = await storage_of(whole.settings, "gateway").collection("users").find({}).to_list(None)
    assert [one["password_hash"] is not None and one["password_hash"][:10] for one in kept] == ["$argon2id$", False]
    assert not any(secret in str(kept) for secret in (TOKEN, "a long password", *added))
    changed = {"admin_token": SecretStr("another token of the administrator")}
    whole.settings = whole.settings.model_copy(update=changed)
    async with whole.gateway() as second:
        assert (await second.get("/api/v1/users")).status_code == 401
        headers = {"Authorization": "Bearer another token of the administrator"}
        assert (await second.get("/api/v1/users", headers=headers)).status_code == OK


@pytest.mark.parametrize("hours_ahead", [0, 1], ids=["clock right", "clock an hour ahead"])
async def test_an_accepted_import_survives_its_gateway(
    whole: Whole, hours_ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(hours=hours_ahead)

    people = sheet([form(n) for n in range(4)] + [form(4, NIK="99")])
    asynchronous = {"Prefer": "respond-async", "Idempotency-Key": "once"}
    monkeypatch.setattr("services.gateway.import_jobs.datetime", Clock)
    async with whole.gateway() as first:
        await post(first, "/programmes", definition())
        await get(first, "/programmes/UJI-1")
        whole.switchboard.away = {"registration"}
        await until(lambda: known_to_read_model(first))  # without registration nobody else could tell
        accepted = await send(first, "/programmes/UJI-1/imports/applicants", people, **asynchronous)
        assert accepted.status_code == ACCEPTED, accepted.text
        address = accepted.headers["location"]
        repeated = await send(first, "/programmes/UJI-1/imports/applicants", people, **asynchronous)
        assert repeated.headers["location"] == address
        await until(lambda: has_state(first, address, "running"))
        kept = list(whole.settings.spool_dir.iterdir())
        assert [oct(path.stat().st_mode & 0o777) for path in kept] == ["0o600"]
    whole.switchboard.away = set()
    monkeypatch.undo()
    async with whole.gateway() as second:
        await until(lambda: has_state(second, address, "done"), 30)
        status = (await second.get(address)).json()
        assert (status["report"]["accepted"], status["runs"]) == (4, 2)
        assert [one["value"] for one in status["report"]["refused"]] == ["•••"]
        # the job is done before its sheet is removed
        await until(lambda: not list(whole.settings.spool_dir.iterdir()))
        await funnel_is(second, registered=4)


async def test_nobody_is_erased_while_a_sheet_that_may_hold_them_is_on_its_way(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is being received by one gateway, then read, while another one is asked to erase."""
    erasure = {"nik": nik(1), "reason": "surat", "despite_running": True}
    async with whole.gateway() as one, whole.gateway() as other:
        await register(one, 2)
        await post(one, "/programmes", definition(code="UJI-2"))
        files = {"file": ("data.csv", sheet([form(1)]))}
        whole_request = one.build_request("POST", "/api/v1/programmes/UJI-2/imports/applicants", files=files)
        body, arrives, read = whole_request.read(), asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield body[:100]
            await arrives.wait()
            yield body[100:]

        async def held_up(*arguments: Any) -> Any:
            await read.wait()
            return await read_table(*arguments)

        read_table = sheets.read_table
        monkeypatch.setattr(sheets, "read_table", held_up)
        headers = {"Content-Type": whole_request.headers["content-type"]}
        sending = asyncio.create_task(one.post(whole_request.url, content=slowly(), headers=headers))
        for goes_on in (arrives, read):
            await until(lambda: in_hand(other, erasure, 1))
            refused = await other.post("/api/v1/people/erasure", json={**erasure, "dry_run": False})
            assert (refused.status_code, refused.json()["code"]) == (409, "imports_unfinished")
            assert refused.json()["sheets_in_hand"] == 1
            goes_on.set()
            await asyncio.sleep(0.5)
        report = await sending
        assert (report.status_code, report.json()["accepted"]) == (OK, 1)
        await until(lambda: in_hand(other, erasure, 0))
        erased = await post(other, "/people/erasure", {**erasure, "dry_run": False})
        assert [one["programme_code"] for one in erased["registrations"]] == ["UJI-1", "UJI-2"]
        assert all(one["erased_at"] and not one["fields"] for one in erased["registrations"])


async def test_a_sheet_that_a_gateway_gave_up_is_in_hand_until_its_owner_is_surely_done(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_in_hand, "_HELD_MS", 3_000)
    monkeypatch.setattr("services.gateway.api.imports._PATIENCE_S", 0.0)
    erasure = {"nik": nik(1), "reason": "surat"}
    async with whole.gateway() as gateway:
        await register(gateway, 2)
        whole.switchboard.away = {"placement"}
        vacancy = {"Kode": "L-1", "Perusahaan": "PT X", "Jabatan": "Staf", "Kejuruan": "A", "Jumlah": 1}
        asked = {"Lokasi": "Kota Pekalongan", "Pendidikan Minimal": "SMA", "Batas Lamaran": in_days(9)}
        wage = {"Upah Minimal": 2_000_000, "Upah Maksimal": 2_500_000}
        given_up = await send(gateway, "/imports/vacancies", sheet([vacancy | asked | wage]))
        assert given_up.status_code == 503
        refused = await send(gateway, "/imports/vacancies", b"no sheet")
        assert refused.status_code == 422
        assert await in_hand(gateway, erasure, 1)
        await until(lambda: in_hand(gateway, erasure, 0))


async def in_hand(client: httpx.AsyncClient, erasure: dict[str, Any], count: int) -> bool:
    planned = await post(client, "/people/erasure", {**erasure, "dry_run": True})
    return bool(planned["sheets_in_hand"] == count)


async def known_to_read_model(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/api/v1/programmes/UJI-1/funnel")).status_code == OK)


async def has_state(client: httpx.AsyncClient, address: str, state: str) -> bool:
    return bool((await client.get(address)).json()["state"] == state)


async def test_a_service_that_is_away_is_a_problem_that_says_when_to_try_again(
    whole: Whole, gateway: httpx.AsyncClient
) -> None:
    items = await register(gateway, 1)
    whole.switchboard.away = {"placement"}
    known = await get(gateway, f"/applicants/{items[0]['applicant_id']}")
    assert (known["placement"], known["unavailable"]) == (None, ["placement"])
    answer = await gateway.get("/api/v1/vacancies")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_away")
    assert answer.headers["retry-after"]


async def test_the_live_feed_tells_everything_from_the_start_and_goes_on(gateway: httpx.AsyncClient) -> None:
    await register(gateway, 2, **{"Surat Keterangan Sehat": "Tidak"})
    viewer = await user(gateway, "viewer")
    told = await listen(gateway, 7, after="first")
    assert [one["type"] for one in told if "ProgrammeOpened" in one["type"]]
    screened = [one["data"] for one in told if "ApplicantScreened" in one["type"]]
    assert [one["reasons"] for one in screened] == [["not_healthy"], ["not_healthy"]]
    hidden = await listen(gateway, 7, after="0", headers=viewer)
    assert "not_healthy" not in json.dumps(hidden)
    assert "health_certificate" not in json.dumps(hidden)
    assert [one["id"] for one in hidden] == [one["id"] for one in told]
    rest = await listen(gateway, 3, after=str(told[3]["offset"]))
    assert [one["id"] for one in rest] == [one["id"] for one in told[4:]]
    resumed = await listen(gateway, 3, headers={"Last-Event-ID": str(told[3]["offset"])})
    assert resumed == rest
    coming = asyncio.create_task(listen(gateway, 1))
    await asyncio.sleep(1)
    await post(gateway, "/programmes", definition(name="Nama baru"))
    assert (await coming)[0]["data"]["programme"]["name"] == "Nama baru"


async def listen(
    client: httpx.AsyncClient, count: int, *, after: str | None = None, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """That many events from the feed, each with its offset."""
    told: list[dict[str, Any]] = []
    offset = 0
    query = {} if after is None else {"after": after}
    async with (
        asyncio.timeout(20),
        client.stream("GET", "/api/v1/events", params=query, headers=headers or {}) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("id:"):
                offset = int(line.removeprefix("id:"))
            if line.startswith("data:"):
                told.append({**json.loads(line.removeprefix("data:")), "offset": offset})
            if len(told) == count:
                break
    return told
