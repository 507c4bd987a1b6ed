import io
import subprocess
import sys

import pytest
from pypdf import PdfReader

from services.gateway import paper

HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "x" * 300, "\u202eevil\u202c", "<b>&amp;", "Ōe 大江 \x00"]


def _read(found: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(found)).pages).replace("\n", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_people_typed_is_printed_as_it_stands(name: str) -> None:
    story = [paper.heading(name), paper.table(["Nama"], [[name]], [None])]
    read = _read(paper.pdf(name, story, office="Dinas"))
    seen = paper.plain(name).replace("大江", "")
    assert read.replace(" ", "").count(seen.strip().replace(" ", "")) >= 3


def test_headings_of_a_long_table_come_again_on_every_page() -> None:
    rows = [[str(number), f"Peserta {number}"] for number in range(200)]
    found = PdfReader(
        io.BytesIO(paper.pdf("Daftar", [paper.table(["No.", "Nama"], rows, [40, None])], office="Dinas", wide=True))
    )
    assert len(found.pages) > 3
    assert all("Nama" in page.extract_text() and "Dinas" in page.extract_text() for page in found.pages)
    assert "Peserta 199" in found.pages[-1].extract_text()


def test_qr_codes_are_drawn() -> None:
    assert len(paper.qr("http://127.0.0.1:8080/sertifikat/abc").contents) > 100


def test_a_gateway_that_prints_nothing_has_not_loaded_what_printing_takes() -> None:
    told = "import sys, services.gateway.app; print([one for one in ('reportlab', 'PIL') if one in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
