"""Made-up people, classes and vacancies, as uneven as real ones: the same for the same numbers."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from services.placement.matching import Candidate as Graduate
from services.placement.matching import Opening
from services.placement.places import Neighbours
from services.placement.vacancy import Terms
from shared.contracts.registration import Facts, Programme
from tests.builders import facts, programme

_SEED = 20300
_OPENS = datetime(2030, 1, 1, tzinfo=UTC)
_CITIES = [f"{kind} {number}" for kind in ("Kota", "Kabupaten") for number in range(1, 19)]
_LEVELS = ["SD", "SMP", "SMA", "D3", "S1"]
_RANKS = [0, 1, 2, 5, 6]  # of those levels
_LEARNED = [3, 15, 65, 10, 7]  # of a hundred people
_ASKED = [10, 25, 50, 10, 5]  # of a hundred vacancies
NEIGHBOURS = Neighbours(pairwise(_CITIES))


def applicants(number: int) -> list[Facts]:
    """Facts of whom about a third fails some rule."""
    draw = random.Random(_SEED)  # noqa: S311
    return [
        facts(
            city=draw.choices(["Kota Pekalongan", "KOTA  PEKALONGAN", "Kabupaten Pekalongan"], [80, 12, 8])[0],
            age=draw.randint(16, 50),
            occupation=draw.choices(["none", "employed", "studying", "self_employed"], [80, 5, 5, 10])[0],
            health_certificate=draw.random() > 0.05,
            trained_before=draw.random() < 0.05,
            follows_social_media=draw.random() > 0.05,
        )
        for _ in range(number)
    ]


def classes(number: int) -> Programme:
    """A programme with that many classes of 16 seats."""
    return programme({f"KLS-{one:04}": 16 for one in range(number)})


def scored(number: int, offered: Programme) -> Iterator[dict[str, Any]]:
    """Input rows of a run, as they are stored: one to three choices, some classes much more wanted than others.

    Two thirds would move; far more people than seats, as the worst case for whoever takes any class.
    """
    draw = random.Random(_SEED)  # noqa: S311
    codes = [offer.code for offer in offered.classes]
    for one in range(number):
        wanted = dict.fromkeys(codes[int(len(codes) * draw.random() ** 2)] for _ in range(draw.randint(1, 3)))
        absent = draw.random() < 0.03
        yield {
            "applicant_id": uuid.UUID(int=draw.getrandbits(128)).hex,
            "person_id": f"{draw.getrandbits(256):064x}",
            "registration_no": f"UJI-1-{one + 1:07}",
            "registered_at": (_OPENS + timedelta(seconds=draw.randrange(2_000_000))).isoformat(),
            # as read from a database: every text is its own
            "choices": ["".join(code) for code in map(list, wanted)],
            "willing_to_move": draw.random() < 2 / 3,
            "written": None if absent else f"{draw.triangular(0, 100, 65):.1f}",
            "total": None if absent else f"{draw.triangular(0, 100, 65):.2f}",
            "exclusive": True,
        }


def graduates(number: int, vocations: int, seed: int = _SEED) -> list[Graduate]:
    draw = random.Random(seed)  # noqa: S311
    return [
        Graduate(
            applicant_id=uuid.UUID(int=draw.getrandbits(128)).hex,
            vocation=_vocation(draw, vocations),
            education=draw.choices(_RANKS, _LEARNED)[0],
            city=_CITIES[int(len(_CITIES) * draw.random() ** 2)],
            total=round(draw.triangular(55, 100, 65), 2),
        )
        for _ in range(number)
    ]


def vacancies(number: int, vocations: int, seed: int = _SEED) -> list[Opening]:
    """Vacancies of one to five seats whose wages are whole tens of thousands."""
    draw = random.Random(seed + 1)  # noqa: S311
    return [
        Opening(f"v{one:06}", _terms(draw, one, vocations), draw.choice((1, 1, 1, 2, 2, 3, 5))) for one in range(number)
    ]


def _vocation(draw: random.Random, vocations: int) -> str:
    return f"kejuruan {int(vocations * draw.random() ** 1.5)}"


def _terms(draw: random.Random, number: int, vocations: int) -> Terms:
    wage = 10_000 * draw.randint(180, 400)
    return Terms.model_validate(
        {
            "code": f"L-{number}",
            "employer": f"CV Kerja {number % 5000}",
            "position": "Staf",
            "vocation": _vocation(draw, vocations),
            "seats": 5,
            "location": _CITIES[int(len(_CITIES) * draw.random() ** 2)],
            "education": draw.choices(_LEVELS, _ASKED)[0],
            "wage_min": wage,
            "wage_max": wage + 10_000 * draw.randint(0, 100),
            "closes_on": "2030-12-31",
            "source": None,
        }
    )
