"""The minutes of a selection, read back as whoever signs them reads them."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from services.gateway.minutes import minutes
from tests.builders import programme

NAMES = {"a1": "Siti Aminah", "a2": "<b>Budi</b> & <script>", "a3": "x" * 300}
HEAD = "selection:118:" + "9f2c" * 16


def person(number: int, outcome: str) -> dict[str, Any]:
    return {
        "applicant_id": f"a{number}",
        "registration_no": f"UJI-1-{number:04}",
        "outcome": outcome,
        "rank": number,
        "total": 90.5 - number,
    }


def told(accepted: int = 2) -> dict[str, Any]:
    people = [person(number, "accepted") for number in range(1, accepted + 1)]
    kept = person(accepted + 1, "reserve")
    held = {"code": "A", "name": "Kelas A", "provider": "BLK", "seats": 40}
    return {
        "by": "rina",
        "role": "selector",
        "at": "2030-02-03T02:05:00+00:00",
        "rule_version": 3,
        "programme": programme({"A": 40}).model_dump(mode="json"),
        "counts": {
            "candidates": 50,
            "accepted": accepted,
            "reserve": 1,
            "rejected": 9,
            "first_choice": 1,
            "reasons": {"absent": 9},
        },
        "classes": [
            {
                "class": {**held, "accepted": accepted, "reserve": 1, "cut_off": 90.5 - accepted},
                "accepted": people,
                "reserves": [kept],
            }
        ],
        "audit_head": HEAD,
    }


def read(found: bytes) -> str:
    pages = PdfReader(io.BytesIO(found)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_they_tell_the_rules_the_result_the_head_and_who_signs() -> None:
    text = read(minutes(told(), None, office="Dinas Uji"))
    for said in (
        *("Dinas Uji", "Program uji (UJI-1)", "3 Februari 2030 09.05 WIB", "rina (Petugas seleksi)", "Aturan versi 3"),
        *("Bobot tes tertulis 60%", "Batas lulus 55", "Tidak hadir tes atau wawancara: 9", "2 dari 40 kursi terisi"),
        *("nilai terendah yang diterima 88,50", "1 UJI-1-0001 89,50 Diterima", "3 UJI-1-0003 87,50 Cadangan 1"),
        *("Ketua tim seleksi", "Sekretaris", "Mengetahui, kepala dinas", "Kota Pekalongan, ___"),
    ):
        assert said in text, said
    assert HEAD in text.replace(" ", "")


def test_names_stand_there_only_when_they_are_given_and_as_they_were_typed() -> None:
    without = read(minutes(told(), None, office="Dinas"))
    with_names = read(minutes(told(), NAMES, office="Dinas"))
    assert "Siti" not in without and "Nama" not in without
    assert "Siti Aminah" in with_names and "<b>Budi</b> & <script>" in with_names
    assert with_names.replace(" ", "").count("x") >= 300


@pytest.mark.parametrize("accepted", [1, 200])
def test_a_large_class_goes_over_pages(accepted: int) -> None:
    found = minutes(told(accepted), NAMES, office="Dinas")
    assert f"UJI-1-{accepted:04}" in read(found)
    assert len(PdfReader(io.BytesIO(found)).pages) > accepted // 60
