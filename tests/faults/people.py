"""Invented programmes and people: nobody twice, and nothing that a rule would refuse unless it is meant to."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

JAKARTA = ZoneInfo("Asia/Jakarta")
HOME, ELSEWHERE = "Kota Pekalongan", "Kota Tegal"
CLASSES = 4
UNITS = ("U.01", "U.02")
EDUCATIONS = ("SMA", "SMK", "D3")

# by our name of a column: what the sheets call it
HEADINGS = {
    "submitted_at": "Timestamp",
    "name": "Nama Lengkap",
    "nik": "NIK",
    "birth_date": "Tanggal Lahir",
    "gender": "Jenis Kelamin",
    "city": "Kota/Kabupaten",
    "phone": "Nomor HP",
    "education": "Pendidikan Terakhir",
    "choice_1": "Pilihan Pelatihan 1",
    "choice_2": "Pilihan Pelatihan 2",
    "willing_to_move": "Bersedia dialihkan ke kelas lain",
    "health_certificate": "Surat Keterangan Sehat",
    "trained_before": "Pernah mengikuti pelatihan",
    "occupation": "Status saat ini",
    "follows_social_media": "Follow akun media sosial",
}


class Town:
    """Makes programmes and people; every number it gives out is given once."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._people = count(self.random.randrange(100_000) * 10)
        self._numbers = count(1)
        self._programmes = count(1)

    def programme(self, people: int) -> dict[str, Any]:
        """A definition whose registration is open now, with about half as many seats as people."""
        number = next(self._programmes)
        today = datetime.now(JAKARTA).date()
        classes = [
            {
                "code": f"K{place}",
                "name": f"Kelas {place}",
                "vocation": f"Kejuruan {place}",
                "provider": "BLK",
                "provider_kind": "BLK",
                "seats": max(2, people // (2 * CLASSES)),
                "lsp": f"LSP {place % 2}",
                "scheme": f"Skema {place}",
            }
            for place in range(1, CLASSES + 1)
        ]
        return {
            "code": f"GANGGU-{number}",
            "name": f"Pelatihan di tengah gangguan {number}",
            "fund": "APBD",
            "city": HOME,
            "registration": {
                "opens": (today - timedelta(days=10)).isoformat(),
                "closes": (today + timedelta(days=20)).isoformat(),
            },
            "training": {
                "starts": (today + timedelta(days=30)).isoformat(),
                "ends": (today + timedelta(days=60)).isoformat(),
            },
            "selection": {"written_weight": 0.6, "interview_weight": 0.4, "pass_mark": 40, "reserves_per_class": 3},
            "eligibility": {"resident_of": HOME, "minimum_age": 18, "healthy": True, "never_trained": True},
            "classes": classes,
        }

    def person(self) -> dict[str, Any]:
        """Somebody's answers, by our names of the columns; one in twenty does not live here."""
        number, rng = next(self._people), self.random
        born = date(1985, 1, 1) + timedelta(days=number % 5000)
        place = rng.sample(range(1, CLASSES + 1), 2)
        return {
            "name": f"Peserta Uji {rng.choice(['Satu', 'Dua', 'Tiga'])} {number % 97}",
            "nik": f"337501{born:%d%m%y}{number // 5000 % 10_000:04d}",
            "birth_date": born.isoformat(),
            "gender": "L",
            "city": HOME if rng.random() < 0.95 else ELSEWHERE,
            "phone": f"0812{number % 10**8:08d}",
            "education": rng.choice(EDUCATIONS),
            "choice_1": f"K{place[0]}",
            "choice_2": f"K{place[1]}",
            "willing_to_move": rng.choice(["ya", "tidak"]),
            "health_certificate": "ada",
            "trained_before": "belum",
            "occupation": "Belum bekerja",
            "follows_social_media": "ya",
        }

    def certificate_no(self) -> str:
        return f"62019 2513 {next(self._numbers):07d} 2027"

    def vacancy(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """A row of a sheet of vacancies, for a vocation of that programme."""
        low = self.random.randint(20, 40) * 100_000
        return {
            "Kode": f"L-{next(self._numbers)}",
            "Perusahaan": "CV Uji",
            "Jabatan": "Staf",
            "Kejuruan": self.random.choice(definition["classes"])["vocation"],
            "Jumlah": self.random.randint(1, 3),
            "Lokasi": HOME,
            "Pendidikan Minimal": "SMP",
            "Upah Minimal": low,
            "Upah Maksimal": low + 500_000,
            "Batas Lamaran": (date.fromisoformat(definition["training"]["ends"]) + timedelta(days=90)).isoformat(),
        }


def sheet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as a CSV file; the first one's keys are the headings."""
    every = list(rows)
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, fieldnames=list(every[0]))
    writer.writeheader()
    writer.writerows(every)
    return file.getvalue().encode()


def application(person: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A row of a sheet of applicants."""
    answers = {"submitted_at": at.strftime("%Y-%m-%d %H:%M:%S"), **person}
    return {heading: answers[name] for name, heading in HEADINGS.items()}
