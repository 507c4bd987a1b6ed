"""The sheets that follow registration, about people as the oracle expects them to stand, with mistakes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.e2e.oracle import ANY, Case, Course
from tests.e2e.strangers import CITIES, EDUCATION, NIK, STATUSES, Country, File, Row, Stranger

ABSENT = ("-", None, "Tidak hadir", "TIDAK HADIR", " - ")


class Paperwork:
    """Writes sheets; `outsider` is nobody's applicant."""

    def __init__(self, country: Country) -> None:
        self.country, self.rng, self.spell = country, country.rng, country.spell
        self.outsider = country.stranger("Kota Tegal", date(1999, 9, 9))

    def alumni(self, people: list[Stranger]) -> File:
        rows = []
        for who in people:
            training, year = f"Pelatihan {who.name[:3]}", self.rng.randint(2015, 2024)
            cells = {NIK: self.spell.nik(who.nik), "Nama": who.name, "Tahun": year, "Pelatihan": training, "No": None}
            rows.append(Row(cells, who, {"nik": who.nik, "training": training, "year": year}))
        rows.append(Row({**rows[0].cells, "Tahun": "dulu"}, None, faults=[("Tahun", "not_a_number")]))
        rows.append(rows[0])
        return self.spell.file(rows)

    def scores(self, course: Course, cases: list[Case]) -> File:
        """Scores of these people, many of them equal; some absent, some impossible, one of a stranger."""
        rng, spell = self.rng, self.spell
        rows = []
        for case in cases:
            pair = [Decimal(rng.choice(["55.0", "60", "62.5", "70", "75.5", "82", "90.0"])) for _ in range(2)]
            if rng.random() < 0.5:
                pair = [Decimal(f"{rng.uniform(30, 100):.2f}") for _ in range(2)]
            means: list[Decimal | None] = [*pair]
            cells: list[Any] = [spell.number(value) for value in pair]
            if rng.random() < 0.06:
                for place in rng.choice([(0,), (1,), (0, 1)]):
                    cells[place], means[place] = rng.choice(ABSENT), None
            row = self._score(case.who, cells, means)
            if rng.random() < 0.05:
                wrong, reason = rng.choice(
                    [(140, "out_of_range"), (-1, "out_of_range"), ("100,5", "out_of_range"), ("baik", "not_a_number")]
                )
                rows.append(self._score(case.who, [wrong, cells[1]], []))
                rows[-1].faults.append(("Nilai Tes Tertulis", reason))
            rows.append(row)
            if rng.random() < 0.03:
                rows.append(row)
        refused = [case for case in course.cases.values() if course.reasons(case)]
        rows += [self._score(case.who, [70, 80], [Decimal(70), Decimal(80)]) for case in refused[:2]]
        rows.insert(len(rows) // 2, self._score(self.outsider, [50, 50], [Decimal(50), Decimal(50)]))
        return spell.file(rows)

    def _score(self, who: Stranger, cells: list[Any], means: list[Decimal | None]) -> Row:
        written, interview = (*means, None, None)[:2]
        named = {NIK: self.spell.nik(who.nik), "Nama": who.name, "No": 1, "Keterangan": None}
        marks = {"Nilai Tes Tertulis": cells[0], "Nilai Wawancara": cells[1]}
        return Row(named | marks, who, {"written": written, "interview": interview})

    def attendance(self, course: Course) -> File:
        """Everybody with a seat; some quit, some stayed away often; and people who have no business in this list."""
        rng, days = self.rng, self.rng.randint(15, 25)
        rows = []
        for code, offer in course.classes.items():
            for case in course.seated(code):
                present = rng.choice([days, days - 1, rng.randint(0, days), int(days * 0.8), int(days * 0.55)])
                row = self._attends(case.who, rng.choice([code, offer["name"]]), code, days, present)
                rows += [row, row] if rng.random() < 0.03 else [row]
        some = rows[0]
        assert some.about
        other = next((code for code in course.classes if code != some.means["class"]), None)
        if other:
            rows.insert(0, self._attends(some.about, other, other, days, days))
        rows.append(self._attends(some.about, some.means["class"], some.means["class"], days, days + 1))
        rows[-1].faults.append(("Hadir", "more_than_days"))
        rows.append(self._attends(some.about, "Z9", "Z9", days, days))
        rows[-1].faults.append(("Kelas", "unknown_class"))
        rows.append(self._attends(self.outsider, some.means["class"], some.means["class"], days, days))
        lost = [case for case in course.cases.values() if case.outcome == "rejected" or course.reasons(case)]
        rows += [self._attends(case.who, some.means["class"], some.means["class"], days, days) for case in lost[:2]]
        return self.spell.file(rows)

    def _attends(self, who: Stranger, named: str, code: str, days: int, present: int) -> Row:
        quits = self.rng.random() < 0.05
        note = self.rng.choice(["Mengundurkan diri", "MENGUNDURKAN DIRI", "mengundurkan  diri"]) if quits else None
        cells: dict[str, Any] = {"Kelas": self.spell.case(named), NIK: self.spell.nik(who.nik), "Nama": who.name}
        cells |= {"Hari Pelatihan": days, "Hadir": self.rng.choice([present, str(present)]), "Keterangan": note}
        return Row(cells, who, {"class": code, "days": days, "present": present, "quits": quits})

    def assessments(self, course: Course, body: str, after: date, *, again: bool = False) -> File | None:
        """A certification body's results for its classes; `again` for those not yet competent, on a later day."""
        rng, ends = self.rng, after
        units = tuple(rng.sample(["U.01", "Unit 2", "J.62010.004.01", "Praktik", "Teori (tulis)"], k=rng.randint(2, 4)))
        mine = [case for case in course.cases.values() if case.class_code in course.classes]
        mine = [case for case in mine if course.classes[str(case.class_code)]["lsp"] == body]
        mine = [case for case in mine if case.outcome == "accepted" and not case.withdrawn]
        due = [case for case in mine if case.completed and (not again or (case.attempts and not case.competent))]
        rows = []
        for case in due:
            on = ends + timedelta(days=rng.randint(1, 2))
            passes = [rng.random() < 0.9 for _ in units]
            scheme = course.classes[str(case.class_code)]["scheme"]
            rows.append(self._result(case.who, units, scheme, on, passes))
        if not rows:
            return None
        good = rows[0]
        assert good.about
        rows.append(self._result(good.about, units, "Skema lain", good.means["on"], good.means["units"]))
        rows.append(self._result(self.outsider, units, good.means["scheme"], ends, good.means["units"]))
        rows.append(self._result(good.about, units, good.means["scheme"], ends, good.means["units"]))
        rows[-1].cells[units[0]] = "mungkin"
        rows[-1].faults.append((units[0], "not_k_or_bk"))
        rows += [
            self._result(case.who, units, course.classes[str(case.class_code)]["scheme"], ends, good.means["units"])
            for case in mine
            if case.completed is False
        ]
        rows.append(good)
        return self.spell.file(rows, units=units)

    def _result(self, who: Stranger, units: tuple[str, ...], scheme: str, on: date, passes: list[bool]) -> Row:
        rng, spell = self.rng, self.spell
        says = all(passes) if rng.random() < 0.9 else not all(passes)
        words = {True: ("K", "k", "Kompeten"), False: ("BK", "bk", "Belum Kompeten")}
        cells = {"No": 1, "Nama": who.name, NIK: spell.nik(who.nik), "Skema Sertifikasi": spell.case(scheme)}
        cells |= {unit: rng.choice(words[passed]) for unit, passed in zip(units, passes, strict=True)}
        cells |= {"Rekomendasi": rng.choice(words[says]), "Tanggal Asesmen": spell.day(on), "Asesor": "Asesor Tua"}
        warns = set() if says == all(passes) else {"units_differ"}
        said = (units, passes, str(cells["Rekomendasi"]).casefold())
        return Row(cells, who, {"scheme": scheme, "on": on, "units": passes, "says": said}, warns=warns)

    def certificates(self, course: Course, issued: date) -> File | None:
        """Certificates for nearly all who are competent, and rows that must not be taken."""
        rng = self.rng
        seated = [case for code in course.classes for case in course.seated(code)]
        competent = [case for case in seated if case.competent]
        rows: list[Row] = []
        for case in competent:
            on = issued + timedelta(days=rng.choice([0, 0, 40]))
            until = rng.choice([None, None, *[on + timedelta(days=days) for days in (10, 30, 400, 1100)]])
            number, usual = self.country.certificate_no(issued.year)
            scheme = course.classes[str(case.class_code)]["scheme"]
            match rng.random():
                case low if low < 0.05 and rows:
                    number, usual = rows[0].means["number"], not rows[0].warns  # somebody else's
                case low if low < 0.08:
                    scheme = "Skema lain"
                case low if low < 0.11:
                    continue  # never received
            rows.append(self._certificate(case.who, scheme, number, on, until))
            rows[-1].warns = set() if usual else {"unusual_number"}
        if not rows:
            return None
        for who in [self.outsider, *[case.who for case in seated if case.attempts and not case.competent]]:
            number, _ = self.country.certificate_no(issued.year)
            scheme = next((course.classes[str(one.class_code)]["scheme"] for one in seated if one.who is who), "Skema")
            rows.append(self._certificate(who, scheme, number, issued, None))
        first = rows[0]
        assert first.about
        rows.append(first)
        rows.append(self._certificate(first.about, first.means["scheme"], "", issued, None))
        rows[-1].faults.append(("Nomor Sertifikat", "missing"))
        rows.append(self._certificate(first.about, first.means["scheme"], "1", issued, issued - timedelta(days=1)))
        rows[-1].faults.append(("Berlaku Sampai", "before_issue"))
        return self.spell.file(rows)

    def _certificate(self, who: Stranger, scheme: str, number: str, on: date, until: date | None) -> Row:
        cells = {NIK: self.spell.nik(who.nik), "Nama": who.name, "Skema": self.spell.case(scheme), "LSP": None}
        cells |= {"Nomor Sertifikat": self.spell.case(number), "Tanggal Terbit": self.spell.day(on)}
        cells["Berlaku Sampai"] = self.spell.day(until) if until else None
        return Row(cells, who, {"scheme": scheme, "number": number, "issued": on, "until": until})

    def tracer(self, course: Course, waves: tuple[int, ...], share: float) -> File:
        """Answers of some graduates for each wave, in any order, silent ones left out."""
        rng = self.rng
        rows = []
        for case in course.cases.values():
            if case.completed and not case.withdrawn:
                rows += [self._answer(case.who, wave) for wave in waves if rng.random() < share]
        rng.shuffle(rows)
        dropped = [case for case in course.cases.values() if case.completed is False and not case.withdrawn]
        rows += [self._answer(who, waves[0]) for who in [self.outsider, *[case.who for case in dropped[:2]]]]
        anyone = next(iter(course.cases.values())).who
        for heading, cell, reason in (
            ("Bulan ke-", 4, "unknown_wave"),
            ("Status", "Menikah", "unknown_status"),
            ("Mulai", "nanti", "not_a_date"),
        ):
            rows.append(self._answer(anyone, waves[0]))
            rows[-1].cells[heading] = cell
            rows[-1].faults.append((heading, reason))
        return self.spell.file(rows)

    def _answer(self, who: Stranger, wave: int) -> Row:
        status = self.rng.choice(list(STATUSES))
        cells = {NIK: self.spell.nik(who.nik), "Nama": who.name, "Bulan ke-": self.rng.choice([wave, str(wave)])}
        works = status in ("employed", "self_employed")
        cells |= {"Status": self.spell.case(STATUSES[status]), "Perusahaan / Usaha": "CV Maju" if works else None}
        cells["Mulai"] = self.spell.day(date(2026, 7, 1)) if works else None
        return Row(cells, who, {"wave": wave, "status": status})

    def vacancies(self, course: Course, as_of: date, number: int, *, more_seats: bool = False) -> File:
        """Vacancies near and far, some closed that day, with mistakes; `more_seats` in one that is known."""
        rng, known = self.rng, list(course.office.vacancies.values())
        vocations = sorted({offer["vocation"] for offer in course.classes.values()})
        homes = [course.definition["city"]] * 3 + list(CITIES)
        rows = []
        for place in range(number):
            low = rng.randint(18, 40) * 100_000
            code, firm = f"L-{self.country.seed}-{next(self.country.numbers)}", f"CV {rng.choice('ABC')}"
            closes = as_of + timedelta(days=rng.choice([-1, 0, 1, 60, 60]))
            means = {"code": code, "employer": firm, "vocation": rng.choice(vocations), "seats": rng.randint(1, 3)}
            means |= {"city": rng.choice(homes), "education": rng.choice(EDUCATION), "closes": closes}
            rows.append(self._vacancy(means | {"wage": (low, low + rng.randint(0, 9) * 50_000)}))
            if place == 0:
                rows.append(rows[0])
                rows.append(self._vacancy({**rows[0].means, "employer": "CV Lain"}))
        if more_seats:
            rows.append(self._vacancy({**known[-1], "seats": known[-1]["seats"] + 2}))
        for heading, cell in (("Jumlah", 0), ("Jumlah", "dua"), ("Pendidikan Minimal", "Sihir"), ("Upah Maksimal", 5)):
            rows.append(self._vacancy({**rows[-1].means, "code": f"X-{len(rows)}"}))
            rows[-1].cells[heading] = cell
            rows[-1].faults.append((heading, ANY))
        return self.spell.file(rows)

    def _vacancy(self, means: dict[str, Any]) -> Row:
        spell, (low, high) = self.spell, means["wage"]
        cells = {
            "Kode": means["code"],
            "Perusahaan": spell.case(means["employer"]),
            "Jabatan": "Staf",
            "Kejuruan": spell.case(means["vocation"]),
            "Jumlah": means["seats"],
            "Lokasi": spell.city(means["city"]),
            "Pendidikan Minimal": means["education"],
            "Upah Minimal": self.rng.choice([low, float(low), f"{low:,}".replace(",", ".")]),
            "Upah Maksimal": high,
            "Batas Lamaran": spell.day(means["closes"]),
            "Sumber": None,
        }
        return Row(cells, None, means)
