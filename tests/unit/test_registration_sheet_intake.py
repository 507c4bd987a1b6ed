"""While a hundred thousand verdicts are told, everybody else is served."""

import asyncio
import contextlib
import time
import tracemalloc

from services.registration import sheet_intake
from services.registration.programme import parse
from services.registration.sheet_row import TOGETHER, Packing
from services.registration.vault import Vault
from shared.rows import Row
from tests.unit.registration_examples import DEFINITION, ROW


async def test_others_have_their_turns_while_verdicts_are_told_to_a_quick_listener() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(other())
    portions = 0
    async for _ in sheet_intake._portions([None] * 10 * sheet_intake._TOLD_TOGETHER):  # type: ignore[arg-type]
        portions += 1
        time.sleep(0.006)  # noqa: ASYNC251  what it takes to write so many verdicts
    others.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await others
    assert (portions, turns >= portions) == (10, True)


def test_rows_that_were_packed_say_what_they_said_and_take_far_less() -> None:
    programme, vault = parse(DEFINITION), Vault("k1:" + "f" * 32, "p" * 32)
    cells = {**ROW, "submitted_at": "2026-01-10T08:00:00", "number of anything": 10**30, "blank": None, "share": 0.5}
    rows = [Row(row=n, cells={**cells, "number of anything": 10**30 + n}) for n in range(200)]
    tracemalloc.start()
    read = [sheet_intake._read(row, programme) for row in rows]
    read_bytes, _ = tracemalloc.get_traced_memory()
    packing = Packing(vault)
    packed = [one for start in range(0, 200, TOGETHER) for one in packing.packed(read[start : start + TOGETHER])]
    packed_bytes = tracemalloc.get_traced_memory()[0] - read_bytes
    tracemalloc.stop()
    assert read_bytes > 4 * packed_bytes
    assert [one.cells for one in packed] == [row.cells for row in rows]
    for one, before in zip(packed, read, strict=True):
        submission = one.opened(programme)
        assert (submission.row, submission.at, submission.cleaned) == (before.row.row, before.at, before.cleaned)
        assert submission.person_id == one.person_id == vault.person_id(before.cleaned.person.nik)
