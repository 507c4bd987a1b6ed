"""Load through the public API: a programme played from its definition to its certificates, and what was said kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from tests.faults.client import Client
from tests.faults.ledger import Sent
from tests.faults.people import EDUCATIONS, HOME, JAKARTA, UNITS, Town, application, sheet

T = TypeVar("T")

_FORMS_SHARE = 0.3  # of the applicants come one by one, the others in sheets
_SHEET_ROWS = 60
_AT_ONCE = 6
_WITHDRAW = 6
_STREAMS = 3
_STREAM_PAUSE_S = 0.1
_CORRECTED = 0.4

PHASES = ("define", "register", "score", "decide", "withdraw", "attend", "assess", "certify", "match", "trace", "done")


class Play:
    """One programme with `people` applicants. `phase` tells how far it is; `sent` what was accepted."""

    def __init__(self, client: Client, town: Town, people: int) -> None:
        self.definition = town.programme(people)
        self.sent = Sent(self.definition["code"], definition=self.definition)
        self.phase = PHASES[0]
        self._client, self._town, self._people = client, town, people
        self._path = f"/programmes/{self.sent.code}"
        self._niks: dict[str, str] = {}
        self._seats: dict[str, list[str]] = {}

    async def run(self) -> None:
        """The whole way. Raises GaveUp when a command cannot be brought to happen."""
        for phase in PHASES[:-1]:
            self.phase = phase
            await getattr(self, f"_{phase}")()
        self.phase = PHASES[-1]

    async def reached(self, phase: str) -> None:
        """Return when the play is in that phase, or beyond."""
        while PHASES.index(self.phase) < PHASES.index(phase):
            await asyncio.sleep(0.02)

    # ---- the phases

    async def _define(self) -> None:
        await self._client.post("/programmes", self.definition)

    async def _register(self) -> None:
        people = [self._town.person() for _ in range(self._people)]
        forms = int(self._people * _FORMS_SHARE)

        async def form(person: dict[str, Any]) -> None:
            answer = await self._client.post(f"{self._path}/applicants", person)
            self.sent.registered[person["nik"]] = person | {"registration_no": answer["registration_no"]}

        async def file(some: Sequence[dict[str, Any]]) -> None:
            now = datetime.now(JAKARTA) - timedelta(days=1)
            await self._import("applicants", [application(one, now) for one in some])
            self.sent.registered |= {one["nik"]: one for one in some}

        work: list[Callable[[], Awaitable[None]]] = [_bound(form, one) for one in people[:forms]]
        work += [_bound(file, some) for some in _parts(people[forms:], _SHEET_ROWS)]
        self._town.random.shuffle(work)
        await _side_by_side(work)
        async for item in everybody(self._client, self.sent.code, self._people):
            self.sent.ids[item["nik"]] = item["applicant_id"]
            self._niks[item["applicant_id"]] = item["nik"]

    async def _score(self) -> None:
        here = [nik for nik, person in self.sent.registered.items() if person["city"] == HOME]
        rng = self._town.random
        scores = {nik: (round(rng.uniform(30, 100), 2), round(rng.uniform(30, 100), 2)) for nik in here}

        async def file(niks: Sequence[str]) -> None:
            rows = [
                {"NIK": nik, "Nilai Tes Tertulis": scores[nik][0], "Nilai Wawancara": scores[nik][1]} for nik in niks
            ]
            await self._import("scores", rows)
            self.sent.scores |= {nik: scores[nik] for nik in niks}

        await _side_by_side([_bound(file, some) for some in _parts(here, _SHEET_ROWS)])

    async def _decide(self) -> None:
        run = await self._client.post(f"{self._path}/selection/decide", timeout_s=60)
        again = await self._client.post(f"{self._path}/selection/decide", timeout_s=60)
        self.sent.runs += [run, again]

    async def _withdraw(self) -> None:
        """Some of the accepted withdraw before the training starts; reserves take their places."""
        await self._look_at_classes()
        accepted = [nik for niks in self._seats.values() for nik in niks]

        async def withdraw(nik: str) -> None:
            body = {"reason": "pindah kota", "withdrawn_on": datetime.now(JAKARTA).date().isoformat()}
            await self._client.post(f"/applicants/{self.sent.ids[nik]}/withdrawal", body)
            self.sent.withdrawn.add(nik)

        await _side_by_side(
            [_bound(withdraw, nik) for nik in self._town.random.sample(accepted, min(_WITHDRAW, len(accepted)))]
        )
        deadline = time.monotonic() + 60
        while True:  # the withdrawn give up their seats, by event
            await self._look_at_classes()
            if not self.sent.withdrawn & {nik for niks in self._seats.values() for nik in niks}:
                return
            if time.monotonic() > deadline:
                self._client.problems.append(f"{self.sent.code}: who withdrew still holds a seat after a minute")
                return
            await asyncio.sleep(0.3)

    async def _attend(self) -> None:
        days = 20

        async def file(part: Sequence[tuple[str, str]]) -> None:
            rows = [
                {"Kelas": code, "NIK": nik, "Hari Pelatihan": days, "Hadir": days, "Keterangan": ""}
                for code, nik in part
            ]
            await self._import("attendance", rows)
            self.sent.attendance |= {nik: (code, days, days) for code, nik in part}

        await _side_by_side([_bound(file, part) for part in _parts(self._trainees(), _SHEET_ROWS)])

    async def _assess(self) -> None:
        on = (date.fromisoformat(self.definition["training"]["ends"]) + timedelta(days=1)).isoformat()
        schemes = {offer["code"]: offer["scheme"] for offer in self.definition["classes"]}
        passes = {nik: self._town.random.random() < 0.9 for _, nik in self._trainees()}

        async def file(part: Sequence[tuple[str, str]]) -> None:
            rows = [
                {"NIK": nik, "Skema Sertifikasi": schemes[code]}
                | dict.fromkeys(UNITS, "K" if passes[nik] else "BK")
                | {"Rekomendasi": "K" if passes[nik] else "BK", "Tanggal Asesmen": on}
                for code, nik in part
            ]
            await self._import("assessments", rows)
            self.sent.assessments |= {nik: passes[nik] for _, nik in part}

        await _side_by_side([_bound(file, part) for part in _parts(self._trainees(), _SHEET_ROWS)])

    async def _certify(self) -> None:
        on = (date.fromisoformat(self.definition["training"]["ends"]) + timedelta(days=20)).isoformat()
        offers = {offer["code"]: offer for offer in self.definition["classes"]}
        competent = [(code, nik) for code, nik in self._trainees() if self.sent.assessments[nik]]
        numbers = {nik: self._town.certificate_no() for _, nik in competent}

        async def file(part: Sequence[tuple[str, str]]) -> None:
            rows = [
                {
                    "NIK": nik,
                    "Skema": offers[code]["scheme"],
                    "LSP": offers[code]["lsp"],
                    "Nomor Sertifikat": numbers[nik],
                    "Tanggal Terbit": on,
                }
                for code, nik in part
            ]
            await self._import("certificates", rows)
            self.sent.certificates |= {nik: numbers[nik] for _, nik in part}

        await _side_by_side([_bound(file, part) for part in _parts(competent, _SHEET_ROWS)])

    async def _match(self) -> None:
        rows = [self._town.vacancy(self.definition) for _ in range(max(5, self._people // 15))]
        await self._import("vacancies", rows, path="/imports/vacancies")
        self.sent.vacancies |= {row["Kode"]: row["Jumlah"] for row in rows}
        as_of = (date.fromisoformat(self.definition["training"]["ends"]) + timedelta(days=45)).isoformat()
        for _ in range(2):  # the second proposes nobody anew
            answer = await self._client.post(f"{self._path}/matching/run", {"as_of": as_of}, timeout_s=60)
            self.sent.matchings.append(answer)

    async def _trace(self) -> None:
        statuses = {nik: self._town.random.choice(["Bekerja", "Belum bekerja"]) for _, nik in self._trainees()}
        rows = [
            {"NIK": nik, "Bulan ke-": 3, "Status": status, "Perusahaan / Usaha": "CV Uji", "Mulai": ""}
            for nik, status in statuses.items()
        ]
        if rows:
            await self._import("tracer", rows)
            self.sent.answers |= statuses

    # ---- what they are made of

    async def _import(self, kind: str, rows: list[dict[str, Any]], *, path: str | None = None) -> None:
        """Import rows until none is refused: what a row builds on may still be on its way."""
        path = path or f"{self._path}/imports/{kind}"
        deadline = time.monotonic() + self._client.patience_s
        while True:
            report = await self._client.post(path, file=sheet(rows), timeout_s=60)
            if report["accepted"] + report["duplicates"] + len(report["refused"]) != len(rows):
                self._client.problems.append(f"{path}: {len(rows)} rows, but the report is {report}"[:400])
            if not report["refused"]:
                return
            if time.monotonic() > deadline:
                reasons = sorted({f"{one['column']}: {one['reason']}" for one in report["refused"]})
                self._client.problems.append(f"{path}: rows stay refused: {reasons}")
                return
            await asyncio.sleep(0.5)

    def _trainees(self) -> list[tuple[str, str]]:
        return [(code, nik) for code, niks in self._seats.items() for nik in niks]

    async def _look_at_classes(self) -> None:
        answer = await self._client.get(f"{self._path}/classes")
        self._seats = {one["code"]: [self._niks[id_] for id_ in one["accepted"]] for one in answer["items"]}


async def everybody(client: Client, code: str, people: int) -> AsyncIterator[dict[str, Any]]:
    """All applicants of a programme with their NIKs, once the gateway has heard of so many."""
    deadline = time.monotonic() + client.patience_s
    items: dict[str, dict[str, Any]] = {}
    while len(items) < people:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": 200, "reveal": "nik"} | ({"cursor": cursor} if cursor else {})
            page = await client.get(f"/programmes/{code}/applicants", **query)
            items |= {one["applicant_id"]: one for one in page["items"]}
            cursor = page["next_cursor"]
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.3)
    if len(items) != people:
        client.problems.append(f"{code}: {people} registered, the list has {len(items)}")
    for item in items.values():
        yield item


class Stream:
    """A programme to which people apply by form until it is ended: load that never pauses.

    Some are corrected at once, so that one document has several events that wait.
    """

    def __init__(self, client: Client, town: Town) -> None:
        self.definition = town.programme(40)
        self.sent = Sent(self.definition["code"], definition=self.definition)
        self._client, self._town = client, town
        self._ended = False

    async def run(self) -> None:
        """Raises GaveUp when a registration cannot be brought to happen."""
        await self._client.post("/programmes", self.definition)
        await asyncio.gather(*(self._apply() for _ in range(_STREAMS)))
        async for item in everybody(self._client, self.sent.code, len(self.sent.registered)):
            self.sent.ids[item["nik"]] = item["applicant_id"]

    def end(self) -> None:
        """Let `run` finish with the registrations under way."""
        self._ended = True

    async def _apply(self) -> None:
        while not self._ended:
            person = self._town.person()
            answer = await self._client.post(f"/programmes/{self.sent.code}/applicants", person)
            self.sent.registered[person["nik"]] = person | {"registration_no": answer["registration_no"]}
            if self._town.random.random() < _CORRECTED:
                other = next(one for one in EDUCATIONS if one != person["education"])
                body = {"cells": {"education": other}, "reason": "salah ketik"}
                await self._client.post(f"/applicants/{answer['applicant_id']}/corrections", body)
                self.sent.corrected[person["nik"]] = other
            await asyncio.sleep(_STREAM_PAUSE_S)


def _parts(rows: Sequence[T], size: int) -> list[Sequence[T]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _bound(work: Callable[[T], Awaitable[None]], argument: T) -> Callable[[], Awaitable[None]]:
    return lambda: work(argument)


async def _side_by_side(work: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """All of it, a few at a time."""
    turnstile = asyncio.Semaphore(_AT_ONCE)

    async def one(do: Callable[[], Awaitable[None]]) -> None:
        async with turnstile:
            await do()

    async with asyncio.TaskGroup() as group:
        for do in work:
            group.create_task(one(do))
