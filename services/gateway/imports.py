"""Brings a sheet's rows to the service that owns them, and every row to a verdict."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.kinds import Kind, Owner
from services.gateway.services import ROWS_TIMEOUT_S, Services, at
from shared.problems import Away
from shared.rows import Judged, JudgedRows, Problem, Row, Rows, Verdict

CHUNK = 500  # rows a call, for owners that judge row by row
_TRY_WAITING_EVERY_S = 0.3
_WAIT_AT_MOST_S = 10.0
_AWAY_PAUSE_S = 1.0
_NOT_FOR_OWNERS = ("nik", "name")
_FREE_TEXT = ("certificate_no", "employer", "note")  # columns in which people write names


@dataclass(frozen=True)
class Import:
    """One sheet on its way: what it is, for which programme, in whose name.

    `key` makes each call repeatable: an owner that is sent the same rows under the same key answers the same.
    `patience_s` is how long an owner that is away is waited for. `judged` hears how many rows have been judged.
    """

    kind: Kind
    code: str
    caller: Caller
    key: str
    patience_s: float
    judged: Callable[[int], None] = lambda count: None


async def judge(services: Services, sheet: Import, table: Table) -> list[Judged]:
    """The verdict on every row; none is WAITING unless it still was after ten seconds. Raises Away and Refused."""
    # some hundred thousand of them: not on the event loop
    rows = await asyncio.to_thread(lambda: [Row(row=number, cells=cells) for number, cells in table.rows])
    refused: list[Judged] = []
    if sheet.kind.by_nik:
        rows, refused = await _resolve(services, sheet, rows)
    done = {one.row: one for one in refused}
    waiting = rows
    started_waiting: float | None = None
    turn = 0
    while waiting:
        for one in await _post(services, sheet, waiting, turn):
            done[one.row] = one
        sheet.judged(len(done))
        waiting = [row for row in waiting if done[row.row].verdict is Verdict.WAITING]
        now = asyncio.get_running_loop().time()
        started_waiting = started_waiting or now
        if now - started_waiting > _WAIT_AT_MOST_S:
            break
        turn += 1
        await asyncio.sleep(_TRY_WAITING_EVERY_S if waiting else 0)
    return list(done.values())


async def _resolve(services: Services, sheet: Import, rows: list[Row]) -> tuple[list[Row], list[Judged]]:
    """The rows with their applicants instead of names and NIKs, and the refusals of those that name nobody we know."""
    path = at("/programmes/{code}/resolve", code=sheet.code)
    niks = [row.cells.get("nik") for row in rows]
    texts = [list(_free_texts(row).values()) for row in rows]
    asked = {"niks": niks, "texts": texts} if any(texts) else {"niks": niks}
    answer = await _patiently(services, sheet, path, asked, owner="registration")
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
    return known, refused


def _free_texts(row: Row) -> dict[str, str]:
    return {name: cell for name in _FREE_TEXT if isinstance(cell := row.cells.get(name), str) and cell.strip()}


async def _post(services: Services, sheet: Import, rows: Sequence[Row], turn: int) -> list[Judged]:
    path = at(sheet.kind.path, code=sheet.code)
    size = len(rows) if sheet.kind.in_one_call else CHUNK
    judged: list[Judged] = []
    for start in range(0, len(rows), size):
        body = Rows(rows=list(rows[start : start + size])).model_dump(mode="json")
        answer = await _patiently(services, sheet, path, body, key=f"{sheet.key}:{turn}:{start}")
        judged += JudgedRows.model_validate(answer).results
        if turn == 0:
            sheet.judged(len(judged))
    return judged


async def _patiently(
    services: Services, sheet: Import, path: str, body: Any, *, owner: Owner | None = None, key: str | None = None
) -> Any:
    """POST, and again while the owner is away: rows change nothing twice."""
    deadline = asyncio.get_running_loop().time() + sheet.patience_s
    while True:
        try:
            return await services.post(
                owner or sheet.kind.owner, path, sheet.caller, body, key=key, timeout_s=ROWS_TIMEOUT_S
            )
        except Away:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_AWAY_PAUSE_S)
