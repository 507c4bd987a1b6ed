"""A programme is played with every mistake people make, and nothing that is written outside of the sealed fields names
anybody: no log of any process, no event, no queue, no collection, no address, no file left behind.
"""

import asyncio
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openpyxl
import pytest
import yaml
from bson import json_util
from pymongo import MongoClient

from deploy.local.runner import LocalStack
from services.gateway.kinds import APPLICANTS
from shared.cells import JAKARTA
from tests.e2e import people_sought
from tests.e2e.people_sought import Sought
from tests.e2e.programme_files import steps
from tests.e2e.test_kills import _read_log
from tests.stack import free_port

CODE, OPEN = "LPKS-2025", "UJI-DATA"
NIK, NAME, PHONE = "3375014107990012", "Ratna Kusumaningtyas", "0813-2244-6688"
OTHER_NIK, OTHER_NAME = "3375014107990013", "Wulan Purnamasari"
KPJ = "25063771204"
ADDRESS, EMAIL = "Gang Seroja Nomor 17", "ratna.kusuma@surat.id"


class Written(NamedTuple):
    """What a run has left behind: a place, and what stands there."""

    place: str
    content: bytes


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A system with servers of its own, whose logs can be read."""
    stack = LocalStack(tmp_path_factory.mktemp("alone"), port=free_port())
    stack.start()
    try:
        yield stack
    finally:
        stack.discard()


@pytest.fixture
def sought(sample: Path) -> Sought:
    sought = people_sought.of_sheets(sample / "lpks-2025")
    assert len(sought.niks) > 300 and len(sought.phones) > 300 and len(sought.texts) > 900
    sought.add(nik=NIK, phone=PHONE, texts=(NAME, ADDRESS))
    sought.add(nik=OTHER_NIK, texts=(OTHER_NAME,))
    sought.texts.add(EMAIL.encode())
    sought.phones.add(KPJ.encode())
    return sought


@pytest.mark.parametrize(
    "planted",
    [
        NIK,
        "3375.0141.0799.0012",
        f"a{NIK}b",
        "6281322446688",
        "+62 813-2244-6688",
        "081322446688",
        "RATNA kusumaningtyas",
        ADDRESS.lower(),
        EMAIL.upper(),
        "2506 3771 204",
    ],
)
def test_the_search_finds_what_is_planted(planted: str, sought: Sought) -> None:
    assert sought.found_in(f"2026-11-22 20:00:00,123 INFO x: {planted} {'0' * 40}".encode())
    assert not (
        sought.found_in(b"2026-11-22 20:00:00,123 pid 3375 0a1b2c3d4e5f60718293a4b5c6d7e8f9 1763841600123456789")
    )


def test_nothing_that_is_written_names_anybody(alone: LocalStack, sample: Path, sought: Sought) -> None:
    token = alone.home.secret("jalur_admin_token")
    addresses: list[str] = []

    def remember(answer: httpx.Response) -> None:
        addresses.extend([str(answer.request.url), answer.headers.get("location", "")])

    headers = {"Authorization": f"Bearer {token}"}
    hooks = {"response": [remember]}
    base = f"{alone.gateway_url}/api/v1"
    with httpx.Client(base_url=base, headers=headers, timeout=60, event_hooks=hooks) as client:
        _play(client, sample / "lpks-2025")
        certificate, verify_code = _some_certificate(client)
        applicant_id = _make_mistakes(client, certificate, sample / "lpks-2025")
        _kill_services_while_they_work(alone, client, sample / "lpks-2025")
        born = _birth_dates(client)
        _ask_and_erase(alone, token, verify_code)
        assert client.get(f"/applicants/{applicant_id}").json()["registration"]["name"] == "dihapus / erased"
        listed = client.get(f"/programmes/{OPEN}/applicants", params={"reveal": "name"}).json()["items"]
        assert [(one.get("erased"), one.get("name")) for one in listed] == [(True, None), (None, OTHER_NAME)]
        _settle(alone)
    written = [Written("addresses", "\n".join(addresses).encode()), *_databases(alone, born), *_log(alone)]
    _crash_mongodb(alone)
    alone.stop()
    written += _files(alone)
    places = {one.place for one in written if one.content}
    assert {"jalur.log", "addresses", "jalur_registration.reveals", "jalur_gateway.applicants"} <= places
    assert {f"log/{name}.log" for name in ("gateway", "mongod", "rabbitmq", "registration")} <= places, sorted(places)
    assert not [place for place in places if place.startswith("data/spool")]
    leaks = {one.place: found for one in written if (found := sought.found_in(one.content))}
    assert leaks == {}, "\n".join(f"{place}: {found[:3]}" for place, found in leaks.items())


def _play(client: httpx.Client, folder: Path) -> None:
    for step in steps(folder, json.loads((folder / "expected.json").read_text("utf-8"))):
        answer = step.send(client)
        assert answer.is_success, (step.name, answer.text[:300])


def _some_certificate(client: httpx.Client) -> tuple[dict[str, Any], str]:
    def placed() -> list[dict[str, Any]]:
        listed = client.get(f"/programmes/{CODE}/applicants", params={"stage": "placed", "limit": 1}).json()["items"]
        return list(listed)

    _until(placed)  # the last sheet was taken; the list hears of it by events
    (certified,) = placed()
    held = client.get(f"/applicants/{certified['applicant_id']}").json()["certification"]["certificates"][0]
    return {**held, "applicant_id": certified["applicant_id"]}, held["verify_code"]


def _make_mistakes(client: httpx.Client, certificate: dict[str, Any], folder: Path) -> str:
    """Everything that could carry a name or a NIK to where it does not belong; Ratna's applicant id."""
    _expect(client.post("/programmes", json=_open_now(folder)), 201)
    _expect(client.post("/programmes", json={**_open_now(folder), "code": NIK}), 422)
    register, form = f"/programmes/{OPEN}/applicants", _form()
    keyed = {"Idempotency-Key": NIK, "X-Correlation-Id": NIK}
    ratna = _expect(client.post(register, json=form, headers=keyed), 201)["applicant_id"]
    _expect(client.post(register, json=form), 409)
    wulan = _expect(client.post(register, json={**form, "nik": OTHER_NIK, "name": OTHER_NAME}), 201)["applicant_id"]
    _expect(client.post(register, json={**form, "nik": f"{NIK}7", "choice_1": NAME, "gender": PHONE}), 422)
    _expect(client.post(register, content=f'{{"cells": {{"nik": "{NIK}", "name": "{NAME}"'.encode()), 422)
    _expect(client.post(register, json={"cells": {"name": {"given": NAME}, "nik": [NIK]}}), 422)

    said = f"{NAME} (NIK {NIK}, {PHONE}) salah ketik; {ADDRESS}"
    correction = {"cells": {"village": "Kauman", "district": "Pekalongan Timur"}, "reason": said}
    _expect(client.post(f"/applicants/{ratna}/corrections", json=correction), 200)
    _expect(client.post(f"/applicants/{ratna}/corrections", json={"cells": {NIK: NAME}, "reason": said}), 422)
    _expect(client.post(f"/applicants/{ratna}/overrules", json={"rule": "trained_before", "reason": said}), 200)
    _expect(client.post(f"/applicants/{ratna}/overrules", json={"rule": NAME, "reason": said}), 422)
    withdrawal = {"reason": f"{OTHER_NAME} pindah, NIK 3375.0141.0799.0013"}
    _expect(client.post(f"/applicants/{wulan}/withdrawal", json=withdrawal), 200)

    search, why = f"/programmes/{OPEN}/applicants/search", {"X-Reveal-Reason": f"menelepon {NAME} {PHONE}"}
    for wanted in ({"name": NAME}, {"nik": NIK}, {"nik": f"{NIK}1"}):
        _expect(client.post(search, json=wanted, params={"reveal": "nik,name,phone"}, headers=why), 200)
    entered = {"people": {ratna: {"kpj": KPJ, "seen": 0}}}
    assert _expect(client.post(f"/programmes/{OPEN}/participant-numbers", json=entered), 200)["changed"] == 1
    wrong = {
        "people": {KPJ: {"kpj": KPJ, "seen": 0}, wulan: {"kpj": KPJ, "seen": 0}, ratna: {"kpj": f"{KPJ}7", "seen": 1}}
    }
    assert len(_expect(client.post(f"/programmes/{OPEN}/participant-numbers", json=wrong), 200)["refused"]) == 3
    fields = ["nik", "name", "phone", "address", "birth_date", "email", "kpj"]
    shown = _expect(client.post(f"/applicants/{ratna}/reveal", json={"fields": fields, "reason": said}), 200)
    assert (shown["nik"], shown["name"], shown["phone"], shown["kpj"]) == (NIK, NAME, "+6281322446688", KPJ)

    holder = f"/applicants/{certificate['applicant_id']}/reveal"
    known = _expect(client.post(holder, json={"fields": ["name", "nik"], "reason": "sertifikat"}), 200)
    name, nik = known["name"], known["nik"]
    reason = {"reason": f"dipalsukan oleh {name.upper()}, {nik}"}
    _expect(client.post(f"/certificates/{certificate['certificate_id']}/revocation", json=reason), 200)

    person = {"NIK": nik, "Nama": name}
    certificates = {**person, "Skema": certificate["scheme"], "LSP": certificate["certification_body"]}
    issued = {"Tanggal Terbit": "20/08/2025"}
    refused = {"looks_like_nik", "names_somebody"}
    sheet = [{**certificates, "Nomor Sertifikat": number, **issued} for number in (NIK, f"No. {name} 1")]
    assert {one["reason"] for one in _import(client, CODE, "certificates", sheet)["refused"]} == refused
    tracer = [{**person, "Bulan ke-": 6, "Status": "Wirausaha", "Perusahaan / Usaha": f"Warung {name}", "Mulai": ""}]
    assert _import(client, CODE, "tracer", tracer)["accepted"] == 1
    scores = [
        {"NIK": NIK, "Nama": NAME, "Nilai Tes Tertulis": NAME, "Nilai Wawancara": 70, "Keterangan": f"{NAME} {PHONE}"},
        {"NIK": NIK, "Nama": NAME, "Nilai Tes Tertulis": 70, "Nilai Wawancara": 70, "Keterangan": f"{NAME} {PHONE}"},
        {"NIK": "3375014107990099", "Nama": "Entah Siapa", "Nilai Tes Tertulis": 70, "Nilai Wawancara": NIK},
    ]
    numbers = [
        {"NIK": NIK, "Nama": NAME, "Nomor KPJ": KPJ},
        {"NIK": OTHER_NIK, "Nama": OTHER_NAME, "Nomor KPJ": KPJ},
        {"NIK": NIK, "Nama": NAME, "Nomor KPJ": f"{NAME} {KPJ}"},
    ]
    attendance = [
        {**person, "Kelas": words, "Hari Pelatihan": 20, "Hadir": 20, "Keterangan": name} for words in (NIK, name)
    ]
    applicants = [
        {**_form_sheet(), "Pilihan Pelatihan 1": f"{NAME} {NIK}", "Jenis Kelamin": NAME},
        {**_form_sheet(), "Timestamp": NAME, "Tanggal Lahir": PHONE, "NIK": f"{NIK}12"},
    ]
    alumni: list[dict[str, Any]] = [
        {"NIK": NIK, "Nama": NAME, "Tahun": 2019, "Pelatihan": f"Kursus {NAME} {PHONE}"},
        {"NIK": f"{NIK}1", "Nama": NAME, "Tahun": NAME, "Pelatihan": NIK},
    ]
    terms = {"Perusahaan": f"PT Kopi {PHONE}", "Jabatan": f"Barista {EMAIL}", "Kejuruan": "Barista", "Jumlah": 1}
    offered = {"Lokasi": "Kota Pekalongan", "Pendidikan Minimal": "SMA", "Upah Minimal": 2_400_000}
    ends = {"Upah Maksimal": 2_800_000, "Batas Lamaran": "31/12/2030"}
    vacancies = [{"Kode": code, **terms, **offered, **ends} for code in ("L-1", NIK)]
    sheets: tuple[tuple[str, str, list[dict[str, Any]]], ...] = (
        (OPEN, "scores", scores),
        (OPEN, "bpjs", numbers),
        (CODE, "attendance", attendance),
        (OPEN, "applicants", applicants),
        ("", "alumni", alumni),
        ("", "vacancies", vacancies),
    )
    for code, kind, rows in sheets:
        _import(client, code, kind, rows)
        _import(client, code, kind, rows, later=True)
    assert client.post(
        f"/programmes/{OPEN}/imports/applicants", files={"file": (f"{NIK}.xlsx", NAME.encode())}
    ).is_error
    signing_in = {"name": NIK, "password": NAME}
    assert httpx.post(f"{client.base_url}/session", json=signing_in).is_error
    unheard = httpx.Client(
        base_url=client.base_url, headers=client.headers
    )  # these addresses are the client's own fault
    for path in (f"/applicants/{NIK}", f"/programmes/{NIK}", f"/verify/{NIK}", f"/imports/{NIK}", f"/none?q={NAME}"):
        assert unheard.get(path).is_error
    return str(ratna)


def _ask_and_erase(alone: LocalStack, token: str, verify_code: str) -> None:
    """By the command, with the NIK on stdin; afterwards a letter is there and the person is not."""
    environment = {**os.environ, "JALUR_URL": alone.gateway_url, "JALUR_TOKEN": token, "COLUMNS": "200"}

    def jalur(*words: str) -> str:
        command = [sys.executable, "-c", "from services.gateway.cli import app; app()", *words]
        ran = subprocess.run(command, input=f"{NIK}\n", env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    with tempfile.TemporaryDirectory() as directory:
        jalur("person", "export", "--to", directory)
        letter = next(Path(directory).glob("*.txt"))
        held = json.loads(next(Path(directory).glob("*.json")).read_text())
        heading = "Siapa yang pernah melihat atau mencari data pribadi"
        assert all(said in letter.read_text() for said in (NIK, NAME, ADDRESS, heading))
        assert letter.stat().st_mode & 0o077 == 0
    (registration,) = held["registrations"]
    assert registration["registration"]["person"]["email"] == EMAIL
    assert registration["selection"]["overruled"]
    assert len(registration["registration"]["reveals"]) >= 4
    assert "nothing was erased" in jalur("person", "erase")
    assert "erased" in jalur("person", "erase", "--yes", "--despite-running", "--reason", f"permintaan {NAME} {PHONE}")
    assert "admin" in jalur("person", "reveals")
    assert "seals" in jalur("keys", "rotate")
    jalur("retention", "run")
    assert httpx.get(f"{alone.gateway_url}/verify/{verify_code}").json()["status"] == "revoked"


def _expect(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    return answer.json()


def _open_now(folder: Path) -> dict[str, Any]:
    """The sample's programme, open for registration today."""
    definition: dict[str, Any] = yaml.safe_load((folder / "programme.yaml").read_text())
    today = datetime.now(JAKARTA).date()
    day = {days: (today + timedelta(days=days)).isoformat() for days in (-2, 2, 30, 60)}
    definition["selection"].pop("reserve_until", None)
    return {
        **definition,
        "code": OPEN,
        "registration": {"opens": day[-2], "closes": day[2]},
        "training": {"starts": day[30], "ends": day[60]},
    }


def _form() -> dict[str, Any]:
    return {
        "name": NAME,
        "nik": NIK,
        "birth_place": "Pekalongan",
        "birth_date": "1 Juli 1999",
        "gender": "P",
        "address": ADDRESS,
        "village": "Slerok",
        "district": "Pekalongan Utara",
        "city": "Kota Pekalongan",
        "phone": PHONE,
        "email": EMAIL,
        "education": "SMA",
        "choice_1": "Barista",
        "willing_to_move": "ya",
        "health_certificate": "ada",
        "trained_before": "tidak",
        "occupation": "Tidak bekerja",
        "follows_social_media": "ya",
    }


def _form_sheet() -> dict[str, Any]:
    headings = {column.name: column.headings[0] for column in APPLICANTS.columns}
    return {"Timestamp": "01/01/2026 10:00", **{headings[name]: cell for name, cell in _form().items()}}


def _import(client: httpx.Client, code: str, kind: str, rows: list[dict[str, Any]], *, later: bool = False) -> Any:
    """The report on these rows; `later` asks for one that is kept."""
    workbook = openpyxl.Workbook()
    headings = list(rows[0])
    for line in (headings, *([row.get(heading) for heading in headings] for row in rows)):
        workbook.worksheets[0].append(line)
    content = io.BytesIO()
    workbook.save(content)
    path = f"/programmes/{code}/imports/{kind}" if code else f"/imports/{kind}"
    headers = {"Prefer": "respond-async"} if later else {}
    answer = client.post(path, files={"file": (f"{NAME}.xlsx", content.getvalue())}, headers=headers)
    assert answer.is_success, answer.text
    if not later:
        return answer.json()
    return _report_when_done(client, answer.headers["location"])


def _report_when_done(client: httpx.Client, address: str) -> Any:
    where = address.removeprefix("/api/v1")
    _until(lambda: client.get(where).json()["state"] in ("done", "failed"))
    job = client.get(where).json()
    assert job["state"] == "done", job
    return job["report"]


def _until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _kill_services_while_they_work(alone: LocalStack, client: httpx.Client, folder: Path) -> None:
    sheet = {"file": ("pendaftar.xlsx", (folder / "pendaftar.xlsx").read_bytes())}
    path, later = f"/programmes/{CODE}/imports/applicants", {"Prefer": "respond-async"}
    accepted = client.post(path, files=sheet, headers=later)
    alone.kill("registration")
    alone.kill("mongod", signal.SIGSTOP)
    with contextlib.suppress(httpx.TransportError):
        client.post(f"/programmes/{OPEN}/applicants", json=_form())
    alone.kill("mongod", signal.SIGCONT)
    alone.kill("gateway")
    alone.wait_ready()
    _report_when_done(client, accepted.headers["location"])


def _birth_dates(client: httpx.Client) -> dict[str, str]:
    born: dict[str, str] = {}
    for code in (CODE, OPEN):
        query: dict[str, Any] = {"limit": 200, "reveal": "birth_date"}
        while query.get("cursor", "") is not None:
            page = client.get(f"/programmes/{code}/applicants", params=query).json()
            born |= {one["applicant_id"]: one["birth_date"] for one in page["items"]}
            query["cursor"] = page["next_cursor"]
    assert len(born) > 300
    return born


def _settle(alone: LocalStack) -> None:
    """Wait until every outbox is empty: what was to be written is."""
    with MongoClient[dict[str, Any]](alone.mongo_url) as client:
        ours = [client[name] for name in client.list_database_names() if name.startswith(alone.db_prefix)]
        _until(
            lambda: (
                not any(
                    database[name].find_one({"pending": True})
                    for database in ours
                    for name in database.list_collection_names()
                )
            )
        )


def _databases(alone: LocalStack, born: dict[str, str]) -> Iterator[Written]:
    """Every collection of ours, and MongoDB's log of all that was ever written to them."""
    with MongoClient[dict[str, Any]](alone.mongo_url) as client:
        ours = [name for name in client.list_database_names() if name.startswith(alone.db_prefix)]
        places = [(name, collection) for name in ours for collection in client[name].list_collection_names()]
        for name, collection in [*places, ("local", "oplog.rs")]:
            documents = [json_util.dumps(document) for document in client[name][collection].find()]
            yield Written(f"{name}.{collection}", "\n".join(documents).encode())
            for document in documents if name in ours else ():
                about = _ids_in(document) & born.keys()
                assert len(about) != 1 or born[about.pop()] not in document, (name, collection)


def _ids_in(document: str) -> set[str]:
    return set(re.findall(r"[0-9a-f]{32}", document))


def _log(alone: LocalStack) -> Iterator[Written]:
    messages = asyncio.run(_read_log(alone.amqp_url))
    assert len(messages) > 1_000
    yield Written("jalur.log", b"\n".join(body + str(headers).encode() for _, body, headers in messages))


def _crash_mongodb(alone: LocalStack) -> None:
    alone.kill("mongod")
    with contextlib.suppress(httpx.TransportError):
        httpx.get(f"{alone.gateway_url}/health/ready", timeout=10)


def _files(alone: LocalStack) -> Iterator[Written]:
    """Every file of the home: logs of all processes, queues and the log as RabbitMQ keeps them, MongoDB's journal."""
    for path in alone.home.path.rglob("*"):
        if path.is_file():
            yield Written(str(path.relative_to(alone.home.path)), path.read_bytes())
