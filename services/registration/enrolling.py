"""What forms and sheets have in common when somebody is registered."""

from collections.abc import Callable
from uuid import uuid4

from services.registration.admission import Submission
from services.registration.applicant import Applicant
from services.registration.store import Standing, Store
from services.registration.vault import Vault
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.ledger import Signature
from shared.rows import Problem
from shared.storage import Taken

Made = tuple[Applicant, list[Event]]
Make = Callable[[int], Made]  # of a registration number


def new(
    vault: Vault, programme: Programme, submission: Submission, key: str | None, signed: Signature, number: int
) -> Made:
    """A registration that is not saved yet, with the events it causes."""
    applicant = Applicant(_id=uuid4().hex, idempotency_key=key, row=submission.row)
    return applicant, applicant.register(vault, programme, submission, number, signed)


async def save(
    store: Store, programme: Programme, submission: Submission, make: Make, made: Made
) -> tuple[Submission, Applicant | None]:
    """With the registration, made anew if its number is taken; None when this person turns out to be registered."""
    while True:
        try:
            return submission, await store.applicants.add(*made)
        except Taken as taken:
            if "person_id" in taken.fields:
                return submission, None
            made = make(await store.numbers.next(programme.code))


def warn_of_shared_phone(submission: Submission) -> None:
    """Adds the warning that somebody else also gave this phone number."""
    submission.cleaned.warnings.append(Problem(column="phone", reason="phone_shared", value=submission.phone))


def made_by(known: Standing, key: str | None, row: int) -> bool:
    """Whether this very request made the registration, and is now being repeated."""
    return key is not None and (known.idempotency_key, known.row) == (key, row)
