"""Judges the sheets of certification row by row: attendance, assessments and certificates of one programme."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable

from services.certification import certificate, verify_code
from services.certification.store import NUMBER_KEY, Store
from services.certification.trainee import Trainee
from shared.cells import Cell
from shared.contracts.registration import Programme
from shared.judging import Change, RowWaits, each_row, judge, refused
from shared.ledger import Signature, signature
from shared.rehearsing import Changing, changing
from shared.rows import JudgedRows, Row, Rows
from shared.storage import Taken

Rule = Callable[[Trainee, dict[str, Cell], Programme, Signature], Change | None]


async def judge_rows(
    store: Store, code: str, rows: Rows, rule: Rule, about: Callable[[Row], Hashable], *, dry_run: bool
) -> JudgedRows:
    """The verdicts of a rule that looks at one trainee at a time."""
    signed = signature()
    trainees = changing(store.trainees, dry_run=dry_run)

    async def record(programme: Programme, applicant_id: str, row: Row) -> Change | None:
        return await store.record(applicant_id, lambda trainee: rule(trainee, row.cells, programme, signed), trainees)

    return await _judge(store, code, rows, record, about)


async def judge_certificates(store: Store, code: str, rows: Rows, *, dry_run: bool) -> JudgedRows:
    """The verdicts on certificates, whose numbers are one person's: of two rows with one number, the first has it."""
    signed = signature()
    trainees = changing(store.trainees, dry_run=dry_run)
    holders = await store.holders(_number_key(row) for row in rows.rows)
    turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def record(programme: Programme, applicant_id: str, row: Row) -> Change | None:
        key = _number_key(row)

        def rule(trainee: Trainee) -> Change | None:
            return certificate.record(
                trainee, row.cells, programme, signed, holder=holders.get(key), verify_code=verify_code.fresh()
            )

        # rows of one number take turns, in the order of the sheet; all others run side by side
        async with turns[key]:
            change = await record_numbered(store, applicant_id, row.cells, rule, trainees)
            if change is not None:
                holders[key] = applicant_id
            return change

    return await _judge(store, code, rows, record, each_row)


async def record_numbered(
    store: Store,
    applicant_id: str,
    cells: dict[str, Cell],
    rule: Callable[[Trainee], Change | None],
    trainees: Changing[Trainee] | None = None,
) -> Change | None:
    """Let a rule record a certificate. Raises what the rule raises, and RowRefused "number_taken"."""
    try:
        return await store.record(applicant_id, rule, trainees)
    except Taken as taken:  # by somebody else, since we looked
        if NUMBER_KEY not in taken.fields:
            raise
        raise certificate.number_taken(cells) from taken


async def _judge(
    store: Store,
    code: str,
    rows: Rows,
    record: Callable[[Programme, str, Row], Awaitable[Change | None]],
    about: Callable[[Row], Hashable],
) -> JudgedRows:
    programme = await store.programme(code)

    async def record_one(row: Row) -> Change | None:
        if programme is None:
            raise RowWaits("programme_unknown")
        if row.applicant_id is None:
            raise refused("not_registered")
        return await record(programme, row.applicant_id, row)

    return await judge(rows, record_one, about, keep_pace=store.storage.keep_pace)


def _number_key(row: Row) -> str:
    return certificate.number_key(row.cells.get("certificate_no"))
