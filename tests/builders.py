"""Valid values for tests; each test states only what it is about."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.selection.allocation import Candidate
from shared.contracts.registration import Facts, Programme


def facts(**changes: Any) -> Facts:
    """Somebody who meets every rule of `programme()`."""
    valid: dict[str, Any] = {
        "choices": ["A"],
        "willing_to_move": True,
        "city": "Kota Pekalongan",
        "district": "Pekalongan Barat",
        "age": 20,
        "education": "SMA",
        "gender": "female",
        "occupation": "none",
        "health_certificate": True,
        "trained_before": False,
        "follows_social_media": True,
    }
    return Facts.model_validate(valid | changes)


def programme(seats: dict[str, int] | None = None, **changes: Any) -> Programme:
    """A programme with a class per entry of `seats`, one day of registration long ago, and every rule on."""
    valid: dict[str, Any] = {
        "code": "UJI-1",
        "name": "Program uji",
        "fund": "APBD",
        "city": "Kota Pekalongan",
        "registration": {"opens": date(2030, 1, 1), "closes": date(2030, 1, 31)},
        "training": {"starts": date(2030, 3, 1), "ends": date(2030, 3, 31)},
        "selection": {"written_weight": 0.6, "interview_weight": 0.4, "pass_mark": 55, "reserves_per_class": 1},
        "eligibility": {
            "resident_of": "Kota Pekalongan",
            "minimum_age": 18,
            "healthy": True,
            "never_trained": True,
            "not_employed": True,
            "not_studying": True,
            "follows_social_media": True,
        },
        "classes": [
            {
                "code": code,
                "name": f"Kelas {code}",
                "vocation": f"Kejuruan {code}",
                "provider": "BLK",
                "provider_kind": "BLK",
                "seats": count,
                "lsp": "LSP Uji",
                "scheme": f"Skema {code}",
            }
            for code, count in (seats or {"A": 2, "B": 1}).items()
        ],
    }
    return Programme.model_validate(valid | changes)


def candidate(number: int, total: str | None = "80", **changes: Any) -> Candidate:
    """The `number`th to register."""
    score = None if total is None else Decimal(total)
    valid: dict[str, Any] = {
        "applicant_id": f"a{number:04}",
        "person_id": f"p{number:04}",
        "registration_no": f"UJI-1-{number:04}",
        "registered_at": datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        "choices": ("A",),
        "willing_to_move": False,
        "written": score,
        "total": score,
    }
    return Candidate(**valid | changes)
