"""Sheets made to do harm: each is refused with a reason or read harmlessly, and the gateway goes on answering."""

import asyncio
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import openpyxl
import pytest
from starlette.datastructures import UploadFile

from services.gateway import uploads
from services.gateway.uploads import Spool
from shared.problems import Away
from tests.fuzz import hostile_sheets
from tests.fuzz.hostile_sheets import HEADING, SHEETS
from tests.fuzz.system import System

SCORES = "/api/v1/programmes/LPKS-2025/imports/scores"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SOON_S = 90  # a reader may take 30 s of a core; on a busy machine that is longer


def upload(system: System, content: bytes, **headers: str) -> httpx.Response:
    return system.gateway.post(SCORES, files={"file": ("x.xlsx", content)}, headers=headers, timeout=SOON_S)


# the heaviest ones are tried by `make fuzz`; each of these takes a second or two
LIGHT = sorted(set(SHEETS) - {"zip bomb", "zip bomb that lies", "huge shared string", "csv of many cells"})


@pytest.mark.parametrize("name", LIGHT)
def test_a_hostile_sheet_is_refused_or_read_harmlessly(system: System, name: str) -> None:
    make, expected = SHEETS[name]
    answer = upload(system, make())
    assert answer.status_code in expected, answer.text[:300]
    if not answer.is_success:
        assert answer.headers["content-type"] == "application/problem+json"
    assert "root:" not in answer.text  # of /etc/passwd
    assert "hahaha" not in answer.text
    assert list(system.spool.iterdir()) == []


def test_a_zip_bomb_that_lies_about_its_size_is_refused(system: System) -> None:
    assert upload(system, hostile_sheets.bomb_that_lies(200)).status_code in hostile_sheets.REFUSED


def test_formulas_are_read_as_what_was_computed_before(system: System) -> None:
    (refused,) = upload(system, hostile_sheets.formulas()).json()["refused"]
    assert (refused["reason"], refused["value"]) == ("not_registered", "3375010101000001")


def test_many_bad_sheets_at_once_are_answered_while_others_are_served(system: System) -> None:
    slow = hostile_sheets.csv(",".join(HEADING), "\n" * 300_000)
    waits: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            began = time.monotonic()
            assert system.gateway.get("/api/v1/programmes/LPKS-2025").status_code == httpx.codes.OK
            waits.append(time.monotonic() - began)
            time.sleep(0.1)

    looking = threading.Thread(target=look)
    looking.start()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: upload(system, slow).status_code, range(40)))
    over.set()
    looking.join()
    assert set(answers) == {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.SERVICE_UNAVAILABLE}
    assert waits
    assert max(waits) < 20
    assert list(system.spool.iterdir()) == []


NAMES = ["../../etc/passwd", "a\0b.xlsx", "<script>", "\u202excod.exe", "x" * 300, "\x1b[31m", "", "=cmd|' /C calc'!A1"]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_means_nothing(system: System, name: str) -> None:
    content = hostile_sheets.workbook(hostile_sheets.SCORES)
    answer = system.gateway.post(SCORES, files={"file": (name, content)}, timeout=SOON_S)
    assert answer.status_code in (200, 422)
    assert list(system.spool.iterdir()) == []


BOUNDARY = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", PART + b"x\r\n--b--\r\n"),
        ("multipart/form-data; boundary=", PART),
        (f"multipart/form-data; boundary={'b' * 5000}", PART),
        ("multipart/form-data; boundary=b; charset=rot13", PART + b"NIK,Nilai\n1,2\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b; charset=undefined", PART + b"NIK,Nilai\n1,2\r\n--b--\r\n"),
        (BOUNDARY, b""),
        (BOUNDARY, b"--b--\r\n"),
        (BOUNDARY, PART + b"x"),
        (BOUNDARY, PART + b"\0\r\n--b\r\n" + PART * 10_000),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n' * 10_000 + b"--b--\r\n"),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; filename="x"\r\n\r\nx\r\n--b--\r\n'),
        (BOUNDARY, b"--b\r\n" + b"X-" + b"x" * 100_000 + b": y\r\n\r\nx\r\n--b--\r\n"),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="file\0"; filename="\xff\xfe"\r\n\r\nx\r\n--b--\r\n'),
        ("application/x-www-form-urlencoded", b"file=" + b"%00" * 1000),
        ("application/x-www-form-urlencoded", b"a=1&" * 100_000),
        ("application/json", b'{"file": "x"}'),
        ("text/csv", b"NIK,Nilai\n1,2\n"),
        (WORKBOOK, hostile_sheets.truncated()),
    ],
)
def test_a_form_may_hold_anything(system: System, kind: str, body: bytes) -> None:
    answer = system.gateway.post(SCORES, content=body, headers={"Content-Type": kind}, timeout=SOON_S)
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(system.spool.iterdir()) == []


def test_a_full_disk_is_said_and_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_copy", full)
    spool = Spool(tmp_path)
    with pytest.raises(Away) as told:
        asyncio.run(spool.keep("a", UploadFile(io.BytesIO(b"x"))))
    assert told.value.code == "no_room"
    assert list(tmp_path.iterdir()) == []


def test_refused_rows_come_back_as_a_workbook_to_correct_and_import_again(system: System) -> None:
    evil = "=cmd|' /C calc'!A1"
    content = hostile_sheets.csv(
        "Catatan;" + ";".join(HEADING), "x;3375010101000001;80;80", f"x;{evil};80;-5", "x;+62 812-3456-7890;\t=1+1;@x"
    )
    answer = upload(system, content, Accept=WORKBOOK)
    assert answer.headers["content-type"] == WORKBOOK
    heading, *rows = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows()
    assert [cell.value for cell in heading[:4]] == ["Catatan", *HEADING]
    assert [cell.value for cell in rows[1][:4]] == ["x", f"'{evil}", "80", "-5"]
    assert [cell.value for cell in rows[2][:4]] == ["x", "+62 812-3456-7890", "'\t=1+1", "'@x"]
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    assert [row[4].value for row in rows] == [2, 3, 4]
    assert "NIK: " in rows[1][5].value
    # the apostrophe is gone again, and the added columns are no columns of the sheet
    again = upload(system, answer.content).json()
    assert [(one["row"], one["value"]) for one in again["refused"]][1] == (3, evil)
    assert list(system.spool.iterdir()) == []


def test_the_list_of_applicants_can_be_downloaded(system: System) -> None:
    answer = system.gateway.get("/api/v1/programmes/LPKS-2025/applicants.xlsx", params={"reveal": "nik,name"})
    assert answer.status_code == httpx.codes.OK, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[1]][:3] == ["Nomor pendaftaran", "NIK", "Nama"]
    assert list(system.spool.iterdir()) == []
    viewer = system.user("viewer")
    path = "/api/v1/programmes/LPKS-2025/applicants.xlsx"
    assert system.gateway.get(path, headers=viewer).status_code == httpx.codes.OK
    assert system.gateway.get(f"{path}?reveal=nik", headers=viewer).status_code == httpx.codes.FORBIDDEN
