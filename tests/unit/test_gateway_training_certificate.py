"""The office's own certificate on paper, read back."""

import io
from typing import Any

import pytest
import segno
from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream

from services.gateway import paper
from services.gateway.training_certificate import Certified, address, training_certificates
from tests.unit.test_paper import HOSTILE

OFFICE, PUBLIC = "Dinas Tenaga Kerja Kota Uji", "https://pelatihan.example.go.id"
STATED: dict[str, Any] = {
    "certificate_no": "UJI-1/A/0007",
    "verify_code": "7K3M9QZX2V",
    "issued_on": "2025-07-01",
    "programme_name": "Pelatihan kerja 2025",
    "class_name": "Menjahit pakaian",
    "provider": "BLK Uji",
    "starts": "2025-05-05",
    "ends": "2025-06-20",
    "days": 30,
    "present": 28,
}


def printed(*people: Certified) -> list[PageObject]:
    made = training_certificates(people, office=OFFICE, public_url=PUBLIC)
    return list(PdfReader(io.BytesIO(made)).pages)


def text(page: PageObject) -> str:
    return " ".join(page.extract_text().split())


def squares(page: PageObject) -> set[tuple[int, int]]:
    """The dark cells of the page's QR code, by row and column from its corner: all squares that are drawn on it."""
    drawn = [
        [float(one) for one in operands]
        for operands, operator in ContentStream(page.get_contents(), page.pdf).operations
        if operator == b"re"
    ]
    cells = [(x, y, side) for x, y, side, height in drawn if side == pytest.approx(height) and side < 10]
    side = cells[0][2]
    left, top = min(x for x, _, _ in cells), max(y for _, y, _ in cells)
    return {(round((top - y) / side), round((x - left) / side)) for x, y, _ in cells}


def code_of(address: str) -> set[tuple[int, int]]:
    matrix = segno.make(address, error="m", micro=False).matrix
    return {(row, column) for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark}


def test_it_states_who_completed_what_and_when() -> None:
    [page] = printed(Certified("Siti Aminah", "UJI-1-0003", STATED))
    read = text(page)
    for said in (
        *(OFFICE, "SERTIFIKAT PELATIHAN", "Nomor UJI-1/A/0007", "Siti Aminah", "Nomor pendaftaran UJI-1-0003"),
        *("Menjahit pakaian", "Program Pelatihan kerja 2025", "di BLK Uji, 5 Mei 2025 sampai 20 Juni 2025"),
        *("hadir 28 dari 30 hari pelatihan", "Diterbitkan 1 Juli 2025", f"Kepala {OFFICE}", "____", "NIP"),
        *("https://pelatihan.example.go.id/sertifikat/7K3M9QZX2V", "Kode: 7K3M9QZX2V", "bukan sertifikat kompetensi"),
    ):
        assert said in read, said


def test_the_code_leads_to_the_page_that_verifies_it() -> None:
    pages = printed(*(Certified("A", "1", STATED | {"verify_code": code}) for code in ("7K3M9QZX2V", "0000000000")))
    assert len(pages) == 2
    found = [squares(page) for page in pages]
    assert found == [code_of(f"{PUBLIC}/sertifikat/{code}") for code in ("7K3M9QZX2V", "0000000000")]
    assert found[0] != found[1]
    assert address(PUBLIC, "X") == f"{PUBLIC}/sertifikat/X"


def test_a_class_is_one_page_a_person_whatever_they_are_called() -> None:
    long = dict.fromkeys(("programme_name", "class_name", "provider"), "Sangat panjang " * 10)
    people = [Certified(name, f"UJI-1-{n:04}", STATED | long) for n, name in enumerate(HOSTILE)]
    pages = printed(*people)
    assert len(pages) == len(HOSTILE)
    for n, (name, page) in enumerate(zip(HOSTILE, pages, strict=True)):
        read = page.extract_text().replace(" ", "").replace("\n", "")
        assert paper.plain(name).replace("大江", "").strip().replace(" ", "") in read
        assert f"UJI-1-{n:04}" in read
