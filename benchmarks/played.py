"""A programme of invented people, played over HTTP from the sheet of applicants until its selection is decided."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import xlsxwriter

from benchmarks.system import until
from tests.faults.people import HOME, JAKARTA, Town, application

WITHIN_S = 3600


class Sheets(NamedTuple):
    """A programme's definition, and the workbooks of those who register and of their scores, with their rows."""

    definition: dict[str, Any]
    applicants: Path
    people: int
    scores: Path
    scored: int

    @property
    def code(self) -> str:
        return str(self.definition["code"])


def written(town: Town, people: int, folder: Path) -> Sheets:
    """So many people of this town; whoever does not live in it will be refused and has no score."""
    definition = town.programme(people)
    everybody = [town.person() for _ in range(people)]
    applicants, scores = (folder / f"{what}-{definition['code']}.xlsx" for what in ("pendaftar", "nilai"))
    yesterday = datetime.now(JAKARTA) - timedelta(days=1)
    _write(applicants, (application(one, yesterday + timedelta(seconds=n / 10)) for n, one in enumerate(everybody)))
    here = [(n, one) for n, one in enumerate(everybody) if one["city"] == HOME]
    _write(scores, (_score(one, n) for n, one in here))
    return Sheets(definition, applicants, people, scores, len(here))


def play(api: httpx.Client, sheets: Sheets, stretch: Callable[[str, Callable[[], object]], None]) -> None:
    """Define the programme, import, wait for the screening, decide; `stretch` does each, and is told its name."""
    code = sheets.code
    _ok(api.post("/programmes", json=sheets.definition))
    stretch("import", lambda: _import(api, code, "applicants", sheets.applicants, sheets.people))
    stretch("screening", lambda: until(lambda: _screened(api, code) == sheets.people, WITHIN_S))
    stretch("scores", lambda: _import(api, code, "scores", sheets.scores, sheets.scored))
    stretch("decision", lambda: _decide(api, code))


def _import(api: httpx.Client, code: str, kind: str, file: Path, rows: int) -> None:
    with file.open("rb") as content:
        report = _ok(api.post(f"/programmes/{code}/imports/{kind}", files={"file": (file.name, content)}))
    if report["accepted"] != rows:
        raise RuntimeError(f"{rows} rows, but {report['accepted']} accepted: {report['refused'][:3]}")


def _screened(api: httpx.Client, code: str) -> int:
    funnel = _ok(api.get(f"/programmes/{code}/funnel"))
    return int(funnel["passed"] + funnel["refused"])


def _decide(api: httpx.Client, code: str) -> None:
    """Asked again while events are still to come, and while it takes longer than the gateway waits for its end."""
    deadline = time.monotonic() + WITHIN_S
    while (answer := api.post(f"/programmes/{code}/selection/decide")).status_code != httpx.codes.OK:
        under_way = answer.status_code == httpx.codes.ACCEPTED
        if not (under_way or answer.json().get("code") == "not_caught_up") or time.monotonic() > deadline:
            break
    _ok(answer)


def _ok(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}")
    return answer.json()


def _score(person: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"NIK": person["nik"], "Nilai Tes Tertulis": 40 + number % 60, "Nilai Wawancara": 40 + number * 7 % 60}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows, start=1):
            if number == 1:
                sheet.write_row(0, 0, list(row))
            sheet.write_row(number, 0, list(row.values()))
