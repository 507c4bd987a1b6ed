"""Changing the key that personal fields are sealed with: sealing one applicant anew, and the record of the change."""

from pydantic import Field

from services.registration.applicant import Applicant
from services.registration.vault import Vault
from shared.contracts import Event
from shared.documents import Document
from shared.ledger import Entry, Signature, entry


class Rotation(Document):
    """That registration went over to a key; its id is the key's."""

    ledger: list[Entry] = Field(default_factory=list)

    def write(self, what: str, signed: Signature) -> list[Event]:
        self.ledger.append(entry(signed, what))
        return []


def seal_anew(applicant: Applicant, vault: Vault) -> list[Event] | None:
    """Seal every field with the key that seals now; None when they are already. Raises vault.Unreadable."""
    if all(map(vault.is_sealed_anew, applicant.sealed.values())):
        return None
    fields = applicant.revealed(vault, applicant.sealed)
    applicant.sealed = {field: vault.seal(value, applicant.place(field)) for field, value in fields.items()}
    return []
