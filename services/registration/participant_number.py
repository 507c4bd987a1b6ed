"""The number by which BPJS Ketenagakerjaan knows a participant (nomor KPJ): written down, masked, and kept sealed."""

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator

from services.registration.applicant import Applicant
from services.registration.vault import Vault
from shared.cells import BadCell, Cell, text
from shared.contracts import Event
from shared.ledger import Signature, entry
from shared.problems import Conflict

FIELD: Final = "kpj"
_DIGITS: Final = 11  # on cards as they are printed today; no rule of BPJS that we could read says so
_IGNORED = re.compile(r"[\s.'`\u2018\u2019\u02bc-]")


class NumberOvertaken(Exception):
    """Somebody else has recorded another number since this one was looked at."""


def clean(cell: Cell) -> str:
    """The 11 digits, without the spaces, dots, dashes and apostrophes people put in.

    Raises BadCell: "missing", "kpj_not_digits" or "kpj_length" (a numeric cell has lost its leading zeros).
    """
    digits = _IGNORED.sub("", text(cell) or "")
    if not digits:
        raise BadCell("missing")
    if not (digits.isascii() and digits.isdigit()):
        raise BadCell("kpj_not_digits")
    if len(digits) != _DIGITS:
        raise BadCell("kpj_length")
    return digits


class NumberRow(BaseModel):
    """One row of a sheet of numbers."""

    kpj: Annotated[str, BeforeValidator(clean)]


def masked(kpj: str) -> str:
    """The last four digits only."""
    return "*" * (_DIGITS - 4) + kpj[-4:]


def changes(applicant: Applicant) -> int:
    """How often the number was recorded, changed or taken away: whoever has seen as many has seen the latest."""
    return sum(FIELD in one.detail.get("personal_fields", ()) for one in applicant.ledger)


def shown(applicant: Applicant, vault: Vault) -> dict[str, Any]:
    """The masked number, None where there is none or it cannot be opened, and how often it has changed.

    `unreadable` are the personal fields that cannot be opened, this one or others: one of them hides nobody else.
    """
    unreadable = applicant.unreadable(vault)
    held = None if FIELD in unreadable else applicant.revealed(vault, [FIELD]).get(FIELD)
    return {
        FIELD: held and masked(held),
        "changes": changes(applicant),
        "erased": applicant.erased_at is not None,
        "unreadable": unreadable,
    }


def record(
    applicant: Applicant, vault: Vault, kpj: str | None, signed: Signature, seen: int | None = None
) -> list[Event] | None:
    """Keep that number, or none; None when it is kept already. `seen` is what `changes` was when it was looked at.

    One that cannot be opened is replaced, by the same number too.
    Raises NumberOvertaken, and Conflict, "erased".
    """
    if applicant.erased_at is not None:
        raise Conflict("erased", "The personal data of this applicant have been erased.")
    if FIELD not in applicant.unreadable(vault) and applicant.revealed(vault, [FIELD]).get(FIELD) == kpj:
        return None
    if seen is not None and seen != changes(applicant):
        raise NumberOvertaken
    others = {field: value for field, value in applicant.sealed.items() if field != FIELD}
    kept = {} if kpj is None else {FIELD: vault.seal(kpj, applicant.place(FIELD))}
    applicant.sealed = others | kept
    applicant.kpj_token = None if kpj is None else vault.kpj_token(kpj)
    what = "participant_number_removed" if kpj is None else "participant_number_recorded"
    applicant.ledger.append(entry(signed, what, personal_fields=[FIELD]))
    return []
