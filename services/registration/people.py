"""A person as registration knows them: the only place where somebody is named."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Final, Self

from shared.contracts.registration import Gender


@dataclass(frozen=True)
class Person:
    """Who applies. Every field is personal: it is kept encrypted and leaves this service only by a recorded reveal."""

    name: str
    nik: str
    birth_date: date
    gender: Gender
    city: str
    birth_place: str | None = None
    address: str | None = None
    village: str | None = None
    district: str | None = None
    phone: str | None = None
    email: str | None = None
    # participant number of BPJS Ketenagakerjaan: no form or sheet of applicants asks for it, see participant_number.py
    kpj: str | None = None

    def written(self) -> dict[str, str]:
        """The fields as text, by name; what is not known is left out."""
        return {name: str(value) for name in FIELDS if (value := getattr(self, name)) is not None}

    @classmethod
    def read(cls, written: dict[str, str]) -> Self:
        """The person that `written` described."""
        known = {name: written.get(name) for name in FIELDS}
        born = date.fromisoformat(written["birth_date"])
        return cls(**{**known, "birth_date": born, "gender": Gender(written["gender"])})  # type: ignore[arg-type]


ERASED: Final = "dihapus / erased"  # what stands where a masked field of an erased person would
FIELDS: Final = tuple(field.name for field in fields(Person))


def initials(name: str) -> str:
    """The initials that a public page may show: "Siti Nur Aminah" is "S. N. A."."""
    return " ".join(f"{first.upper()}." for first in (word[0] for word in name.split()) if first.isalnum())


def masked_name(name: str) -> str:
    """The first letter of every word: "S*** N*** A***", the same length for all."""
    return " ".join(f"{word[0]}***" for word in name.split())


def masked_nik(nik: str) -> str:
    """The last four digits only: the others state where and when somebody was born."""
    return "*" * 12 + nik[-4:]
