"""Takes in all rows of one file: judged together, in order of submission, some hundred on their way at a time."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Iterable,
    Sequence,
)
from contextlib import aclosing, nullcontext
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

from services.registration.admission import Submission, admit, shared_phones
from services.registration.applicant import Applicant
from services.registration.cleaning import Unusable, clean
from services.registration.enrolling import made_by, new, save, warn_of_shared_phone
from services.registration.sheet_row import TOGETHER, Packing, ReadRow, SheetRow
from services.registration.store import Standing, Store
from shared.breath import Breath
from shared.cells import BadCell, moment
from shared.contracts.registration import Programme
from shared.ledger import Signature
from shared.let_go import let_go
from shared.problems import Invalid
from shared.rows import Judged, Problem, Row, Rows, Verdict
from shared.storage import BATCH
from shared.unwatched import unwatched

_TOGETHER = BATCH  # registrations that are told of together; so many again are on their way meanwhile
_TOLD_TOGETHER = 500  # verdicts

Saved = tuple[Submission, Applicant | None]


class SheetIntake:
    """Registers the people of sheets. An import holds its programme's lock: two do not compete for numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._importing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(
        self,
        programme: Programme,
        sheet: AsyncIterable[Rows],
        key: str | None,
        signed: Signature,
        *,
        dry_run: bool = False,
    ) -> AsyncGenerator[list[Judged]]:
        """Judge every row, in order of submission, and register whom it should; yields verdicts in any order.

        A dry run registers nobody, and so gives no numbers either; whom the sheet names is on record.

        Raises Invalid and StorageAway: Invalid before the first verdict, when nobody has been registered.
        """
        with unwatched():
            rows, unusable = await self._read_all(programme, sheet)
            turn = nullcontext() if dry_run else self._importing.setdefault(programme.code, asyncio.Lock())
            taking = self._take_in(programme, rows, unusable, key, signed, dry_run=dry_run)
            async with turn, aclosing(taking):
                async for judged in taking:
                    yield judged

    async def _read_all(self, programme: Programme, sheet: AsyncIterable[Rows]) -> tuple[list[SheetRow], list[Judged]]:
        """The rows that can be used, and the refusals of the others."""
        breath = Breath()
        packing = Packing(self._store.vault)
        usable: list[SheetRow] = []
        unusable: list[Judged] = []
        read: list[ReadRow] = []
        async for rows in sheet:
            for row in rows.rows:
                try:
                    read.append(_read(row, programme))
                except Unusable as bad:
                    unusable.append(Judged(row=row.row, verdict=Verdict.REFUSED, problems=bad.problems))
                if len(read) == TOGETHER:
                    usable += packing.packed(read)
                    read.clear()
                await breath.take()
        usable += packing.packed(read)
        if len({one.row for one in usable} | {one.row for one in unusable}) < len(usable) + len(unusable):
            raise Invalid("rows_not_unique", "Two rows have the same number.")
        return usable, unusable

    async def _take_in(
        self,
        programme: Programme,
        rows: list[SheetRow],
        unusable: list[Judged],
        key: str | None,
        signed: Signature,
        *,
        dry_run: bool,
    ) -> AsyncGenerator[list[Judged]]:
        await self._correct(programme, rows)
        standing = await self._store.standing(programme.code, {one.person_id for one in rows})
        # beside the event loop, as it may be a hundred thousand
        admission = await asyncio.to_thread(admit, rows, standing, programme.registration)
        rows.clear()  # each is let go when it is registered
        yield unusable + [_outside(one, reason) for one, reason in admission.refused]
        phones = {one.phone for one in admission.admitted if one.phone}
        holders = await self._store.phone_holders(programme.code, phones)
        shared = await asyncio.to_thread(shared_phones, admission.admitted, holders)
        del phones, holders
        if dry_run:
            # nobody learns by their NIKs who is registered without its being on record
            await self._store.reveals.record_sheet([one.applicant_id for one in standing.values()], signed)
            async for some in _portions(admission.admitted):
                yield [_accepted(_submission(one, programme, shared), None) for one in some]
            async for some in _portions(admission.repeated):
                yield [_repeated(one, programme, standing.get(one.person_id), None, None) for one in some]
            return
        numbers = await self._store.numbers.block(programme.code, len(admission.admitted))
        again = {one.person_id for one in admission.repeated}
        registered: dict[str, str] = {}  # the numbers of whom another row names
        numbered = zip(let_go(admission.admitted), numbers, strict=True)
        async with aclosing(self._add_all(programme, numbered, shared, key, signed)) as adding:
            async for added in adding:
                judged = []
                for row, (submission, applicant) in added:
                    if applicant is None:  # somebody else registered this person meanwhile
                        admission.repeated.append(row)
                        continue
                    if applicant.person_id in again:
                        registered[applicant.person_id] = applicant.registration_no
                    judged.append(_accepted(submission, applicant.registration_no))
                yield judged
        elsewhere = {one.person_id for one in admission.repeated} - registered.keys() - standing.keys()
        standing |= await self._store.standing(programme.code, elsewhere)
        async for some in _portions(admission.repeated):
            yield [
                _repeated(one, programme, standing.get(one.person_id), registered.get(one.person_id), key)
                for one in some
            ]

    async def _add_all(
        self,
        programme: Programme,
        numbered: Iterable[tuple[SheetRow, int]],
        shared: Collection[int],
        key: str | None,
        signed: Signature,
    ) -> AsyncGenerator[list[tuple[SheetRow, Saved]]]:
        """Registers them in their order: while some are written, the next ones are made, in turns with others.

        `shared` are the rows of which somebody else gave the phone number, too.
        """
        breath = Breath()
        saving: list[tuple[SheetRow, asyncio.Task[Saved]]] = []
        try:
            for row, number in numbered:
                submission = _submission(row, programme, shared)
                make = partial(new, self._store.vault, programme, submission, key, signed)
                # begins as soon as it is made: a hundred that began in one turn of the event loop held up everybody
                saved = asyncio.create_task(save(self._store, programme, submission, make, make(number)))
                saving.append((row, saved))
                await breath.take()
                if len(saving) == 2 * _TOGETHER:
                    yield await _all(saving[:_TOGETHER])
                    del saving[:_TOGETHER]
                    await self._store.storage.keep_pace()
            yield await _all(saving)
        finally:
            for _, saved in saving:
                saved.cancel()
            await asyncio.gather(*(saved for _, saved in saving), return_exceptions=True)

    async def _correct(self, programme: Programme, rows: list[SheetRow]) -> None:
        """Have those under a NIK that was corrected since stand for the person it was corrected to.

        So a file that comes again after a correction registers nobody twice.
        """
        holders = await self._store.corrected_from(programme.code, (one.person_id for one in rows))
        mistyped = {one for holder in holders for one in holder.mistyped}
        for place, row in enumerate(rows):
            if row.person_id in mistyped:
                submission = row.opened(programme)
                for holder in holders:
                    if holder.handed_in(self._store.vault, submission):
                        rows[place] = replace(row, person_id=holder.person_id)


async def _all(saving: list[tuple[SheetRow, asyncio.Task[Saved]]]) -> list[tuple[SheetRow, Saved]]:
    saved = await asyncio.gather(*(one for _, one in saving))
    return [(row, one) for (row, _), one in zip(saving, saved, strict=True)]


def _read(row: Row, programme: Programme) -> ReadRow:
    """Raises Unusable, with what is wrong with the time among the rest."""
    submitted = row.cells.get("submitted_at")
    try:
        at = moment(submitted)
    except BadCell as bad:
        problems = [Problem(column="submitted_at", reason=bad.reason, value=submitted)]
        try:
            clean(row.cells, programme, programme.registration.closes)
        except Unusable as unusable:
            problems += unusable.problems
        raise Unusable(problems) from None
    return ReadRow(row, at, clean(row.cells, programme, at.date()))


def _submission(row: SheetRow, programme: Programme, shared: Collection[int]) -> Submission:
    submission = row.opened(programme)
    if row.row in shared:
        warn_of_shared_phone(submission)
    return submission


def _repeated(
    row: SheetRow, programme: Programme, known: Standing | None, number: str | None, key: str | None
) -> Judged:
    """The verdict on somebody who was registered before, as `known`, or by another row of the file, under `number`."""
    if known is not None and made_by(known, key, row.row):
        return _accepted(row.opened(programme), known.registration_no)
    note = known.registration_no if known else number
    return Judged(row=row.row, verdict=Verdict.DUPLICATE, note=note)


async def _portions(rows: Sequence[SheetRow]) -> AsyncIterator[Sequence[SheetRow]]:
    breath = Breath()  # while whoever listens keeps up, telling them gives nobody else a turn
    for start in range(0, len(rows), _TOLD_TOGETHER):
        yield rows[start : start + _TOLD_TOGETHER]
        await breath.take()


def _accepted(submission: Submission, number: str | None) -> Judged:
    warnings = submission.cleaned.warnings
    return Judged(row=submission.row, verdict=Verdict.ACCEPTED, warnings=warnings, note=number)


def _outside(row: SheetRow, reason: str) -> Judged:
    problem = Problem(column="submitted_at", reason=reason, value=row.at.isoformat())
    return Judged(row=row.row, verdict=Verdict.REFUSED, problems=[problem])
