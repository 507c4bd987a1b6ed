"""Takes in all rows of one file: judged together, in order of submission, some hundred on their way at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from weakref import WeakValueDictionary

from services.registration.admission import Submission, admit
from services.registration.applicant import Applicant
from services.registration.cleaning import Unusable, clean
from services.registration.enrolling import made_by, new, save, warn_of_shared_phones
from services.registration.store import Standing, Store
from shared.breath import Breath
from shared.cells import BadCell, moment
from shared.contracts.registration import Programme
from shared.ledger import Signature
from shared.problems import Invalid
from shared.rows import Judged, Problem, Row, Rows, Verdict
from shared.storage import BATCH
from shared.unwatched import unwatched

_TOGETHER = BATCH  # registrations whose saving begins in one turn of the event loop
_TOLD_TOGETHER = 500  # verdicts


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
        with unwatched() as each:
            submissions, unusable = await self._read_all(programme, sheet, each)
            turn = nullcontext() if dry_run else self._importing.setdefault(programme.code, asyncio.Lock())
            taking = self._take_in(programme, submissions, unusable, key, signed, dry_run=dry_run)
            async with turn, aclosing(taking):
                async for judged in taking:
                    yield judged

    async def _read_all(
        self, programme: Programme, sheet: AsyncIterable[Rows], each: Callable[[list[Row]], Iterator[Row]]
    ) -> tuple[list[Submission], list[Judged]]:
        """The submissions, and the refusals of rows that cannot be used."""
        breath = Breath()
        numbers: set[int] = set()
        submissions: list[Submission] = []
        unusable: list[Judged] = []
        async for rows in sheet:
            for row in each(rows.rows):
                if row.row in numbers:
                    raise Invalid("rows_not_unique", "Two rows have the same number.")
                numbers.add(row.row)
                try:
                    submissions.append(self._read(row, programme))
                except Unusable as bad:
                    unusable.append(Judged(row=row.row, verdict=Verdict.REFUSED, problems=bad.problems))
                await breath.take()
        return submissions, unusable

    def _read(self, row: Row, programme: Programme) -> Submission:
        """Raises Unusable, with what is wrong with the time of submission among the rest."""
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
        cleaned = clean(row.cells, programme, at.date())
        return Submission(row.row, at, self._store.vault.person_id(cleaned.person.nik), cleaned)

    async def _take_in(
        self,
        programme: Programme,
        submissions: Sequence[Submission],
        unusable: list[Judged],
        key: str | None,
        signed: Signature,
        *,
        dry_run: bool,
    ) -> AsyncGenerator[list[Judged]]:
        submissions = await self._as_corrected(programme.code, submissions)
        standing = await self._store.standing(programme.code, {one.person_id for one in submissions})
        # beside the event loop, as it may be a hundred thousand
        admission = await asyncio.to_thread(admit, submissions, standing, programme.registration)
        yield unusable + [_outside(one, reason) for one, reason in admission.refused]
        phones = {phone for one in admission.admitted if (phone := one.cleaned.person.phone)}
        holders = await self._store.phone_holders(programme.code, phones)
        await asyncio.to_thread(warn_of_shared_phones, admission.admitted, holders)
        if dry_run:
            # nobody learns by their NIKs who is registered without its being on record
            await self._store.reveals.record_sheet([one.applicant_id for one in standing.values()], signed)
            async for some in _portions(admission.admitted):
                yield [_accepted(one, None) for one in some]
            async for some in _portions(admission.repeated):
                yield [_repeated(one, standing.get(one.person_id), None, None) for one in some]
            return
        numbers = await self._store.numbers.block(programme.code, len(admission.admitted))
        registered: dict[str, str] = {}
        numbered = zip(admission.admitted, numbers, strict=True)
        async with aclosing(self._add_all(programme, numbered, key, signed)) as adding:
            async for added in adding:
                judged = []
                for submission, applicant in added:
                    if applicant is None:  # somebody else registered this person meanwhile
                        admission.repeated.append(submission)
                        continue
                    registered[applicant.person_id] = applicant.registration_no
                    judged.append(_accepted(submission, applicant.registration_no))
                yield judged
        elsewhere = {one.person_id for one in admission.repeated} - registered.keys() - standing.keys()
        standing |= await self._store.standing(programme.code, elsewhere)
        async for some in _portions(admission.repeated):
            yield [_repeated(one, standing.get(one.person_id), registered.get(one.person_id), key) for one in some]

    async def _add_all(
        self, programme: Programme, numbered: Iterable[tuple[Submission, int]], key: str | None, signed: Signature
    ) -> AsyncGenerator[list[tuple[Submission, Applicant | None]]]:
        """Registers them in their order: while some are written, the next ones are made, in turns with others."""
        breath = Breath()
        rest = iter(numbered)
        saving: asyncio.Future[list[tuple[Submission, Applicant | None]]] | None = None
        try:
            while some := list(islice(rest, _TOGETHER)):
                await self._store.storage.keep_pace()
                made = []
                for submission, number in some:
                    make = partial(new, self._store.vault, programme, submission, key, signed)
                    made.append((submission, make, make(number)))
                    await breath.take()
                if saving is not None:
                    yield await saving
                saving = asyncio.gather(*(save(self._store, programme, *one) for one in made))
            if saving is not None:
                yield await saving
        finally:
            if saving is not None:
                saving.cancel()

    async def _as_corrected(self, programme_code: str, submissions: Sequence[Submission]) -> list[Submission]:
        """The submissions, those under a NIK that was corrected since as the person it was corrected to.

        So a file that comes again after a correction registers nobody twice.
        """
        holders = await self._store.corrected_from(programme_code, (one.person_id for one in submissions))
        own: dict[int, str] = {}
        for submission in submissions if holders else ():
            for holder in holders:
                if holder.handed_in(self._store.vault, submission):
                    own[submission.row] = holder.person_id
        return [replace(one, person_id=own[one.row]) if one.row in own else one for one in submissions]


def _repeated(submission: Submission, known: Standing | None, number: str | None, key: str | None) -> Judged:
    """The verdict on somebody who was registered before, as `known`, or by another row of the file, under `number`."""
    if known is not None and made_by(known, key, submission.row):
        return _accepted(submission, known.registration_no)
    note = known.registration_no if known else number
    return Judged(row=submission.row, verdict=Verdict.DUPLICATE, note=note)


async def _portions(submissions: Sequence[Submission]) -> AsyncIterator[Sequence[Submission]]:
    breath = Breath()  # while whoever listens keeps up, telling them gives nobody else a turn
    for start in range(0, len(submissions), _TOLD_TOGETHER):
        yield submissions[start : start + _TOLD_TOGETHER]
        await breath.take()


def _accepted(submission: Submission, number: str | None) -> Judged:
    warnings = submission.cleaned.warnings
    return Judged(row=submission.row, verdict=Verdict.ACCEPTED, warnings=warnings, note=number)


def _outside(submission: Submission, reason: str) -> Judged:
    problem = Problem(column="submitted_at", reason=reason, value=submission.at.isoformat())
    return Judged(row=submission.row, verdict=Verdict.REFUSED, problems=[problem])
