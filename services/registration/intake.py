"""Takes in one form."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from services.registration.admission import Submission, outside, shared_phones
from services.registration.applicant import Applicant
from services.registration.cleaning import Unusable, clean
from services.registration.enrolling import made_by, new, save, warn_of_shared_phone
from services.registration.store import Standing, Store
from shared.cells import Cell
from shared.contracts.registration import Programme
from shared.ledger import Signature
from shared.problems import Conflict, Invalid
from shared.rows import Problem

FORM = 0  # the row of a registration that came in by a form
_DETAILS = {
    "not_open": "Registration for this programme has not opened yet.",
    "closed": "Registration for this programme is closed.",
}


class Intake:
    """Registers people in programmes, one by one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take_form(
        self,
        programme: Programme,
        cells: Mapping[str, Cell],
        now: datetime,
        key: str | None,
        signed: Signature,
        consent: str | None = None,
    ) -> tuple[Applicant, list[Problem]]:
        """Register one person now; a repeat with the same idempotency key gets the same registration again.

        `consent` is the version of the words that the person has agreed to, for the record.

        Raises Invalid with the bad cells, Conflict ("duplicate", "not_open", "closed") and StorageAway.
        """
        try:
            cleaned = clean(cells, programme, now.date())
        except Unusable as unusable:
            raise unusable_answers(unusable) from None
        submission = Submission(FORM, now, self._store.vault.person_id(cleaned.person.nik), cleaned, consent)
        phones = [submission.phone] if submission.phone else []
        known, holders = await asyncio.gather(
            self._known(programme, submission), self._store.phone_holders(programme.code, phones)
        )
        if shared_phones([submission], holders):
            warn_of_shared_phone(submission)
        while known is None:
            if reason := outside(programme.registration, now):
                raise Conflict(reason, _DETAILS[reason])
            number = await self._store.numbers.next(programme.code)
            make = partial(new, self._store.vault, programme, submission, key, signed)
            _, applicant = await save(self._store, programme, submission, make, make(number))
            if applicant is not None:
                return applicant, cleaned.warnings
            known = await self._known(programme, submission)
        return await self._again(known, key), cleaned.warnings

    async def _known(self, programme: Programme, submission: Submission) -> Standing | None:
        return (await self._store.standing(programme.code, [submission.person_id])).get(submission.person_id)

    async def _again(self, known: Standing, key: str | None) -> Applicant:
        applicant = await self._store.applicants.get(known.applicant_id) if made_by(known, key, FORM) else None
        if applicant is None:
            number = known.registration_no
            raise Conflict("duplicate", f"This person is registered already, as {number}.", registration_no=number)
        return applicant


def unusable_answers(unusable: Unusable) -> Invalid:
    """The problem document of a form whose answers cannot be used."""
    errors = [problem.model_dump() for problem in unusable.problems]
    return Invalid("unusable", "Some answers cannot be used.", errors=errors)
