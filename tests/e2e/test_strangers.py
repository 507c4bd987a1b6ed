"""Every rule, for programmes and people nobody has seen: what the system answers beside what the oracle says."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.e2e.oracle import ANY, Case, Course, Office, Report
from tests.e2e.paperwork import Paperwork
from tests.e2e.strangers import Country, File, Row

PATIENCE_S = 20.0
JAKARTA = ZoneInfo("Asia/Jakarta")


class Play:
    """Two programmes of one seed, played through the API; every answer is compared."""

    def __init__(self, gateway: httpx.Client, seed: int, people: int) -> None:
        self.gateway, self.people = gateway, people
        self.country = Country(seed)
        self.rng, self.paper, self.office = self.country.rng, Paperwork(self.country), Office()
        self.compared = self.rows = 0
        self.ids: dict[str, str] = {}

    def run(self) -> None:
        """Both programmes at once, or one after the other: the second knows whom the first accepted."""
        self._import("/imports/alumni", *self._alumni([]))
        first, second = self._open("A", 2026), self._open("B", 2026 if self.rng.random() < 0.5 else 2027)
        at_once = self.rng.random() < 0.5
        self._register(first, [])
        if at_once:
            self._register(second, list(first.cases.values()))
        self._select(first)
        if not at_once:
            self._train(first)
            self._register(second, list(first.cases.values()))
        self._select(second)
        self._withdraw(first)
        for course in [first, second] if at_once else [second]:
            self._train(course)

    # ---- the steps

    def _open(self, letter: str, year: int) -> Course:
        size = max(2, self.people // 12)
        definition = self.country.programme(letter, year, self.rng.randint(2, 4), (size, 2 * size))
        answer = self.gateway.post("/programmes", json=definition)
        assert answer.status_code in (200, 201), answer.text
        return Course(self.office, definition)

    def _register(self, course: Course, known: list[Case]) -> None:
        """Two files: newcomers and people another programme knows; resubmissions, mistakes, too early, too late."""
        country, rng = self.country, self.rng
        rules = course.definition["eligibility"]
        again = [case.who for case in known if rng.random() < 0.25]
        rows = [country.application(course.definition, who) for who in again]
        newcomers = country.newcomers(course.definition, self.people)
        rows += [country.application(course.definition, who) for who in newcomers]
        window = course.definition["registration"]
        opens, closes = date.fromisoformat(window["opens"]), date.fromisoformat(window["closes"])
        at_the_edge = [rows[0].means["at"].replace(year=closes.year, month=closes.month, day=closes.day)] * 2
        at_the_edge += [moment + timedelta(days=1) for moment in at_the_edge]
        at_the_edge[2] = at_the_edge[2].replace(hour=0, minute=0, second=0)
        at_the_edge += [at_the_edge[2] - timedelta(seconds=1), at_the_edge[2] - (closes - opens) - timedelta(1, 1)]
        fresh = iter(country.newcomers(course.definition, len(at_the_edge)))
        rows += [country.application(course.definition, next(fresh), at) for at in at_the_edge]
        usable = list(rows)
        rows += [country.spoil(row) for row in rng.sample(usable, k=max(3, self.people // 12))]
        rows += [country.application(course.definition, row.about) for row in rng.sample(usable, k=6) if row.about]
        rows += [
            country.application(course.definition, row.about, row.means["at"] + timedelta(days=rng.choice([-20, 20])))
            for row in rng.sample(usable, k=6)
            if row.about
        ]
        rows.append(country.spoil(country.application(course.definition, self.paper.outsider)))
        rng.shuffle(rows)
        unasked = {
            "Surat Keterangan Sehat": "healthy",
            "Pernah mengikuti pelatihan Dinperinaker?": "never_trained",
            "Follow akun media sosial Dinperinaker": "follows_social_media",
        }
        drop = frozenset(heading for heading, rule in unasked.items() if not rules.get(rule) and rng.random() < 0.5)
        for row in rows:
            _forget(row, drop)
        cut = len(rows) * 3 // 4
        files = [self.country.spell.file(part, drop) for part in (rows[:cut], rows[cut:])]
        for file in files:
            self._import(f"/programmes/{course.code}/imports/applicants", file, course.register)
        self._compare(course)
        self._correct(course)
        for file in files:
            self._import(f"/programmes/{course.code}/imports/applicants", file, course.register, before=True)
        self._compare(course)

    def _correct(self, course: Course) -> None:
        """Staff correct facts and a mistyped NIK, and overrule rules."""
        rng, spell = self.rng, self.country.spell
        cases = rng.sample(list(course.cases.values()), k=len(course.cases))
        stranger = self.country.stranger("Kota Tegal", date(1990, 1, 1))
        away = [case for case in cases if "not_resident" in course.reasons(case)][:2]
        for case in away:
            case.facts["city"] = course.rules["resident_of"]
            self._post(course, case, "corrections", cells={"city": spell.city(case.facts["city"])})
        for case in [one for one in cases if one not in away][:2]:
            case.facts["occupation"], word = rng.choice([("none", "Tidak bekerja"), ("employed", "Karyawan")])
            self._post(course, case, "corrections", cells={"Status saat ini": word})
        moving = next(case for case in cases if len(case.facts["choices"]) == 1)
        moving.facts["choices"] = [rng.choice(list(course.classes))]
        self._post(course, moving, "corrections", cells={"Pilihan Pelatihan 1": moving.facts["choices"][0]})
        born = cases[-1].facts["born"] = cases[-2].facts["born"]
        self._post(course, cases[-1], "corrections", cells={"Tanggal Lahir": spell.day(born).__str__()})
        course.correct_nik(cases[-3], stranger.nik)
        self._post(course, cases[-3], "corrections", cells={"nik": spell.nik(stranger.nik)})
        for case in [one for one in cases if course.reasons(one)][:3]:
            rule = min(course.reasons(case))
            case.overruled.add(rule)
            self._post(course, case, "overrules", rule=rule)
        self._compare(course)

    def _revise(self, course: Course) -> None:
        """The office changes its mind about weights, marks, rules or the day training starts."""
        rng, was = self.rng, course.definition
        weight = rng.randint(0, 20) / 20
        selection = was["selection"] | {"written_weight": weight, "interview_weight": 1 - weight}
        starts = course.starts + timedelta(days=rng.choice([-1, 0, 1]))
        rules = was["eligibility"] | {rng.choice(["healthy", "not_studying", "not_employed"]): rng.random() < 0.5}
        training = was["training"] | {"starts": starts.isoformat()}
        course.define(was | {"selection": selection, "eligibility": rules, "training": training})
        answer = self.gateway.post("/programmes", json=course.definition)
        assert answer.status_code in (200, 201), answer.text
        self._compare(course)

    def _post(self, course: Course, case: Case, what: str, **body: Any) -> None:
        """A command about somebody, with a reason that tells more than it should."""
        reason = f"{case.who.name} ({case.who.nik}, telp {case.who.phone}) melapor"
        path = f"/applicants/{self._id(course, case)}/{what}"
        answer = self.gateway.post(path, json=body | {"reason": reason})
        assert answer.status_code == 200, answer.text

    def _id(self, course: Course, case: Case) -> str:
        return self.ids[case.number]

    def _select(self, course: Course) -> None:
        path = f"/programmes/{course.code}"
        self._import("/imports/alumni", *self._alumni(list(course.cases.values())[:3]))
        self._compare(course)
        passed = course.passed()
        late, early = passed[:2], passed[2:]
        self._import(f"{path}/imports/scores", self.paper.scores(course, early), course.score)
        if late:
            refused = self.gateway.post(f"{path}/selection/decide")
            assert refused.status_code == 409, refused.text
            missing = {self._id(course, case) for case in late}
            self._same("scores_missing", set(refused.json()["applicant_ids"]), missing)
            self._import(f"{path}/imports/scores", self.paper.scores(course, late), course.score)
        self._compare(course)
        if self.rng.random() < 0.7:
            self._revise(course)
        # somebody's scores are corrected, and of somebody with scores an alumni list tells
        scored = [case for case in early if case.scored and not course.reasons(case)]
        self._import(f"{path}/imports/scores", self.paper.scores(course, scored[:2]), course.score)
        self._import("/imports/alumni", *self._alumni(scored[2:4]))
        self._compare(course)
        if unscored := [case for case in course.passed() if not case.scored]:
            self._import(f"{path}/imports/scores", self.paper.scores(course, unscored), course.score)
        simulated = self.gateway.post(f"{path}/selection/simulate").json()
        decided = self.gateway.post(f"{path}/selection/decide", json={"run_id": simulated["run_id"]})
        assert decided.status_code == 200, decided.text
        course.decide()
        self._compare(course)
        first = [case for code in course.classes for case in course.reserves(code)[:1]]
        self._import("/imports/alumni", *self._alumni(self.rng.sample(first, k=len(first) // 2)))
        self._withdraw(course)

    def _withdraw(self, course: Course) -> None:
        """Some leave, before the training starts, soon after, or late; a seat may go to a reserve."""
        leaving = [case for code in course.classes for case in course.seated(code)[:2]]
        leaving += [case for code in course.classes for case in course.reserves(code)[1:2]]
        leaving = [case for case in leaving if not case.attempts and case.completed is None]
        for case in self.rng.sample(leaving, k=len(leaving) // 2):
            on = course.starts + timedelta(days=self.rng.choice([-3, 0, 4, 9]))
            self._post(course, case, "withdrawal", withdrawn_on=on.isoformat())
            course.withdraw(case, on)
            self._compare(course)

    def _train(self, course: Course) -> None:
        path, rng, paper = f"/programmes/{course.code}", self.rng, self.paper
        if not any(course.seated(code) for code in course.classes):
            return  # rules so strict that nobody got in
        ends = date.fromisoformat(course.definition["training"]["ends"])
        for _ in range(rng.choice([1, 2])):  # the second list corrects the first
            self._import(f"{path}/imports/attendance", paper.attendance(course), course.attend)
        bodies = sorted({offer["lsp"] for offer in course.classes.values()})
        lists = [(ends, False), (ends, False), (ends + timedelta(days=7), True)]
        for after, again in lists if rng.random() < 0.5 else lists[1:]:
            for body in bodies:
                if file := paper.assessments(course, body, after, again=again):
                    self._import(f"{path}/imports/assessments", file, course.assess)
        if file := paper.certificates(course, ends + timedelta(days=20)):
            self._import(f"{path}/imports/certificates", file, course.certify)
        self._compare(course)
        self._verify(course)
        as_of = ends + timedelta(days=45)
        number = max(6, self.people // 6)
        self._import("/imports/vacancies", paper.vacancies(course, as_of, number), self.office.hear_of_vacancies)
        self._match(course, as_of)
        for waves, share in (((6,), 0.3), ((3,), 0.6), ((6, 12), 0.4), ((3,), 0.2)):
            self._import(f"{path}/imports/tracer", paper.tracer(course, waves, share), course.trace)
        self._compare(course)
        later = as_of + timedelta(days=rng.choice([1, 30]))
        more = paper.vacancies(course, later, number // 2, more_seats=True)
        self._import("/imports/vacancies", more, self.office.hear_of_vacancies)
        self._match(course, later)
        self._compare(course)

    def _verify(self, course: Course) -> None:
        """Every certificate stands as recorded; one is revoked."""
        held = [case for case in course.cases.values() if case.certificate]
        for case in held:
            dossier = self._dossier(course, case)
            [certificate] = dossier["certification"]["certificates"]
            assert case.certificate
            dates = [on.isoformat() for on in case.certificate]
            standing = "valid" if case.certificate[1] >= datetime.now(JAKARTA).date() else "expired"
            shown = self._public(certificate)
            found = [shown["issued_on"], shown["valid_until"], shown["status"]]
            self._same(f"certificate {case.number}", found, [*dates, standing])
            attempts = [one["result"] == "competent" for one in dossier["certification"]["attempts"]]
            self._same(f"attempts {case.number}", attempts, [case.attempts[on] for on in sorted(case.attempts)])
        if held:
            [certificate] = self._dossier(course, held[0])["certification"]["certificates"]
            path = f"/certificates/{certificate['certificate_id']}/revocation"
            answer = self.gateway.post(path, json={"reason": "salah cetak"})
            assert answer.status_code == 200, answer.text
            held[0].revoked = True
            self._same("revoked", self._public(certificate)["status"], "revoked")
            self._compare(course)

    def _public(self, certificate: dict[str, Any]) -> dict[str, Any]:
        """What anybody sees who scans the code."""
        root = str(self.gateway.base_url).partition("/api/v1")[0]
        answer = httpx.get(f"{root}/verify/{certificate['verify_code']}", headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def _match(self, course: Course, as_of: date) -> None:
        """As many as possible, with the greatest score; every proposal one that may be made."""
        known = {(code, firm.casefold()) for code, firm in self.office.vacancies}
        listed: list[dict[str, Any]] = []
        cursor: str | None = "0"
        while cursor is not None:
            page = self.gateway.get("/vacancies", params={"limit": 200, "cursor": cursor}).json()
            listed, cursor = listed + page["items"], page["next_cursor"]
        elsewhere = [
            one["wage_min"] + one["wage_max"]
            for one in listed
            if (one["code"], one["employer"].casefold()) not in known and one["closes_on"] >= as_of.isoformat()
        ]
        pairs = course.scores_of_matches(as_of, elsewhere)
        answer = self.gateway.post(f"/programmes/{course.code}/matching/run", json={"as_of": as_of.isoformat()})
        assert answer.status_code == 200, answer.text
        names = {one["vacancy_id"]: (one["code"], one["employer"].upper()) for one in listed}
        ours = {(code, firm.upper()): (code, firm) for code, firm in self.office.vacancies}
        found = weight = 0
        for case in course.cases.values():
            match = (self._dossier(course, case)["placement"] or {}).get("match") if case.certificate else None
            if match and case.matched is None:
                key = ours[names[match["vacancy_id"]]]
                assert (case.who.nik, key) in pairs.weights, f"{case.number} may not be proposed for {key}"
                self._same("score", match["score"], round(pairs.weights[case.who.nik, key] / pairs.highest, 2))
                case.matched = match["vacancy_id"]
                self.office.taken[key] += 1
                assert self.office.taken[key] <= self.office.vacancies[key]["seats"]
                found, weight = found + 1, weight + pairs.weights[case.who.nik, key]
        self._same(f"matching of {course.code}", (found, weight), pairs.best())
        self._same("proposed", answer.json()["proposed"], found)

    # ---- comparing

    def _alumni(self, cases: list[Case]) -> tuple[File, Callable[[File], Report]]:
        people = [self.country.stranger("Kota Tegal", date(1990, 1, day)) for day in (1, 2, 3)]
        return self.paper.alumni(people + [case.who for case in cases]), self.office.hear_of_alumni

    def _import(self, path: str, file: File, expect: Callable[[File], Report], *, before: bool = False) -> None:
        """Import the file, compare the report row by row; once more, and nothing changes."""
        for first in (False,) if before else (True, False):
            report = expect(file)
            assert first or not report.accepted
            answer = self.gateway.post(path, files={"file": (file.name, file.content)})
            assert answer.status_code == 200, answer.text
            got = answer.json()
            found = {
                row["row"]: {(_plain(one["column"]), one["reason"]) for one in [row, *row["also"]]}
                for row in got["refused"]
            }
            wanted = {
                number: {(_plain(heading), _code(reason, found.get(number))) for heading, reason in faults}
                for number, faults in report.refused.items()
            }
            self._same(f"{path}: refused rows", found, wanted)
            counts = (got["rows"], got["accepted"], got["duplicates"])
            self._same(f"{path}: counts", counts, (report.rows, report.accepted, report.duplicates))
            if first:
                taken = {number: row for number, row in file.rows.items() if number not in report.refused}
                again = {one["row"] for one in got["duplicate_rows"]}
                odd = {(one["row"], one["reason"]) for one in got["warnings"] if one["reason"] in WARNINGS}
                due = {(number, one) for number, row in taken.items() for one in row.warns if number not in again}
                self._same(f"{path}: warnings", odd, due)
            self.rows += got["rows"]

    def _compare(self, course: Course) -> None:
        """The list, the classes and the funnel, as soon as the read model has caught up."""
        wanted = {nik: course.shown(case) for nik, case in course.cases.items()}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            people = self._list(course)
            found = {nik: {key: item[key] for key in wanted.get(nik, item)} for nik, item in people.items()}
            funnel = self.gateway.get(f"/programmes/{course.code}/funnel").json()
            counts = {name: funnel.get(name) for name in course.funnel()}
            if (found == wanted and counts == course.funnel()) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        self.ids |= {item["registration_no"]: item["applicant_id"] for item in people.values()}
        self._same(f"people of {course.code}", found, wanted)
        self._same(f"funnel of {course.code}", counts, course.funnel())
        if course.decided:
            classes = self.gateway.get(f"/programmes/{course.code}/classes").json()
            for offer in classes["items"] if "items" in classes else classes["classes"]:
                seated, reserves = course.seated(offer["code"]), course.reserves(offer["code"])
                named = [[self._id(course, case) for case in cases] for cases in (seated, reserves)]
                self._same(f"class {offer['code']}", [offer["accepted"], offer["reserves"]], named)

    def _list(self, course: Course) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        cursor = None
        while True:
            asked = {"limit": "200", "reveal": "nik"} | ({"cursor": cursor} if cursor else {})
            page = self.gateway.get(f"/programmes/{course.code}/applicants", params=asked).json()
            found |= {item["nik"]: item | {"reasons": sorted(item["reasons"])} for item in page["items"]}
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def _dossier(self, course: Course, case: Case) -> dict[str, Any]:
        answer: dict[str, Any] = self.gateway.get(f"/applicants/{self._id(course, case)}").json()
        return answer

    def _same(self, what: str, found: Any, wanted: Any) -> None:
        self.compared += max(1, len(wanted)) if isinstance(wanted, dict | list | set) else 1
        if isinstance(wanted, dict) and found != wanted:
            every = sorted({*found, *wanted}, key=str)
            differ = {key: (found.get(key), wanted.get(key)) for key in every if found.get(key) != wanted.get(key)}
            raise AssertionError(f"{what}: found and expected differ in {differ}")
        assert found == wanted, f"{what}: found {found}, expected {wanted}"


WARNINGS = {"nik_birth_date_differs", "nik_gender_differs", "units_differ", "unusual_number"}


def _plain(heading: str | None) -> str | None:
    return None if heading is None else " ".join(heading.split()).casefold()


def _code(reason: str, found: set[tuple[str | None, str]] | None) -> str:
    """Where the design leaves the code open, any one will do."""
    return min(code for _, code in found) if reason == ANY and found else reason


def _forget(row: Row, drop: frozenset[str]) -> None:
    """What a sheet does not ask counts as no."""
    names = {"Surat": "healthy", "Pernah": "trained", "Follow": "follows"}
    for heading in drop:
        row.means[names[heading.split()[0]]] = False


@pytest.mark.parametrize("seed", [11, 12])
def test_every_rule_holds_for_strangers(gateway: httpx.Client, seed: int) -> None:
    play = Play(gateway, seed, people=60)
    play.run()
    assert play.compared > 1000
