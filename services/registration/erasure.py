"""Erasing somebody's personal data: what goes, what stays, and while which programmes run it waits."""

from datetime import date

from services.registration.applicant import Applicant, naming_none_of
from services.registration.vault import Vault
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.ledger import Signature, entry


def is_running(applicant: Applicant, programme: Programme, today: date) -> bool:
    """Whether the office still needs to know who this is: the programme has not ended, and they have not withdrawn."""
    return applicant.withdrawn_on is None and today <= programme.training.ends


def erase(applicant: Applicant, vault: Vault, reason: str, signed: Signature) -> list[Event] | None:
    """Forget who this is; None when that was done before.

    The registration stays under its number and person id, so that nobody is registered twice and the counts hold;
    both name nobody. The facts stay too, for they stand in events, and so does the ledger: reasons were written into it
    without the person's name and numbers.
    """
    if applicant.erased_at is not None:
        return None
    reason = naming_none_of([applicant], vault, reason)
    applicant.sealed, applicant.name_tokens = {}, []
    applicant.phone_token = applicant.kpj_token = None
    applicant.warnings, applicant.idempotency_key = [], None
    applicant.ledger.append(entry(signed, "erased", reason))
    applicant.erased_at = signed.at
    return []
