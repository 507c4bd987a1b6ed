"""Takes registrations in: one form, or all rows of one file."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4
from weakref import WeakValueDictionary

from services.registration.admission import Submission, admit, outside, shared_phones
from services.registration.applicant import Applicant
from services.registration.cleaning import Unusable, clean
from services.registration.store import Standing, Store
from shared.cells import BadCell, Cell, moment
from shared.contracts.registration import Programme
from shared.ledger import Signature
from shared.problems import Conflict, Invalid
from shared.rows import Judged, JudgedRows, Problem, Row, Rows, Verdict
from shared.storage import Taken

FORM = 0  # the row of a registration that came in by a form
_SIDE_BY_SIDE = 400  # registrations in flight: enough to fill the bulk writes, few enough to stay small in memory
_BREATHE_EVERY = 100  # rows cleaned between two turns of the event loop

_DETAILS = {
    "not_open": "Registration for this programme has not opened yet.",
    "closed": "Registration for this programme is closed.",
}


class Intake:
    """Registers people in programmes. An import holds its programme's lock, so that two do not compete for numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._importing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take_form(
        self, programme: Programme, cells: Mapping[str, Cell], now: datetime, key: str | None, signed: Signature
    ) -> tuple[Applicant, list[Problem]]:
        """Register one person now; a repeat with the same idempotency key gets the same registration again.

        Raises Invalid with the bad cells, Conflict ("duplicate", "not_open", "closed") and StorageAway.
        """
        try:
            cleaned = clean(cells, programme, now.date())
        except Unusable as unusable:
            raise unusable_answers(unusable) from None
        submission = Submission(FORM, now, self._store.vault.person_id(cleaned.person.nik), cleaned)
        await self._warn_of_shared_phones(programme.code, [submission])
        while True:
            standing = await self._store.standing(programme.code, [submission.person_id])
            if known := standing.get(submission.person_id):
                return await self._again(known, key), cleaned.warnings
            if reason := outside(programme.registration, now):
                raise Conflict(reason, _DETAILS[reason])
            number = await self._store.numbers.next(programme.code)
            if applicant := await self._add(programme, submission, number, key, signed):
                return applicant, cleaned.warnings

    async def take_file(self, programme: Programme, rows: Rows, key: str | None, signed: Signature) -> JudgedRows:
        """Judge every row, in order of submission, and register whom it should. Raises Invalid and StorageAway."""
        if len({row.row for row in rows.rows}) < len(rows.rows):
            raise Invalid("rows_not_unique", "Two rows have the same number.")
        judged: dict[int, Judged] = {}
        submissions = []
        for place, row in enumerate(rows.rows):
            if place % _BREATHE_EVERY == 0:
                await asyncio.sleep(0)
            try:
                submissions.append(self._read(row, programme))
            except Unusable as unusable:
                judged[row.row] = Judged(row=row.row, verdict=Verdict.REFUSED, problems=unusable.problems)
        lock = self._importing.setdefault(programme.code, asyncio.Lock())
        async with lock:
            judged |= await self._register(programme, submissions, key, signed)
        return JudgedRows(results=[judged[row.row] for row in rows.rows])

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

    async def _register(
        self, programme: Programme, submissions: Sequence[Submission], key: str | None, signed: Signature
    ) -> dict[int, Judged]:
        submissions = await self._as_corrected(programme.code, submissions)
        standing = await self._store.standing(programme.code, {one.person_id for one in submissions})
        admission = admit(submissions, standing, programme.registration)
        judged = {one.row: _outside(one, reason) for one, reason in admission.refused}
        await self._warn_of_shared_phones(programme.code, admission.admitted)
        numbers = await self._store.numbers.block(programme.code, len(admission.admitted))
        registered: dict[str, str] = {}
        numbered = list(zip(admission.admitted, numbers, strict=True))
        for start in range(0, len(numbered), _SIDE_BY_SIDE):
            chunk = numbered[start : start + _SIDE_BY_SIDE]
            added = await asyncio.gather(*(self._add(programme, *one, key, signed) for one in chunk))
            for (submission, _), applicant in zip(chunk, added, strict=True):
                if applicant is None:  # somebody else registered this person meanwhile
                    admission.repeated.append(submission)
                    continue
                registered[applicant.person_id] = applicant.registration_no
                judged[submission.row] = _accepted(submission, applicant.registration_no)
        elsewhere = {one.person_id for one in admission.repeated} - registered.keys() - standing.keys()
        standing |= await self._store.standing(programme.code, elsewhere)
        for submission in admission.repeated:
            known = standing.get(submission.person_id)
            if known is not None and _made_by(known, key, submission.row):
                judged[submission.row] = _accepted(submission, known.registration_no)
            else:
                number = known.registration_no if known else registered[submission.person_id]
                judged[submission.row] = Judged(row=submission.row, verdict=Verdict.DUPLICATE, note=number)
        return judged

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
        return [replace(one, person_id=own.get(one.row, one.person_id)) for one in submissions]

    async def _add(
        self, programme: Programme, submission: Submission, number: int, key: str | None, signed: Signature
    ) -> Applicant | None:
        """The new registration; None when this person turns out to be registered."""
        while True:
            applicant = Applicant(_id=uuid4().hex, idempotency_key=key, row=submission.row)
            events = applicant.register(self._store.vault, programme, submission, number, signed)
            try:
                return await self._store.applicants.add(applicant, events)
            except Taken as taken:
                if "person_id" in taken.fields:
                    return None
                number = await self._store.numbers.next(programme.code)

    async def _again(self, known: Standing, key: str | None) -> Applicant:
        applicant = await self._store.applicants.get(known.applicant_id) if _made_by(known, key, FORM) else None
        if applicant is None:
            number = known.registration_no
            raise Conflict("duplicate", f"This person is registered already, as {number}.", registration_no=number)
        return applicant

    async def _warn_of_shared_phones(self, programme_code: str, submissions: Sequence[Submission]) -> None:
        numbers = {phone for one in submissions if (phone := one.cleaned.person.phone)}
        known = await self._store.phone_holders(programme_code, numbers)
        shared = shared_phones(submissions, known)
        for submission in submissions:
            if submission.row in shared:
                phone = submission.cleaned.person.phone
                submission.cleaned.warnings.append(Problem(column="phone", reason="phone_shared", value=phone))


def unusable_answers(unusable: Unusable) -> Invalid:
    """The problem document of a form whose answers cannot be used."""
    errors = [problem.model_dump() for problem in unusable.problems]
    return Invalid("unusable", "Some answers cannot be used.", errors=errors)


def _made_by(known: Standing, key: str | None, row: int) -> bool:
    """Whether this very request made the registration, and is now being repeated."""
    return key is not None and (known.idempotency_key, known.row) == (key, row)


def _accepted(submission: Submission, number: str) -> Judged:
    warnings = submission.cleaned.warnings
    return Judged(row=submission.row, verdict=Verdict.ACCEPTED, warnings=warnings, note=number)


def _outside(submission: Submission, reason: str) -> Judged:
    problem = Problem(column="submitted_at", reason=reason, value=submission.at.isoformat())
    return Judged(row=submission.row, verdict=Verdict.REFUSED, problems=[problem])
