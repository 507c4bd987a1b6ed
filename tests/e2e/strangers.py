"""Programmes, people and spreadsheets nobody has seen: random, but the same for the same seed.

Whoever writes a row here knows what it means and what is wrong with it; how it is spelled is left to chance.
"""

import csv
import io
from calendar import isleap
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from openpyxl import Workbook

CITIES = (
    *("Kota Pekalongan", "Kabupaten Pekalongan", "Kabupaten Batang", "Kota Tegal", "Kabupaten Tegal"),
    *("Kota Bandar Lampung", "Kabupaten Kulon Progo", "Kota Salatiga"),
)
MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
EDUCATION = ("SMP", "SMA", "SMK", "D3", "S1")
OCCUPATIONS = {
    "none": ("Tidak bekerja", "Belum bekerja", "IBU RUMAH TANGGA", "pencari  kerja"),
    "studying": ("Kuliah", "mahasiswa", "SEKOLAH"),
    "employed": ("Bekerja", "Karyawan swasta", "karyawan"),
    "self_employed": ("Wirausaha", "wiraswasta"),
}
STATUSES = {
    "employed": "Bekerja",
    "self_employed": "Wirausaha",
    "unemployed": "Belum bekerja",
    "studying": "Melanjutkan studi",
    "unreachable": "Tidak dapat dihubungi",
}
NIK, NAME = "NIK", "Nama"


@dataclass(eq=False)
class Stranger:
    """A person; `nik` need not agree with the birth date or the gender."""

    nik: str
    name: str
    born: date
    gender: str
    city: str
    education: str
    phone: str


@dataclass
class Row:
    """One row of a sheet: cells by heading, what they mean, and what is wrong with them as (heading, reason)."""

    cells: dict[str, Any]
    about: Stranger | None = None
    means: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    warns: set[str] = field(default_factory=set)


@dataclass
class File:
    """A sheet as it is uploaded, and each row with its number in the file."""

    name: str
    content: bytes
    rows: dict[int, Row]


class Spelling:
    """How people write things, and where they make mistakes."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def case(self, text: str) -> str:
        return self.rng.choice([text, text, text.upper(), text.lower(), f" {text} ", text.replace(" ", "  ")])

    def day(self, on: date) -> Any:
        written = f"{on.day} {MONTHS[on.month - 1]} {on.year}"
        spellings = [f"{on:%d/%m/%Y}", f"{on:%d-%m-%Y}", on.isoformat(), written, written.upper()]
        return self.rng.choice([*spellings, datetime.combine(on, time())])

    def moment(self, at: datetime) -> Any:
        return self.rng.choice([at, at, at.isoformat(" "), f"{at:%d/%m/%Y %H:%M:%S}"])

    def nik(self, nik: str) -> str:
        grouped = f"{nik[:4]} {nik[4:8]} {nik[8:12]} {nik[12:]}"
        dotted = f"{nik[:6]}.{nik[6:12]}.{nik[12:]}"
        return self.rng.choice([nik, nik, f"'{nik}", f"\u2019{nik}", f"{nik}\u00a0", f" {nik} ", dotted, grouped])

    def yes(self, value: bool) -> str:
        return self.case(self.rng.choice(["Ya", "Sudah", "Ada", "y"] if value else ["Tidak", "Belum", "t"]))

    def city(self, name: str) -> str:
        kind, _, rest = name.partition(" ")
        if kind == "Kota":
            return self.case(self.rng.choice([name, name, f"{rest} Kota"]))
        return self.case(self.rng.choice([name, f"Kab. {rest}", f"Kab {rest}"]))

    def number(self, value: Decimal) -> Any:
        return self.rng.choice([float(value), float(value), str(value), str(value).replace(".", ",")])

    def file(self, rows: list[Row], drop: frozenset[str] = frozenset(), units: tuple[str, ...] = ()) -> File:
        """The rows as xlsx or csv, columns in any order (units stay between Skema … and Rekomendasi)."""
        rng = self.rng
        headings = [heading for heading in rows[0].cells if heading not in drop and heading not in units]
        rng.shuffle(headings)
        if units:
            headings.remove("Rekomendasi")
            at = headings.index("Skema Sertifikasi") + 1
            headings[at:at] = [*units, "Rekomendasi"]
        shown = [heading if heading in units else self.case(heading) for heading in headings]
        lines: list[list[Any]] = [["Data untuk dinas"]] * rng.choice([0, 0, 1, 2])
        lines.append(shown)
        numbers: dict[int, Row] = {}
        for row in rows:
            if self.chance(0.02):
                lines.append([None] * len(headings))
            lines.append([row.cells.get(heading) for heading in headings])
            numbers[len(lines)] = row
        numeric = any(isinstance(row.cells.get(NIK), int) for row in rows)  # in csv it would be text, and usable
        kind = "xlsx" if numeric else rng.choice(["xlsx", "xlsx", "csv"])
        return File(f"berkas.{kind}", _xlsx(lines) if kind == "xlsx" else _csv(lines, rng.choice(";,\t")), numbers)


class Country:
    """Where the strangers live: makes people, and no NIK, certificate number or vacancy code twice."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.spell = Spelling(self.rng)
        self.seed = seed
        self._serial = count(1 + seed % 7 * 1200)
        self.numbers = count(seed * 10_000 + 10_000)

    def stranger(self, city: str, born: date) -> Stranger:
        """Somebody born that day. One in ten has a NIK that says otherwise, as after a correction of birth data."""
        rng, gender = self.rng, self.rng.choice(["male", "female"])
        on, stated = born, gender
        if self.spell.chance(0.05):
            on = born + timedelta(days=rng.choice([1, 31, 365]))
        if self.spell.chance(0.05):
            stated = "male" if gender == "female" else "female"
        day = on.day + (40 if stated == "female" else 0)
        prefix = f"{rng.choice([3375, 3326, 3174, 1871, 3401])}{rng.randint(1, 20):02d}"
        nik = f"{prefix}{day:02d}{on:%m%y}{next(self._serial):04d}"
        name = f"{_word(rng)} {_word(rng)}{f' {_word(rng)}' if rng.random() < 0.4 else ''}"
        return Stranger(nik, name, born, gender, city, rng.choice(EDUCATION), f"08{rng.randint(10**8, 10**10 - 1)}")

    def programme(self, letter: str, year: int, classes: int, seats: tuple[int, int]) -> dict[str, Any]:
        """A definition: other weights, rules, cities, classes and certification bodies every time."""
        rng, seed = self.rng, self.seed
        starts = rng.choice([date(year, 3, 1), date(year, 2, 28), date(year, 3, rng.randint(2, 28))])
        opens = starts - timedelta(days=rng.randint(45, 60))
        weight = Decimal(rng.randint(0, 20)) / 20
        city = rng.choice(CITIES)
        selection: dict[str, Any] = {
            "written_weight": float(weight),
            "interview_weight": float(1 - weight),
            "pass_mark": rng.choice([50, 55.5, 62.25, 70]),
            "reserves_per_class": rng.randint(0, 3),
        }
        if rng.random() < 0.5:
            selection["reserve_until"] = (starts + timedelta(days=5)).isoformat()
        training = {"starts": starts.isoformat(), "ends": (starts + timedelta(days=rng.randint(20, 35))).isoformat()}
        rules: dict[str, Any] = {
            name: True
            for name in ("healthy", "never_trained", "not_employed", "not_studying", "follows_social_media")
            if rng.random() < 0.7
        }
        if rng.random() < 0.8:
            rules["resident_of"] = city
        if rng.random() < 0.8:
            rules["minimum_age"] = rng.choice([17, 18, 21])
        bodies = [f"LSP {_word(rng)} {body}" for body in range(2)]
        vocations = [f"Kejuruan {letter}{seed} {_word(rng)}" for _ in range(max(1, classes - 1))]
        offers = [
            {
                "code": f"{letter}{place}",
                "name": f"Kelas {_word(rng)} {place}",
                "vocation": vocations[place % len(vocations)],
                "provider": f"LPKS {_word(rng)}",
                "provider_kind": rng.choice(["LPKS", "BLKK", "BLK"]),
                "seats": rng.randint(*seats),
                "lsp": bodies[place % 2],
                "scheme": f"Skema {vocations[place % len(vocations)]}",
            }
            for place in range(classes)
        ]
        if rng.random() < 0.5:
            training["minimum_attendance"] = rng.choice([0.7, 0.8, 0.55])  # type: ignore[assignment]
        return {
            "code": f"{letter}-{seed}-{year}",
            "name": f"Pelatihan {_word(rng)}",
            "fund": rng.choice(["APBD", "DBHCHT"]),
            "city": city,
            "registration": {"opens": opens.isoformat(), "closes": (opens + timedelta(days=14)).isoformat()},
            "training": training,
            "selection": selection,
            "eligibility": rules,
            "classes": offers,
        }

    def newcomers(self, programme: dict[str, Any], number: int) -> list[Stranger]:
        """Mostly people who may apply; some on their birthday, some born on 29 February, some from elsewhere."""
        rng, starts = self.rng, date.fromisoformat(programme["training"]["starts"])
        age = programme["eligibility"].get("minimum_age", 18)
        people = []
        for _ in range(number):
            born = date(starts.year - rng.randint(age + 1, 45), rng.randint(1, 12), rng.randint(1, 28))
            match rng.random():
                case low if low < 0.08:
                    born = _years_before(starts, age) + timedelta(days=rng.choice([0, 0, 1, 200]))
                case low if low < 0.12:
                    year = starts.year - age if isleap(starts.year - age) else starts.year - starts.year % 4 - 24
                    born = date(year, 2, 29)
            home = programme["city"] if rng.random() < 0.9 else rng.choice(CITIES)
            people.append(self.stranger(home, born))
        return people

    def application(self, programme: dict[str, Any], who: Stranger, at: datetime | None = None) -> Row:
        """One usable row, submitted at that moment or some time while registration is open."""
        rng, spell = self.rng, self.spell
        opens = datetime.fromisoformat(programme["registration"]["opens"])
        closes = datetime.fromisoformat(programme["registration"]["closes"]) + timedelta(days=1, seconds=-1)
        at = at or rng.choice([opens, closes, *[opens + timedelta(hours=rng.randint(1, 350)) for _ in range(30)]])
        chosen = rng.sample(programme["classes"], k=min(rng.choice([1, 1, 2, 3]), len(programme["classes"])))
        says = {name: rng.random() < yes for name, yes in (("healthy", 0.96), ("trained", 0.05), ("follows", 0.96))}
        willing = rng.random() < 0.6
        occupation = rng.choices(list(OCCUPATIONS), weights=[88, 4, 4, 4])[0]
        cells = {
            "Timestamp": spell.moment(at),
            "Nama Lengkap (sesuai KTP)": spell.case(who.name),
            NIK: spell.nik(who.nik),
            "Tempat Lahir": "Pekalongan",
            "Tanggal Lahir": spell.day(who.born),
            "Jenis Kelamin": spell.case(rng.choice(["L", "Laki-laki"] if who.gender == "male" else ["P", "Perempuan"])),
            "Alamat": "Jl. Mawar No. 3",
            "Kelurahan": "Jenggot",
            "Kecamatan": "Pekalongan Selatan",
            "Kota/Kabupaten (sesuai KTP)": spell.city(who.city),
            "Nomor HP (WhatsApp)": who.phone,
            "Email": None,
            "Pendidikan Terakhir": spell.case(who.education),
            **{f"Pilihan Pelatihan {place}": None for place in (1, 2, 3)},
            "Bersedia dialihkan ke kelas lain?": spell.yes(willing),
            "Surat Keterangan Sehat": spell.yes(says["healthy"]),
            "Pernah mengikuti pelatihan Dinperinaker?": spell.yes(says["trained"]),
            "Status saat ini": rng.choice(OCCUPATIONS[occupation]),
            "Follow akun media sosial Dinperinaker": spell.yes(says["follows"]),
        }
        for place, offer in enumerate(chosen, start=1):
            cells[f"Pilihan Pelatihan {place}"] = spell.case(rng.choice([offer["name"], offer["code"]]))
        means = {"at": at, "choices": [offer["code"] for offer in chosen], "willing": willing, **says}
        return Row(cells, who, means | {"occupation": occupation}, warns=_nik_warnings(who))

    def spoil(self, row: Row) -> Row:
        """The row with one or two cells that cannot be used."""
        rng, spoiled = self.rng, Row(dict(row.cells), row.about, dict(row.means))
        assert row.about is not None
        nik = row.about.nik
        mistakes: list[tuple[str, Any, str]] = [
            (NIK, nik[:-1], "nik_length"),
            (NIK, nik[:15] + "O", "nik_not_digits"),
            (NIK, nik[:6] + "320190" + nik[12:], "nik_date"),
            (NIK, nik[:6] + "311190" + nik[12:], "nik_date"),
            (NIK, "3,37501E+15", "nik_numeric"),
            (NIK, int(nik), "nik_numeric"),
            (NIK, None, "missing"),
            ("Tanggal Lahir", "31/02/2000", "not_a_date"),
            ("Tanggal Lahir", "kemarin", "not_a_date"),
            ("Timestamp", "tadi pagi", "not_a_date"),
            ("Jenis Kelamin", "X", "unknown_gender"),
            ("Pilihan Pelatihan 1", "Astronot", "unknown_class"),
            ("Pilihan Pelatihan 2", "Pilot", "unknown_class"),
            ("Pilihan Pelatihan 1", None, "missing"),
            ("Status saat ini", "Naga", "unknown_occupation"),
            ("Bersedia dialihkan ke kelas lain?", "mungkin", "not_yes_or_no"),
            ("Nama Lengkap (sesuai KTP)", "  ", "missing"),
            ("Pendidikan Terakhir", "Akademi Sihir", "unknown_education"),
        ]
        for heading, cell, reason in rng.sample(mistakes, k=rng.choice([1, 1, 2])):
            if heading not in [known for known, _ in spoiled.faults]:
                spoiled.cells[heading] = cell
                spoiled.faults.append((heading, reason))
        return spoiled

    def certificate_no(self, year: int) -> tuple[str, bool]:
        """A number nobody has, and whether it has the usual form."""
        rng, serial = self.rng, next(self.numbers)
        if rng.random() < 0.1:
            return f"BNSP/{serial}/{year}", False
        level = f" {rng.randint(1, 5)}" if rng.random() < 0.5 else ""
        return f"{rng.randint(10**4, 10**5 - 1)} {rng.randint(1000, 9999)}{level} {serial:07d} {year}", True


def _word(rng: Random) -> str:
    return "".join(rng.choice("bdgjklmnprst") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))).capitalize()


def _years_before(on: date, years: int) -> date:
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return date(on.year - years, 3, 1)


def _nik_warnings(who: Stranger) -> set[str]:
    day = int(who.nik[6:8])
    same_day = f"{day - 40 if day > 40 else day:02d}{who.nik[8:12]}" == f"{who.born:%d%m%y}"
    same_gender = (day > 40) == (who.gender == "female")
    return {*([] if same_day else ["nik_birth_date_differs"]), *([] if same_gender else ["nik_gender_differs"])}


def _xlsx(lines: list[list[Any]]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    if len(lines) % 3 == 0:  # a sheet that nobody sees is not the one that was meant
        hidden = book.create_sheet("Catatan", 0)
        hidden.sheet_state, book.active = "hidden", 1
        hidden.append(["NIK", "Nama"])
    book.save(file)
    return file.getvalue()


def _csv(lines: list[list[Any]], delimiter: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(lines)
    return file.getvalue().encode("utf-8-sig" if len(lines) % 2 else "cp1252")
