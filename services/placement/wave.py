"""A wave of the tracer study: when the graduates of a programme are asked, and until when they may answer."""

import base64
import hashlib
import hmac
import secrets
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.placement.vacancy import Stated
from shared.contracts import Event
from shared.documents import Document
from shared.free_text import discreet
from shared.ledger import Entry, Signature, entry

_TOKEN_BYTES = 16


class State(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


class Dates(BaseModel):
    """What a wave is called, and its first and last day."""

    name: Annotated[Stated, AfterValidator(discreet)]
    opens_on: date
    closes_on: date

    @model_validator(mode="after")
    def _in_order(self) -> "Dates":
        if self.closes_on < self.opens_on:
            raise ValueError("closes_before_it_opens")
        return self


class Wave(Document):
    """`months` after the training, which tells the waves of a programme apart.

    `key` makes the graduates' links: whoever knows it could answer in their place, so it is told to nobody.
    """

    months: int = 0
    dates: Dates | None = None
    key: str = Field(default="", repr=False)
    ledger: list[Entry] = Field(default_factory=list)

    def plan(self, programme_code: str, months: int, dates: Dates, signed: Signature) -> list[Event] | None:
        """Set its name and days; None when they are so already."""
        if self.dates == dates:
            return None
        self.programme_code, self.months = programme_code, months
        self.key = self.key or secrets.token_hex(32)
        before = {} if self.dates is None else {"before": self.dates.model_dump()}
        self.dates = dates
        self.ledger.append(entry(signed, "wave_changed" if before else "wave_planned", None, **before))
        return []

    def state(self, on: date) -> State:
        """PLANNED too while it has no days."""
        if self.dates is None or on < self.dates.opens_on:
            return State.PLANNED
        return State.OPEN if on <= self.dates.closes_on else State.CLOSED

    def token(self, applicant_id: str, generation: int) -> str:
        """What stands in a graduate's link: 22 characters that nobody can guess, and that say nothing."""
        made = hmac.digest(bytes.fromhex(self.key), f"{applicant_id}\n{generation}".encode(), "sha256")
        return base64.urlsafe_b64encode(made[:_TOKEN_BYTES]).decode().rstrip("=")


class Link(Document):
    """A graduate's link to one wave. Only the digest of its token is kept; another generation is another token."""

    wave_id: str = ""
    applicant_id: str = ""
    generation: int = 0
    digest: str | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def issue(self, wave: Wave, applicant_id: str, signed: Signature) -> list[Event] | None:
        """Make a link where none works. None when one does."""
        if self.digest is not None:
            return None
        self.programme_code, self.wave_id, self.applicant_id = wave.programme_code, wave.id, applicant_id
        self.generation += 1
        self.digest = digest(wave.token(applicant_id, self.generation))
        self.ledger.append(entry(signed, "link_issued", None, applicant_id=applicant_id, generation=self.generation))
        return []

    def revoke(self, reason: str, signed: Signature) -> list[Event] | None:
        """Let it lead nowhere; None when none works."""
        if self.digest is None:
            return None
        self.digest = None
        self.ledger.append(entry(signed, "link_revoked", reason, applicant_id=self.applicant_id))
        return []


def wave_id(programme_code: str, months: int) -> str:
    return f"{programme_code}:{months}"


def link_id(wave: Wave, applicant_id: str) -> str:
    return f"{wave.id}:{applicant_id}"


def digest(token: str) -> str:
    """By which a link is found."""
    return hashlib.sha256(token.encode()).hexdigest()
