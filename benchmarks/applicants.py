"""A programme and a sheet of its applicants, of any length: invented people who write as people write."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.kinds import APPLICANTS
from services.gateway.workbook import Workbook

CITY = "Kota Pekalongan"
_VOCATIONS = ("Barista", "Menjahit", "Desain Grafis", "Servis Sepeda Motor", "Tata Boga", "Pengelasan")
_COLUMNS = (
    *("submitted_at", "name", "nik", "birth_place", "birth_date", "gender", "address", "village", "district", "city"),
    *("phone", "email", "education", "choice_1", "choice_2", "willing_to_move", "health_certificate"),
    *("trained_before", "occupation"),
)
_NAMES = ("Siti", "Nur", "Aminah", "Budi", "Slamet", "Rizky", "Dewi", "Ayu", "Muhammad", "Fajar", "Lestari", "Wahyu")
_MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September")
_ANSWERS: dict[str, tuple[str, ...]] = {
    "birth_place": ("Pekalongan", "Batang", "Tegal", "PEKALONGAN"),
    "gender": ("Laki-laki", "L", "laki laki"),
    "village": ("Noyontaan", "Poncol", "Medono", "Bendan"),
    "district": ("Pekalongan Timur", "Pekalongan Barat", "Pekalongan Utara"),
    "city": (CITY, "KOTA PEKALONGAN", "Pekalongan Kota", "Kab. Batang"),
    "education": ("SMA", "SMK", "SMA/SMK sederajat", "SLTA", "D3", "S1"),
    "willing_to_move": ("Ya", "Tidak", "Ya, bersedia"),
    "health_certificate": ("Ada", "ada"),
    "trained_before": ("Belum", "Belum pernah", "Tidak"),
    "occupation": ("Belum bekerja", "Tidak/Belum Bekerja", "Ibu rumah tangga", "Mahasiswa", "Karyawan swasta"),
}
_UNUSABLE_EVERY = 97  # rows: one of them names a class that does not exist
_JAKARTA = ZoneInfo("Asia/Jakarta")


def programme(code: str) -> dict[str, Any]:
    """The definition of a programme whose registration is open."""
    today = datetime.now(_JAKARTA).date()
    window, training = (today - timedelta(days=10), today + timedelta(days=20)), today + timedelta(days=40)
    classes = [
        {"code": f"K{n}", "name": name, "vocation": name, "provider": "BLK", "provider_kind": "BLK", "seats": 16}
        | {"lsp": "LSP Uji", "scheme": name}
        for n, name in enumerate(_VOCATIONS, start=1)
    ]
    return {
        "code": code,
        "name": f"Pelatihan {code}",
        "fund": "APBD",
        "city": CITY,
        "registration": {"opens": window[0].isoformat(), "closes": window[1].isoformat()},
        "training": {"starts": training.isoformat(), "ends": (training + timedelta(days=25)).isoformat()},
        "selection": {"written_weight": 0.6, "interview_weight": 0.4, "pass_mark": 55, "reserves_per_class": 2},
        "eligibility": {"resident_of": CITY, "minimum_age": 18, "healthy": True, "never_trained": True},
        "classes": classes,
    }


def write_sheet(path: Path, rows: int, seed: int) -> None:
    """A workbook of so many applicants at `path`; sheets of different seeds below 1,000 name different people."""
    with closing(Workbook(path, [APPLICANTS.by_name[name].headings[0] for name in _COLUMNS])) as book:
        book.add([answers[name] for name in _COLUMNS] for answers in _people(rows, seed))


def _people(rows: int, seed: int) -> Iterator[dict[str, Any]]:
    random = Random(seed)  # noqa: S311 - nothing is kept secret
    begun = datetime.now(_JAKARTA).replace(tzinfo=None, microsecond=0) - timedelta(days=5)
    for n in range(rows):
        born = date(1985 + n % 20, n // 20 % 9 + 1, n // 180 % 28 + 1)
        name = " ".join(random.choices(_NAMES, k=3))
        choices = random.sample(_VOCATIONS, 2)
        yield {name: random.choice(answers) for name, answers in _ANSWERS.items()} | {
            "submitted_at": (begun + timedelta(seconds=3 * n)).isoformat(sep=" "),
            "name": name,
            "nik": f"33{seed:04d}{born:%d%m%y}{n // 5040:04d}",
            "birth_date": f"{born.day} {_MONTHS[born.month - 1]} {born.year}" if n % 2 else f"{born:%d/%m/%Y}",
            "address": f"Jl. Jlamprang Gg. {random.randint(1, 20)} No. {random.randint(1, 200)} RT 03/RW 05",
            "phone": f"08{seed % 100:02d}{n:08d}",
            "email": f"{name.split()[0].lower()}{n}@gmail.com",
            "choice_1": "Astronomi" if n % _UNUSABLE_EVERY == 0 else choices[0],
            "choice_2": choices[1],
        }
