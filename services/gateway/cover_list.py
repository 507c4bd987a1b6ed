"""The list that is uploaded to BPJS Ketenagakerjaan: who is to be covered, from which day to which.

A row is a person and days on which the same insurances are missing, so somebody with two gaps stands in it twice.
Whoever cannot be written down because what registration keeps of them cannot be opened is named in a sheet behind it.
Which columns stand in it, under which headings, is a setting: the form is BPJS's own and changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from services.gateway.listing import REVEALABLE

DEFAULT: Final = (
    "No=number; NIK=nik; Nama Lengkap=name; Tanggal Lahir=birth_date; Alamat=address; Nomor HP=phone; "
    "Nomor KPJ=kpj; Program=insurances; Tanggal Mulai=starts; Tanggal Akhir=ends; Kelas=class_name"
)
_OURS: Final = ("number", "registration_no", "class_code", "class_name", "provider", "insurances", "starts", "ends")
LEFT_OUT: Final = ("Tidak ikut dalam daftar", "Sebab")  # the form is BPJS's, so it is Indonesian for everybody
_DAYS: Final = ("birth_date", "starts", "ends")


class Column(NamedTuple):
    heading: str
    field: str


class Days(NamedTuple):
    """From one day to another, both included, and the insurances it is about."""

    starts: str
    ends: str
    insurances: Sequence[str]


def together(gaps: Iterable[Mapping[str, str]]) -> list[Days]:
    """The days that are missing, each with all insurances that are missing on them."""
    found: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        found.setdefault((gap["starts"], gap["ends"]), []).append(gap["insurance"])
    return [Days(*days, insurances) for days, insurances in sorted(found.items())]


def columns(setting: str) -> list[Column]:
    """`Heading=field; …`. Raises ValueError for a field there is not, and without a column."""
    pairs = [one.partition("=") for one in setting.split(";") if one.strip()]
    found = [Column(heading.strip(), field.strip()) for heading, _, field in pairs]
    wrong = [one for one in found if not one.heading or one.field not in (*_OURS, *REVEALABLE)]
    if wrong or not found:
        raise ValueError(f"columns of the list for BPJS are written Heading=field; fields: {_OURS}, {REVEALABLE}")
    return found


def personal(wanted: Sequence[Column]) -> list[str]:
    """The personal fields among them."""
    return [field for field in REVEALABLE if field in {one.field for one in wanted}]


def unreadable(wanted: Sequence[Column], fields: Iterable[str]) -> list[str]:
    """The headings of columns that cannot be filled in for somebody of whom these fields cannot be opened."""
    damaged = set(fields)
    return [one.heading for one in wanted if one.field in damaged]


def row(wanted: Sequence[Column], known: Mapping[str, Any]) -> list[Any]:
    """The cells of a row; days as dd-mm-yyyy."""
    return [_cell(one.field, known.get(one.field)) for one in wanted]


def _cell(field: str, value: Any) -> Any:
    if field == "insurances":
        return ", ".join(value).upper()
    return f"{date.fromisoformat(str(value)):%d-%m-%Y}" if field in _DAYS and value else value
