"""Every row of a sheet comes to a verdict, and the report accounts for all of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

import orjson
import pytest

from services.gateway import imports, report
from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.imports import Import
from services.gateway.kinds import APPLICANTS, ASSESSMENTS, SCORES, Kind
from services.gateway.report import MASK, Reader
from services.gateway.services import Services
from services.gateway.verdicts import Verdicts
from shared.context import Actor
from shared.problems import Away
from shared.rows import Judged, Problem, Verdict

CALLER = Caller(Actor("petugas", "admin"))
CLEARED = Reader("id", sees_personal_data=True)


class Owners(Services):
    """Registration knows every NIK but `x`; the owner judges by `verdicts`: row → what it says turn by turn."""

    def __init__(self, verdicts: dict[int, list[str]] | None = None, away: int = 0) -> None:
        self.verdicts = verdicts or {}
        self.away = away
        self.calls: list[tuple[str, str, Any, str | None]] = []

    async def post(
        self,
        service: Any,
        path: str,
        caller: Caller,
        body: Any = None,
        *,
        key: str | None = None,
        timeout_s: float = 0,
    ) -> Any:
        if self.away:
            self.away -= 1
            raise Away("service_away", "Away.")
        self.calls.append((service, path, body, key))
        if path.endswith("/resolve"):
            return {
                "people": [{"reason": "nik_length"} if n == "x" else {"applicant_id": f"a{n}"} for n in body["niks"]]
            }
        return {"results": [self._judge(row["row"]) for row in body["rows"]]}

    async def exchange(
        self, service: Any, path: str, caller: Caller, body: AsyncIterable[bytes], *, key: str
    ) -> AsyncGenerator[Any]:
        async for line in body:
            rows = orjson.loads(line)
            self.calls.append((service, path, rows, key))
            yield {"results": [self._judge(row["row"]) for row in rows["rows"]]}

    def _judge(self, row: int) -> dict[str, Any]:
        said = self.verdicts.get(row, ["accepted"])
        verdict = said.pop(0) if len(said) > 1 else said[0]
        problems = [] if verdict in ("accepted", "duplicate") else [{"reason": "not_decided"}]
        return {"row": row, "verdict": verdict, "problems": problems}


def sheet(kind: Kind = SCORES, patience_s: float = 0) -> Import:
    return Import(kind, "UJI/1", CALLER, "key", patience_s)


def table(*niks: str) -> Table:
    rows = [(row, {"nik": nik, "name": "Siti", "written": 60}) for row, nik in enumerate(niks, start=2)]
    return Table({"nik": "N I K", "name": "Nama", "written": "Tertulis"}, rows)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_TRY_WAITING_EVERY_S", 0.001)
    monkeypatch.setattr(imports, "_WAIT_AT_MOST_S", 0.05)
    monkeypatch.setattr(imports, "_AWAY_PAUSE_S", 0.001)


async def test_owners_are_sent_applicants_instead_of_names_and_niks() -> None:
    owners = Owners()
    judged = await imports.judge(owners, sheet(), table("1", "x", "2"))
    assert [(path, key) for _, path, _, key in owners.calls] == [
        ("/programmes/UJI%2F1/resolve", None),
        ("/programmes/UJI%2F1/scores", "key:0:0"),
    ]
    sent = owners.calls[1][2]["rows"]
    assert sent == [
        {"row": 2, "applicant_id": "a1", "cells": {"written": 60}},
        {"row": 4, "applicant_id": "a2", "cells": {"written": 60}},
    ]
    refused = [one for one in judged.told if one.verdict is Verdict.REFUSED]
    assert [(one.row, one.problems[0].reason, one.problems[0].value) for one in refused] == [(3, "nik_length", "x")]


async def test_registration_gets_all_rows_in_one_call_with_their_niks() -> None:
    owners = Owners()
    many = table(*("7" for _ in range(imports.CHUNK + 1)))
    await imports.judge(owners, sheet(APPLICANTS), many)
    first, second = owners.calls
    assert [len(rows["rows"]) for _, _, rows, _ in (first, second)] == [imports.CHUNK, 1]
    assert first[2]["rows"][0] == {"row": 2, "cells": {"nik": "7", "name": "Siti", "written": 60}}
    assert first[3] == second[3] == "key:0:0"


async def test_other_owners_get_them_in_chunks() -> None:
    owners = Owners()
    judged = await imports.judge(owners, sheet(), table(*(str(n) for n in range(imports.CHUNK + 1))))
    assert [len(body["rows"]) for _, path, body, _ in owners.calls if "scores" in path] == [imports.CHUNK, 1]
    assert judged.rows == judged.accepted == imports.CHUNK + 1


async def test_rows_that_wait_are_sent_again_until_they_are_judged() -> None:
    owners = Owners({2: ["waiting", "waiting", "accepted"], 3: ["waiting", "refused"]})
    judged = await imports.judge(owners, sheet(), table("1", "2", "3"))
    assert (judged.rows, judged.accepted) == (3, 2)
    assert [(one.row, one.verdict) for one in judged.told] == [(3, Verdict.REFUSED)]
    sent = [[row["row"] for row in body["rows"]] for _, path, body, _ in owners.calls if "scores" in path]
    assert sent == [[2, 3, 4], [2, 3], [2]]
    assert len({key for _, _, _, key in owners.calls}) == len(owners.calls)


async def test_a_row_that_waits_too_long_is_refused_for_what_it_waits_for() -> None:
    judged = await imports.judge(Owners({2: ["waiting"]}), sheet(), table("1", "2"))
    composed = report.compose(SCORES, {}, judged, CLEARED)
    assert (composed.rows, composed.accepted) == (2, 1)
    assert [(one.row, one.reason) for one in composed.refused] == [(2, "not_decided")]


async def test_an_owner_that_is_away_is_waited_for_as_long_as_the_caller_has_patience() -> None:
    owners = Owners(away=3)
    assert (await imports.judge(owners, sheet(patience_s=5), table("1"))).accepted == 1
    with pytest.raises(Away):
        await imports.judge(Owners(away=1000), sheet(patience_s=0.01), table("1"))


async def test_progress_counts_rows_and_ends_with_all_of_them() -> None:
    heard: list[int] = []
    one = Import(SCORES, "UJI-1", CALLER, "key", 0, heard.append)
    await imports.judge(Owners(), one, table(*(str(n) for n in range(imports.CHUNK + 1)), "x"))
    assert heard == sorted(heard)
    assert heard[-1] == imports.CHUNK + 2
    await asyncio.sleep(0)


def judged(row: int, verdict: Verdict, *reasons: str, column: str = "written", value: Any = 140) -> Judged:
    problems = [Problem(column=column, reason=reason, value=value) for reason in reasons]
    return Judged(row=row, verdict=verdict, problems=problems)


def test_a_report_accounts_for_every_row_in_the_words_of_the_file() -> None:
    rows = [
        judged(4, Verdict.REFUSED, "out_of_range", "not_whole"),
        judged(2, Verdict.ACCEPTED),
        judged(3, Verdict.DUPLICATE),
        Judged(row=5, verdict=Verdict.ACCEPTED, warnings=[Problem(column="note", reason="absent_with_scores")]),
    ]
    composed = report.compose(SCORES, {"written": "NILAI tertulis"}, Verdicts(rows), CLEARED)
    assert (composed.rows, composed.accepted, composed.duplicates, len(composed.refused)) == (4, 2, 1, 1)
    refusal = composed.refused[0]
    assert (refusal.row, refusal.column, refusal.value, refusal.reason) == (4, "NILAI tertulis", 140, "out_of_range")
    assert refusal.message == "Nilai harus antara 0 dan 100."
    assert [one.reason for one in refusal.also] == ["not_whole"]
    # a column the file does not have goes by our own heading
    assert [(one.row, one.column) for one in composed.warnings] == [(5, "Keterangan")]
    assert [one.row for one in composed.duplicate_rows] == [3]


def test_units_are_named_as_in_the_file() -> None:
    rows = [judged(2, Verdict.REFUSED, "not_k_or_bk", column="unit:U.01", value="?")]
    assert report.compose(ASSESSMENTS, {}, Verdicts(rows), CLEARED).refused[0].column == "U.01"


@pytest.mark.parametrize(("column", "shown"), [("nik", MASK), ("name", MASK), ("written", "33")])
def test_personal_values_are_hidden_from_those_who_may_not_see_them(column: str, shown: str) -> None:
    rows = [judged(2, Verdict.REFUSED, "missing", column=column, value="33")]
    uncleared = Reader("en", sees_personal_data=False)
    assert report.compose(SCORES, {}, Verdicts(rows), uncleared).refused[0].value == shown
    assert report.compose(SCORES, {}, Verdicts(rows), CLEARED).refused[0].value == "33"


@pytest.mark.parametrize(
    ("value", "seen", "kept"),
    [
        ("3376014107990012", MASK, MASK),
        ("hub. 0812-3450-0987", MASK, MASK),
        (3376014107990012.0, MASK, MASK),
        ("Siti Aminah", "Siti Aminah", MASK),
        (140, 140, 140),
        ("62019 2513 4 0028834 2027", "62019 2513 4 0028834 2027", "62019 2513 4 0028834 2027"),
        (None, None, None),
    ],
)
def test_what_people_put_where_it_does_not_belong_is_hidden_too(value: Any, seen: Any, kept: Any) -> None:
    rows = [judged(2, Verdict.REFUSED, "unknown_class", column="class", value=value)]
    uncleared, outliving = Reader("id", sees_personal_data=False), Reader("id", sees_personal_data=True, kept=True)
    assert report.compose(SCORES, {}, Verdicts(rows), uncleared).refused[0].value == seen
    assert report.compose(SCORES, {}, Verdicts(rows), outliving).refused[0].value == kept
    assert report.compose(SCORES, {}, Verdicts(rows), CLEARED).refused[0].value == value


async def test_registration_hides_names_in_free_texts() -> None:
    class Discreet(Owners):
        async def post(self, service: Any, path: str, caller: Any, body: Any = None, **more: Any) -> Any:
            if path.endswith("/resolve"):
                assert body["texts"] == [["usaha Siti"], []]
                return {"people": [{"applicant_id": "a1", "texts": ["usaha …"]}, {"applicant_id": "a2"}]}
            return await super().post(service, path, caller, body, **more)

    owners = Discreet()
    rows: Any = [(2, {"nik": "1", "note": "usaha Siti", "written": 60}), (3, {"nik": "2", "note": " ", "written": 60})]
    await imports.judge(owners, sheet(), Table({"nik": "NIK"}, rows))
    assert [row["cells"] for row in owners.calls[0][2]["rows"]] == [
        {"note": "usaha …", "written": 60},
        {"note": " ", "written": 60},
    ]
