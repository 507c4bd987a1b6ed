"""An employer's link, by which it says whether the graduates of a programme who are reported there work there."""

import base64
import hashlib
import hmac
import secrets
from datetime import date
from typing import Final

from pydantic import Field

from services.placement.wave import digest
from shared.cells import word
from shared.contracts import Event
from shared.documents import Document
from shared.ledger import Entry, Signature, entry

_TOKEN_BYTES: Final = 16


class EmployerLink(Document):
    """Works until `expires_on`, while it has a `digest`; another generation is another token.

    `key` makes the token: whoever knows it could answer in the employer's place.
    """

    employer: str = ""
    key: str = Field(default="", repr=False)
    generation: int = 0
    digest: str | None = None
    expires_on: date | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def works(self, on: date) -> bool:
        return self.digest is not None and self.expires_on is not None and on <= self.expires_on

    @property
    def token(self) -> str:
        """What stands in the link: 22 characters that nobody can guess, and that say nothing."""
        return self._made(f"link\n{self.generation}")

    def reference(self, applicant_id: str) -> str:
        """What names a graduate on the employer's page, and nowhere else."""
        return self._made(f"graduate\n{applicant_id}")

    def issue(
        self, programme_code: str, employer: str, today: date, until: date, signed: Signature
    ) -> list[Event] | None:
        """Make a link where none works. None when one does."""
        if self.works(today):
            return None
        self.programme_code, self.employer, self.expires_on = programme_code, employer, until
        self.key = self.key or secrets.token_hex(32)
        self.generation += 1
        self.digest = digest(self.token)
        told = {"employer": employer, "expires_on": until.isoformat(), "generation": self.generation}
        self.ledger.append(entry(signed, "employer_link_issued", None, **told))
        return []

    def revoke(self, reason: str, signed: Signature) -> list[Event] | None:
        """Let it lead nowhere; None when none works."""
        if self.digest is None:
            return None
        self.digest = None
        self.ledger.append(entry(signed, "employer_link_revoked", reason, employer=self.employer))
        return []

    def _made(self, about: str) -> str:
        made = hmac.digest(bytes.fromhex(self.key), about.encode(), "sha256")
        return base64.urlsafe_b64encode(made[:_TOKEN_BYTES]).decode().rstrip("=")


def link_id(programme_code: str, employer: str) -> str:
    """An employer is told from others by its name, in any case and spacing."""
    return hashlib.sha256(f"{programme_code}\n{word(employer)}".encode()).hexdigest()[:24]
