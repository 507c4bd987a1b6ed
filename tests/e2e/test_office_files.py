"""What people download opens in LibreOffice: a workbook and a PDF of each sort, and what stands in them is read."""

import csv
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import openpyxl
import pytest
from pypdf import PdfReader

from deploy.local.runner import LocalStack
from services.gateway import csrf
from services.gateway.workbook import MEDIA_TYPE
from shared.cells import JAKARTA
from tests.e2e.programme_files import steps

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(
    SOFFICE is None,
    reason="NO FILE IS OPENED IN LIBREOFFICE: there is no soffice on the PATH (libreoffice-calc, -draw)",
)

CODE, CLASS = "LPKS-2025", "MJT-2"
PROGRAMME = f"/programmes/{CODE}"
NAMED = {"params": {"reveal": "name"}, "headers": {"X-Reveal-Reason": "uji cetak"}}
_SECONDS = 240.0
_AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"


@pytest.fixture(scope="module")
def files(stack: LocalStack, gateway: httpx.Client, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of everything that the gateway gives out, of the sample programme; `read` has what LibreOffice made."""
    expected = {"unusable_rows": 0, "refused_certificate_rows": 0}
    for step in steps(sample / "lpks-2025", expected):
        assert step.send(gateway).is_success, step.name
    folder = tmp_path_factory.mktemp("office")
    for name, content in _downloads(gateway, stack):
        (folder / name).write_bytes(content)
    _converted(folder, "xlsx", _AS_CSV)
    _converted(folder, "pdf", "pdf")
    return folder


def _downloads(gateway: httpx.Client, stack: LocalStack) -> Iterator[tuple[str, bytes]]:
    issued = gateway.post(f"{PROGRAMME}/classes/{CLASS}/training-certificates", json={})
    assert issued.is_success, issued.text
    gets = {
        "pendaftar.xlsx": (f"{PROGRAMME}/applicants.xlsx", {**NAMED, "params": {"reveal": "nik,name"}}),
        "ditunggu.xlsx": (f"{PROGRAMME}/expected-certificates.xlsx", {}),
        "berita-acara.pdf": (f"{PROGRAMME}/selection/minutes.pdf", NAMED),
        "daftar-hadir.pdf": (
            f"{PROGRAMME}/classes/{CLASS}/sign-sheet.pdf",
            {**NAMED, "params": {"reveal": "name", "day": "2025-06-17"}},
        ),
        "sertifikat.pdf": (f"{PROGRAMME}/classes/{CLASS}/training-certificates.pdf", NAMED),
    }
    for name, (path, more) in gets.items():
        answer = gateway.get(path, **more)  # type: ignore[arg-type]
        assert answer.is_success, (name, answer.text)
        yield name, answer.content
    sheet = b"NIK;Nama;Nilai Tes Tertulis;Nilai Wawancara\n0081234567890123;=1+1;82,5;140\n"
    refused = gateway.post(
        f"{PROGRAMME}/imports/scores", files={"file": ("nilai.csv", sheet)}, headers={"Accept": MEDIA_TYPE}
    )
    assert refused.is_success, refused.text
    yield "ditolak.xlsx", refused.content
    yield "tautan.xlsx", _links(gateway, stack)


def _links(gateway: httpx.Client, stack: LocalStack) -> bytes:
    """Of a wave that is under way; a workbook that a page gives out."""
    today = datetime.now(JAKARTA).date()
    days = {"opens_on": str(today - timedelta(days=1)), "closes_on": str(today + timedelta(days=9))}
    planned = gateway.post(f"{PROGRAMME}/waves/6", json={"name": "Enam bulan", "version": 0, **days})
    assert planned.is_success, planned.text
    assert gateway.post("/users", json={"name": "penempatan", "role": "placement"}).is_success
    assert gateway.put("/users/penempatan/password", json={"password": "kata sandi yang panjang"}).is_success
    with httpx.Client(base_url=stack.gateway_url, timeout=60) as page:
        page.post("/masuk", data={"name": "penempatan", "password": "kata sandi yang panjang"})
        token = csrf.token(page.cookies["jalur_session"])
        answer = page.post(f"/penempatan/penelusuran/{CODE}/6/tautan", data={"csrf_token": token})
    assert answer.is_success, answer.text
    return answer.content


def _converted(folder: Path, kind: str, to: str) -> None:
    """Let LibreOffice open all files of a kind and write them as something else, into the folder `read`."""
    found = sorted(map(str, folder.glob(f"*.{kind}")))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", to, "--outdir", str(folder / "read"), *found]
    environment = {**os.environ, "HOME": str(folder), "SAL_USE_VCLPLUGIN": "svp"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert ran.returncode == 0, ran.stderr
    made = {one.stem for one in (folder / "read").glob(f"*.{to[:3]}")}
    assert made == {Path(one).stem for one in found}, ran.stdout + ran.stderr


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.reader(source))


def _text(read: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in read.pages).split())


@pytest.mark.parametrize("name", ["pendaftar", "ditunggu", "ditolak", "tautan"])
def test_a_workbook_has_the_same_cells_in_libreoffice(files: Path, name: str) -> None:
    sheet = openpyxl.load_workbook(files / f"{name}.xlsx").active
    written = [[_as_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    read = _cells(files / "read" / f"{name}.csv")
    assert len(written) > 1
    assert read == written


def _as_shown(cell: object) -> str:
    return "" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def test_text_stays_text_in_libreoffice(files: Path) -> None:
    """A NIK with zeros before it, and what could be a formula."""
    heading, *rows = _cells(files / "read" / "ditolak.csv")
    [row] = [dict(zip(heading, cells, strict=True)) for cells in rows]
    assert (row["NIK"], row["Nama"]) == ("0081234567890123", "'=1+1")
    applicants = _cells(files / "read" / "pendaftar.csv")
    niks = [one[applicants[0].index("NIK")] for one in applicants[1:]]
    assert niks and all(len(nik) == 16 and nik.isdigit() for nik in niks)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("berita-acara", "telah diputuskan seleksi peserta program ini oleh admin"),
        ("daftar-hadir", "LPKS-2025-0020 Eka Wahyuni"),
        ("sertifikat", "Nomor LPKS-2025/MJT-2/0001 diberikan kepada Eka Wahyuni"),
    ],
)
def test_a_pdf_says_the_same_in_libreoffice(files: Path, name: str, told: str) -> None:
    written, read = (PdfReader(folder / f"{name}.pdf") for folder in (files, files / "read"))
    assert read.metadata is not None and "LibreOffice" in str(read.metadata.producer)
    assert len(read.pages) == len(written.pages)
    assert told in _text(read)
    assert set(_text(written).split()) - set(_text(read).split()) == set()
