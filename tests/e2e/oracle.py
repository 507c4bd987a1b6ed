"""What the design says must come out, worked out a second time and on its own: it shares no code with the services."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.e2e.strangers import NIK, File, Row, Stranger

LEVELS = {"SMP": 1, "SMA": 2, "SMK": 2, "D3": 3, "S1": 4}
NEAR = ({"Kota Pekalongan", "Kabupaten Pekalongan"}, {"Kota Pekalongan", "Kabupaten Batang"})
PLACED = ("employed", "self_employed", "studying")
ANY = "*"  # a reason whose code the design leaves open


@dataclass
class Report:
    """What an import should answer; `refused` has (heading, reason) by row number."""

    accepted: int = 0
    duplicates: int = 0
    refused: dict[int, set[tuple[str | None, str]]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.accepted + self.duplicates + len(self.refused)


@dataclass(eq=False)
class Case:
    """One registration and what has become of it."""

    who: Stranger
    number: str
    facts: dict[str, Any]
    overruled: set[str] = field(default_factory=set)
    trained: bool = False
    written: Decimal | None = None
    interview: Decimal | None = None
    scored: bool = False
    total: Decimal | None = None
    outcome: str | None = None
    class_code: str | None = None
    rank: int | None = None
    why: tuple[str, ...] = ()
    withdrawn: bool = False
    completed: bool | None = None
    attempts: dict[date, bool] = field(default_factory=dict)
    certificate: tuple[date, date] | None = None
    revoked: bool = False
    waves: dict[int, str] = field(default_factory=dict)
    matched: str | None = None
    said: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @property
    def competent(self) -> bool:
        return bool(self.attempts) and self.attempts[max(self.attempts)]

    def says(self, *what: Any) -> bool:
        """Remember what a sheet says last; whether it said so before."""
        *key, value = what
        before, self.said[tuple(key)] = self.said.get(tuple(key)), value
        return bool(before == value)

    @property
    def status(self) -> str | None:
        return self.waves[max(self.waves)] if self.waves else None


@dataclass
class Office:
    """What is known across programmes: who an alumni list names, and who holds a place in which programme."""

    alumni: set[tuple[str, str, int]] = field(default_factory=set)
    holders: dict[str, set[str]] = field(default_factory=dict)
    vacancies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: dict[str, Stranger] = field(default_factory=dict)

    def hear_of_alumni(self, file: File) -> Report:
        return _judge(file, lambda row: _new(self.alumni, (row.means["nik"], row.means["training"], row.means["year"])))

    def hear_of_vacancies(self, file: File) -> Report:
        def report(row: Row) -> str:
            key = (row.means["code"], row.means["employer"])
            known, self.vacancies[key] = self.vacancies.get(key), row.means
            return "duplicate" if known == row.means else "accepted"

        return _judge(file, report)


class Course:
    """One programme, from its first registration to the tracer study."""

    def __init__(self, office: Office, definition: dict[str, Any]) -> None:
        self.office = office
        self.cases: dict[str, Case] = {}
        self.mistyped: dict[str, Case] = {}
        self.decided = False
        self.define(definition)

    def define(self, definition: dict[str, Any]) -> None:
        """As it is from now on: totals follow the weights, screening the rules."""
        self.definition = definition
        self.code: str = definition["code"]
        self.rules: dict[str, Any] = definition["eligibility"]
        self.starts = date.fromisoformat(definition["training"]["starts"])
        self.classes: dict[str, dict[str, Any]] = {one["code"]: one for one in definition["classes"]}
        for case in self.cases.values():
            case.total = self._total(case)

    # ---- who applies

    def register(self, file: File) -> Report:
        report = Report()
        usable = []
        for number, row in file.rows.items():
            if row.faults:
                report.refused[number] = {*row.faults}
            else:
                usable.append((row.means["at"], number, row))
        opens = datetime.combine(date.fromisoformat(self.definition["registration"]["opens"]), time())
        after = datetime.combine(date.fromisoformat(self.definition["registration"]["closes"]), time()) + timedelta(1)
        for at, number, row in sorted(usable, key=lambda one: one[:2]):
            assert row.about
            if self._registered_as(row):
                report.duplicates += 1
            elif not opens <= at < after:
                report.refused[number] = {("Timestamp", "closed" if at >= after else "not_open")}
            else:
                report.accepted += 1
                issued = f"{self.code}-{len(self.cases) + 1:04d}"
                who = row.about
                home = {"city": who.city, "born": who.born, "education": who.education}
                self.cases[who.nik] = Case(who, issued, home | row.means)
        return report

    def correct_nik(self, case: Case, nik: str) -> None:
        """What was submitted under the mistyped NIK stays this person's, in every file that comes again."""
        del self.cases[case.who.nik]
        self.mistyped[case.who.nik] = case
        case.who = replace(case.who, nik=nik)
        self.cases[nik] = case

    def _registered_as(self, row: Row) -> Case | None:
        assert row.about
        before = self.mistyped.get(row.about.nik)
        same = before and (before.who.name, before.who.born) == (row.about.name, row.about.born)
        return self.cases.get(row.about.nik) or (before if same else None)

    # ---- who gets in

    def reasons(self, case: Case) -> set[str]:
        """Screening, with what is known of earlier training now; after the decision nobody is screened anew."""
        rules, facts, born = self.rules, case.facts, case.facts["born"]
        if not self.decided:
            elsewhere = self.office.holders.get(case.who.nik, set()) - {self.code}
            listed = any(nik == case.who.nik for nik, _, _ in self.office.alumni)
            case.trained = facts["trained"] or listed or bool(elsewhere)
        age = self.starts.year - born.year - ((self.starts.month, self.starts.day) < (born.month, born.day))
        fails = {
            "not_resident": rules.get("resident_of") not in (None, facts["city"]),
            "under_age": age < rules.get("minimum_age", 0),
            "not_healthy": rules.get("healthy") and not facts["healthy"],
            "trained_before": rules.get("never_trained") and case.trained,
            "employed": rules.get("not_employed") and facts["occupation"] == "employed",
            "studying": rules.get("not_studying") and facts["occupation"] == "studying",
            "no_social_media": rules.get("follows_social_media") and not facts["follows"],
        }
        return {reason for reason, failed in fails.items() if failed} - case.overruled

    def passed(self) -> list[Case]:
        return [case for case in self.cases.values() if not self.reasons(case) and not case.withdrawn]

    def score(self, file: File) -> Report:
        def take(row: Row) -> str | tuple[str | None, str]:
            case = self._case(row)
            if case is None:
                return (NIK, "not_registered")
            if self.reasons(case):
                return (None, ANY)
            written, interview = row.means["written"], row.means["interview"]
            if case.scored and (case.written, case.interview) == (written, interview):
                return "duplicate"
            case.scored, case.written, case.interview = True, written, interview
            case.total = self._total(case)
            return "accepted"

        return _judge(file, take)

    def _total(self, case: Case) -> Decimal | None:
        rule = self.definition["selection"]
        if case.written is None or case.interview is None:
            return None
        exact = case.written * Decimal(str(rule["written_weight"]))
        exact += case.interview * Decimal(str(rule["interview_weight"]))
        return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def decide(self) -> None:
        """Deferred acceptance as the textbook has it: people propose, a class keeps the best, until nobody is turned
        away; then the reserves."""
        candidates = self.passed()
        rule = self.definition["selection"]
        mark, places = Decimal(str(rule["pass_mark"])), dict.fromkeys(self.classes, rule["reserves_per_class"])
        ranked = sorted(
            (case for case in candidates if case.total is not None),
            key=lambda one: (-(one.total or 0), -(one.written or 0), one.facts["at"], one.number),
        )
        for rank, case in enumerate(ranked, start=1):
            case.rank = rank
        able = [case for case in ranked if (case.total or 0) >= mark]
        held: dict[str, list[Case]] = {code: [] for code in self.classes}
        waiting = [(case, iter(self._wishes(case))) for case in reversed(able)]
        turned_away: list[Case] = []
        lists = dict(waiting)
        while waiting:
            case, wishes = waiting.pop(0)
            code = next(wishes, None)
            if code is None:
                turned_away.append(case)
                continue
            held[code].append(case)
            if len(held[code]) > self.classes[code]["seats"]:
                worst = max(held[code], key=lambda one: one.rank or 0)
                held[code].remove(worst)
                waiting.append((worst, lists[worst]))
        for code, cases in held.items():
            for case in cases:
                self._accept(case, code)
        for case in sorted(turned_away, key=lambda one: one.rank or 0):
            free = next((code for code in case.facts["choices"] if places[code]), None)
            if free:
                places[free] -= 1
            case.outcome, case.class_code = ("reserve", free) if free else ("rejected", None)
            case.why = () if free else ("no_seat",)
        for case in candidates:
            if case not in able:
                case.outcome, case.why = "rejected", ("absent" if case.total is None else "below_pass_mark",)
        self.decided = True

    def withdraw(self, case: Case, on: date) -> None:
        until = date.fromisoformat(self.definition["selection"].get("reserve_until") or self.starts.isoformat())
        held_seat = case.outcome == "accepted"
        case.withdrawn = True
        if on < self.starts:
            self.office.holders.get(case.who.nik, set()).discard(self.code)
        if not held_seat or on > until:
            return
        for reserve in self.reserves(case.class_code):
            nik = reserve.who.nik
            known = self.office.holders.get(nik, set()) - {self.code} or nik in {one for one, *_ in self.office.alumni}
            if not (self.rules.get("never_trained") and known) or "trained_before" in reserve.overruled:
                self._accept(reserve, str(case.class_code))
                return
            reserve.outcome, reserve.class_code, reserve.why = "rejected", None, ("trained_before",)

    def reserves(self, code: str | None) -> list[Case]:
        return self._ranked("reserve", code)

    def seated(self, code: str | None) -> list[Case]:
        return self._ranked("accepted", code)

    # ---- who is competent

    def attend(self, file: File) -> Report:
        least = Decimal(str(self.definition["training"].get("minimum_attendance", 0)))

        def take(row: Row) -> str | tuple[str | None, str]:
            case = self._case(row)
            if case is None:
                return (NIK, "not_registered")
            if case.withdrawn or case.outcome != "accepted":
                return (None, ANY)
            if row.means["class"] != case.class_code:
                return ("Kelas", "other_class")
            known = case.says("attendance", row.means)
            case.completed = not row.means["quits"] and row.means["present"] >= least * row.means["days"]
            return "duplicate" if known else "accepted"

        return _judge(file, take)

    def assess(self, file: File) -> Report:
        def take(row: Row) -> str | tuple[str | None, str]:
            case = self._case(row)
            if case is None:
                return (NIK, "not_registered")
            if case.withdrawn or case.outcome != "accepted" or not case.completed:
                return (None, ANY)
            if row.means["scheme"] != self.classes[str(case.class_code)]["scheme"]:
                return ("Skema Sertifikasi", "other_scheme")
            on, competent = row.means["on"], all(row.means["units"])
            if on not in case.attempts and (case.competent or any(on < earlier for earlier in case.attempts)):
                return (None if case.competent and on > max(case.attempts) else "Tanggal Asesmen", ANY)
            case.attempts[on] = competent
            return "duplicate" if case.says("assessed", on, row.means["says"]) else "accepted"

        return _judge(file, take)

    def certify(self, file: File) -> Report:
        def take(row: Row) -> str | tuple[str | None, str]:
            case, means = self._case(row), row.means
            if case is None:
                return (NIK, "not_registered")
            if case.withdrawn or case.outcome != "accepted":
                return (None, ANY)
            if means["scheme"] != self.classes[str(case.class_code)]["scheme"]:
                return ("Skema", "other_scheme")
            if not case.competent:
                return (None, "not_competent")
            if self.office.numbers.setdefault(means["number"], case.who) is not case.who:
                return ("Nomor Sertifikat", "number_taken")
            issued: date = means["issued"]
            held = (issued, means["until"] or issued.replace(year=issued.year + 3))
            known, case.certificate = case.certificate, held
            return "duplicate" if known == held else "accepted"

        return _judge(file, take)

    # ---- who works

    def trace(self, file: File) -> Report:
        def take(row: Row) -> str | tuple[str | None, str]:
            case = self._case(row)
            if case is None:
                return (NIK, "not_registered")
            if not case.completed or case.withdrawn:
                return (None, ANY)
            case.waves[row.means["wave"]] = row.means["status"]
            return "duplicate" if case.says("wave", row.means["wave"], row.means["status"]) else "accepted"

        return _judge(file, take)

    def scores_of_matches(self, as_of: date, elsewhere: Iterable[int] = ()) -> "Matches":
        """Every pair that may be proposed as of that day. `elsewhere`: wages of vacancies this oracle does not know."""
        open_now = {key: one for key, one in self.office.vacancies.items() if one["closes"] >= as_of}
        highest = max([sum(one["wage"]) for one in open_now.values()] + [*elsewhere], default=1)
        looking = [
            case
            for case in self.cases.values()
            if case.completed
            and not case.withdrawn
            and case.certificate
            and not case.revoked
            and case.certificate[0] <= as_of <= case.certificate[1]
            and case.status not in PLACED
            and case.matched is None
        ]
        weights: dict[tuple[str, tuple[str, str]], int] = {}
        for case in looking:
            for key, one in open_now.items():
                same_trade = one["vocation"] == self.classes[str(case.class_code)]["vocation"]
                if same_trade and LEVELS[case.facts["education"]] >= LEVELS[one["education"]] and self._left(key) > 0:
                    near = {case.facts["city"], one["city"]} in NEAR
                    place = 60 if case.facts["city"] == one["city"] else 30 if near else 0
                    weights[case.who.nik, key] = place * highest + 40 * sum(one["wage"])
        return Matches(weights, {key: self._left(key) for key in open_now}, highest)

    def _left(self, key: tuple[str, str]) -> int:
        return int(self.office.vacancies[key]["seats"]) - self.office.taken[key]

    # ---- what staff see

    def stage(self, case: Case) -> str:
        if case.withdrawn:
            return "withdrawn"
        if self.reasons(case) and case.outcome is None:
            return "refused"
        if case.outcome in ("reserve", "rejected"):
            return str(case.outcome)
        if case.outcome == "accepted":
            if case.completed is False:
                return "dropped_out"
            if case.completed and case.status in PLACED:
                return "placed"
            if case.certificate and not case.revoked:
                return "certified"
            if case.attempts:
                return "competent" if case.competent else "not_yet_competent"
            return "completed" if case.completed else "accepted"
        return "passed" if case.total is None else "scored"

    def shown(self, case: Case) -> dict[str, Any]:
        """What a list tells about somebody."""
        refused = sorted(self.reasons(case)) if case.outcome is None else []
        seen = {"registration_no": case.number, "stage": self.stage(case), "choices": case.facts["choices"]}
        if case.withdrawn:
            return seen
        return seen | {
            "outcome": "rejected" if refused else case.outcome,
            "class_code": case.class_code,
            "total": None if case.total is None else float(case.total),
            "reasons": refused or sorted(case.why),
            **({"rank": case.rank} if case.outcome in ("accepted", "reserve") else {}),
        }

    def funnel(self) -> dict[str, Any]:
        cases = list(self.cases.values())
        stages = [self.stage(case) for case in cases]
        done = [case for case in cases if case.completed and not case.withdrawn]
        statuses = [case.status for case in done]
        reached = sum(status not in (None, "unreachable") for status in statuses)
        return {
            "registered": len(cases),
            "passed": len(cases) - stages.count("refused"),
            "scored": sum(case.total is not None and self.stage(case) != "refused" for case in cases),
            "accepted": sum(case.outcome == "accepted" and not case.withdrawn for case in cases),
            **{stage: stages.count(stage) for stage in ("refused", "reserve", "rejected", "withdrawn")},
            "completed": len(done),
            "assessed": sum(bool(case.attempts) for case in done),
            "competent": sum(case.competent for case in done),
            "certified": sum(case.certificate is not None and not case.revoked for case in done),
            "matched": sum(case.matched is not None for case in done),
            "placed": {status: statuses.count(status) for status in (*PLACED, "unemployed", "unreachable")},
            "reached": reached,
            "not_reached": len(done) - reached,
        }

    def _case(self, row: Row) -> Case | None:
        return self.cases.get(row.about.nik) if row.about else None

    def _wishes(self, case: Case) -> list[str]:
        stated: list[str] = case.facts["choices"]
        return stated + ([code for code in self.classes if code not in stated] if case.facts["willing"] else [])

    def _accept(self, case: Case, code: str) -> None:
        case.outcome, case.class_code = "accepted", code
        self.office.holders.setdefault(case.who.nik, set()).add(self.code)

    def _ranked(self, outcome: str, code: str | None) -> list[Case]:
        found = [case for case in self.cases.values() if (case.outcome, case.class_code) == (outcome, code)]
        return sorted((case for case in found if not case.withdrawn), key=lambda one: one.rank or 0)


@dataclass
class Matches:
    """Pairs (NIK, vacancy) with their weight; a score is weight / `highest`."""

    weights: dict[tuple[str, tuple[str, str]], int]
    seats: dict[tuple[str, str], int]
    highest: int

    def best(self) -> tuple[int, int]:
        """How many can be proposed, and the greatest total weight among those: the Hungarian algorithm."""
        people = sorted({nik for nik, _ in self.weights})
        seats = [key for key, left in self.seats.items() for _ in range(min(left, len(people)))]
        if not people or not seats:
            return 0, 0
        each = 100 * self.highest * (len(people) + 1)  # one person more outweighs any score
        dummy: list[tuple[str, str] | None] = [*seats, *[None] * len(people)]
        gains = [
            [each + self.weights[nik, key] if key and (nik, key) in self.weights else 0 for key in dummy]
            for nik in people
        ]
        total = sum(gains[person][seat] for person, seat in enumerate(_hungarian(gains)))
        return total // each, total % each


def _hungarian(gains: list[list[int]]) -> list[int]:
    """The column of each row in an assignment of greatest gain (rows ≤ columns)."""
    rows, columns = len(gains), len(gains[0])
    infinite = sum(max(row) for row in gains) * 4 + 4
    u, v, owner, way = [0] * (rows + 1), [0] * (columns + 1), [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, used = [infinite] * (columns + 1), [False] * (columns + 1)
        while owner[at]:
            used[at], here, delta, then = True, owner[at], infinite, 0
            for column in range(1, columns + 1):
                if not used[column]:
                    cost = -gains[here - 1][column - 1] - u[here] - v[column]
                    if cost < least[column]:
                        least[column], way[column] = cost, at
                    if least[column] < delta:
                        delta, then = least[column], column
            for column in range(columns + 1):
                if used[column]:
                    u[owner[column]] += delta
                    v[column] -= delta
                else:
                    least[column] -= delta
            at = then
        while at:
            owner[at], at = owner[way[at]], way[at]
    found = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            found[owner[column] - 1] = column - 1
    return found


def _judge(file: File, take: Any) -> Report:
    """Every row in the file's order: refused for what is wrong with it, else what `take` says."""
    report = Report()
    for number, row in file.rows.items():
        verdict = {*row.faults} if row.faults else take(row)
        if verdict == "accepted":
            report.accepted += 1
        elif verdict == "duplicate":
            report.duplicates += 1
        else:
            report.refused[number] = verdict if isinstance(verdict, set) else {verdict}
    return report


def _new(known: set[Any], fact: Any) -> str:
    if fact in known:
        return "duplicate"
    known.add(fact)
    return "accepted"
