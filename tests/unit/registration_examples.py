"""A programme and an applicant's row for the tests of registration, nobody's real data."""

import copy
from datetime import date
from typing import Any

from services.registration.programme import parse
from shared.cells import Cell

DEFINITION: dict[str, Any] = {
    "code": "LAS-2026",
    "name": "Pelatihan las",
    "fund": "APBD",
    "city": "kota  tegal",
    "registration": {"opens": "2026-01-05", "closes": date(2026, 1, 30)},
    "training": {"starts": "2026-02-16", "ends": "2026-03-13", "minimum_attendance": 0.7},
    "selection": {"written_weight": 0.3, "interview_weight": 0.7, "pass_mark": 60, "reserve_until": "2026-02-20"},
    "eligibility": {"resident_of": "Tegal Kota", "minimum_age": 17, "healthy": True},
    "classes": [
        {
            "code": code,
            "name": name,
            "vocation": "Pengelasan",
            "provider": "BLK",
            "provider_kind": "BLK",
            "seats": 16,
            "lsp": "LSP Logam",
            "scheme": "Juru las",
        }
        for code, name in (("LAS-1", "Las dasar"), ("LAS-2", "Las lanjut"))
    ],
}


def changed(path: str, value: object) -> dict[str, Any]:
    definition = copy.deepcopy(DEFINITION)
    place: Any = definition
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return definition


PROGRAMME = parse(DEFINITION)
ON = date(2026, 1, 10)
ROW: dict[str, Cell] = {
    "name": " Siti  Nur  AMINAH",
    "nik": "'3376 0141 0799 0012",
    "birth_place": "Tegal",
    "birth_date": "1 Juli 1999",
    "gender": "P",
    "address": "Jl. Melati No. 5",
    "village": "Slerok",
    "district": "Tegal Timur",
    "city": "TEGAL KOTA",
    "phone": "0812-3450-0987",
    "email": None,
    "education": "SLTA",
    "choice_1": "las lanjut",
    "choice_2": None,
    "willing_to_move": "Ya",
    "health_certificate": "Ada",
    "trained_before": "Belum",
    "occupation": "Ibu rumah tangga",
    "follows_social_media": "T",
}
