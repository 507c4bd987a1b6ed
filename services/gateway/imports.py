"""Brings a sheet's rows to the service that owns them, and every row to a verdict."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.kinds import Kind
from services.gateway.services import ROWS_TIMEOUT_S, Services, as_json, at
from services.gateway.verdicts import Verdicts
from shared.problems import Away
from shared.rows import Judged, JudgedRows, Problem, Row, Rows, Verdict
from shared.unwatched import unwatched

T = TypeVar("T")

CHUNK = 500  # rows a call, or a line of the call that brings them all
_TRY_WAITING_EVERY_S = 0.3
_WAIT_AT_MOST_S = 10.0
_AWAY_PAUSE_S = 1.0
_NOT_FOR_OWNERS = ("nik", "name")
_FREE_TEXT = ("certificate_no", "employer", "note")  # columns in which people write names

Waiting = list[tuple[Row, Judged]]


@dataclass(frozen=True)
class Import:
    """One sheet on its way: what it is, for which programme, in whose name.

    `key` makes each call repeatable: an owner that is sent the same rows under the same key answers the same.
    `patience_s` is how long an owner that is away is waited for. `judged` hears how many rows have been judged. A dry
    run is judged by the same rules and changes nothing; there a row that waits for something is not waited for.
    """

    kind: Kind
    code: str
    caller: Caller
    key: str
    patience_s: float
    judged: Callable[[int], None] = lambda count: None
    dry_run: bool = False

    @property
    def path(self) -> str:
        """Where the owner judges its rows."""
        return at(self.kind.path, code=self.code) + ("?dry_run=true" if self.dry_run else "")


async def judge(services: Services, sheet: Import, table: Table) -> Verdicts:
    """The verdict on every row; none is WAITING unless it still was after ten seconds. Raises Away and Refused."""
    if sheet.kind.in_one_call:
        return await _patiently(sheet, lambda: _exchange(services, sheet, table))
    verdicts = Verdicts()
    waiting: Waiting = []
    for start in range(0, len(table.rows), CHUNK):
        rows = [Row(row=number, cells=cells) for number, cells in table.rows[start : start + CHUNK]]
        if sheet.kind.by_nik:
            rows = await _resolve(services, sheet, rows, verdicts)
        waiting += await _post(services, sheet, rows, verdicts, f"0:{start}")
    if sheet.dry_run:
        verdicts.add(judged for _, judged in waiting)
    else:
        await _wait_for(services, sheet, waiting, verdicts)
    return verdicts


async def _exchange(services: Services, sheet: Import, table: Table) -> Verdicts:
    """All rows in one call, for an owner that has to see them together, some hundred at a time."""

    async def written() -> AsyncIterator[bytes]:
        for start in range(0, len(table.rows), CHUNK):
            rows = [{"row": number, "cells": cells} for number, cells in table.rows[start : start + CHUNK]]
            yield as_json({"rows": rows}) + b"\n"
            if sheet.dry_run:  # what the owner has taken in it has read; what is left to do is short
                sheet.judged(start)
            await asyncio.sleep(0)  # while there is room on the way nothing else lets others have a turn

    verdicts = Verdicts()
    exchange = services.exchange(sheet.kind.owner, sheet.path, sheet.caller, written(), key=f"{sheet.key}:0:0")
    with unwatched():
        async with aclosing(exchange) as answers:
            async for answer in answers:
                verdicts.add(JudgedRows.model_validate(answer).results)
                if not sheet.dry_run:
                    sheet.judged(verdicts.rows)
    return verdicts


async def _resolve(services: Services, sheet: Import, rows: list[Row], verdicts: Verdicts) -> list[Row]:
    """The rows with their applicants instead of names and NIKs, without those that name nobody we know: refused."""
    path = at("/programmes/{code}/resolve", code=sheet.code)
    niks = [row.cells.get("nik") for row in rows]
    texts = [list(_free_texts(row).values()) for row in rows]
    asked = {"niks": niks, "texts": texts} if any(texts) else {"niks": niks}
    answer = await _patiently(
        sheet, lambda: services.post("registration", path, sheet.caller, asked, timeout_s=ROWS_TIMEOUT_S)
    )
    known: list[Row] = []
    refused: list[Judged] = []
    for row, person in zip(rows, answer["people"], strict=True):
        if applicant_id := person.get("applicant_id"):
            cells = {name: cell for name, cell in row.cells.items() if name not in _NOT_FOR_OWNERS}
            cells.update(zip(_free_texts(row), person.get("texts", ()), strict=False))
            known.append(Row(row=row.row, applicant_id=applicant_id, cells=cells))
        else:
            problem = Problem(column="nik", reason=person["reason"], value=row.cells.get("nik"))
            refused.append(Judged(row=row.row, verdict=Verdict.REFUSED, problems=[problem]))
    verdicts.add(refused)
    return known


def _free_texts(row: Row) -> dict[str, str]:
    return {name: cell for name in _FREE_TEXT if isinstance(cell := row.cells.get(name), str) and cell.strip()}


async def _post(services: Services, sheet: Import, rows: list[Row], verdicts: Verdicts, call: str) -> Waiting:
    """Adds the verdicts on the rows, without those that wait, which it returns."""
    if not rows:
        return []
    body = Rows(rows=rows).model_dump(mode="json")
    answer = await _patiently(
        sheet,
        lambda: services.post(
            sheet.kind.owner, sheet.path, sheet.caller, body, key=f"{sheet.key}:{call}", timeout_s=ROWS_TIMEOUT_S
        ),
    )
    judged = {one.row: one for one in JudgedRows.model_validate(answer).results}
    verdicts.add(one for one in judged.values() if one.verdict is not Verdict.WAITING)
    sheet.judged(verdicts.rows)
    return [(row, judged[row.row]) for row in rows if judged[row.row].verdict is Verdict.WAITING]


async def _wait_for(services: Services, sheet: Import, waiting: Waiting, verdicts: Verdicts) -> None:
    """Adds the verdicts on rows that wait for something, which is given ten seconds to arrive."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _WAIT_AT_MOST_S
    turn = 0
    while waiting and loop.time() <= deadline:
        await asyncio.sleep(_TRY_WAITING_EVERY_S)
        turn += 1
        rows = [row for row, _ in waiting]
        waiting = []
        for start in range(0, len(rows), CHUNK):
            waiting += await _post(services, sheet, rows[start : start + CHUNK], verdicts, f"{turn}:{start}")
    verdicts.add(judged for _, judged in waiting)
    sheet.judged(verdicts.rows)


async def _patiently(sheet: Import, call: Callable[[], Awaitable[T]]) -> T:
    """Call, and again while the owner is away: rows change nothing twice."""
    deadline = asyncio.get_running_loop().time() + sheet.patience_s
    while True:
        try:
            return await call()
        except Away:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_AWAY_PAUSE_S)
