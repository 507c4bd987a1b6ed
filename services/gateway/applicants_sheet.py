"""The list of applicants as a workbook, in the words of the people who read it."""

from collections.abc import Sequence
from typing import Any

from services.gateway.listing import Item
from services.gateway.messages import Language

_COLUMNS = {
    "registration_no": ("Nomor pendaftaran", "Registration number"),
    "registered_at": ("Waktu daftar", "Registered at"),
    "stage": ("Tahap", "Stage"),
    "outcome": ("Hasil seleksi", "Outcome"),
    "class_code": ("Kelas", "Class"),
    "rank": ("Peringkat", "Rank"),
    "total": ("Nilai akhir", "Total"),
    "absent": ("Tidak hadir", "Absent"),
    "reasons": ("Alasan", "Reasons"),
    "choices": ("Pilihan", "Choices"),
    "says_trained": ("Mengaku pernah dilatih", "Says trained before"),
    "trained_in": ("Pelatihan sebelumnya", "Trained in"),
    "accepted_in": ("Diterima di program lain", "Accepted elsewhere"),
}
_REVEALED = {
    "nik": ("NIK", "NIK"),
    "name": ("Nama", "Name"),
    "phone": ("Telepon", "Phone"),
    "email": ("Email", "E-mail"),
    "address": ("Alamat", "Address"),
    "birth_date": ("Tanggal lahir", "Birth date"),
    "kpj": ("Nomor KPJ", "BPJS participant number"),
}


def headings(shown: Sequence[str], language: Language) -> list[str]:
    """The headings; `shown` names the personal fields that the reader asked for and may see."""
    wording = 1 if language == "en" else 0
    return [{**_COLUMNS, **_REVEALED}[name][wording] for name in _names(shown)]


def row(item: Item, shown: Sequence[str]) -> list[Any]:
    """One applicant's cells, in the order of the headings."""
    held = item.model_dump(mode="json")
    return [_cell(held.get(name)) for name in _names(shown)]


def _names(shown: Sequence[str]) -> list[str]:
    number, *others = _COLUMNS
    return [number, *dict.fromkeys(shown), *others]


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
