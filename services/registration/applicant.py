"""An applicant: one person's registration in one programme, its facts in clear and the person sealed."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from pydantic import BaseModel, Field

from services.registration.admission import Submission, registration_no
from services.registration.cleaning import Cleaned, age_on, as_cells, clean
from services.registration.discretion import naming_nobody
from services.registration.people import FIELDS, Person
from services.registration.vault import Unreadable, Vault
from shared.cells import JAKARTA, Cell, word
from shared.contracts import Event
from shared.contracts.registration import (
    ApplicantCorrected,
    ApplicantRegistered,
    ApplicantWithdrawn,
    Facts,
    Programme,
)
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.problems import Conflict, NotFound


class Oddity(BaseModel):
    """Something that looked odd at registration, without the value it was seen in."""

    column: str | None
    reason: str


class Applicant(Document):
    """The id is random: it says nothing about the person, and stays when a mistyped NIK is corrected."""

    number: int = 0
    person_id: str = ""
    mistyped: list[str] = Field(default_factory=list)  # the person ids of NIKs that were corrected
    registered_at: datetime | None = None
    facts: Facts | None = None
    aged_on: date | None = None  # the training start that the age in the facts was counted at
    sealed: dict[str, str] = Field(default_factory=dict)  # the person's fields, see Person
    name_tokens: list[str] = Field(default_factory=list)
    phone_token: str | None = None
    kpj_token: str | None = None
    warnings: list[Oddity] = Field(default_factory=list)
    withdrawn_on: date | None = None
    erased_at: datetime | None = None  # since then nothing personal is held, see erasure.py
    idempotency_key: str | None = None
    row: int = 0  # of the file it came from; 0 for a form
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def registration_no(self) -> str:
        return registration_no(self.programme_code, self.number)

    @property
    def record_version(self) -> int:
        """Grows with whatever people get to see of the record; sealing its fields anew is none of that."""
        return len(self.ledger)

    @property
    def stated(self) -> Facts:
        """The facts. Raises NotFound when there is no such applicant."""
        if self.facts is None:
            raise no_such_applicant()
        return self.facts

    def register(
        self, vault: Vault, programme: Programme, submission: Submission, number: int, signed: Signature
    ) -> list[Event]:
        """Become the registration that was submitted."""
        self.programme_code = programme.code
        self.number = number
        self.registered_at = submission.at.astimezone(UTC)
        self._take(vault, programme, submission.cleaned)
        agreed = {"consent": submission.consent} if submission.consent else {}
        self.ledger.append(entry(signed, "registered", number=self.registration_no, **agreed))
        return [
            ApplicantRegistered(
                applicant_id=self.id,
                programme_code=programme.code,
                registration_no=self.registration_no,
                person_id=self.person_id,
                registered_at=self.registered_at,
                **self.stated.model_dump(),
            )
        ]

    def person(self, vault: Vault) -> Person:
        """Who this is. Raises vault.Unreadable, NotFound when there is no such applicant, Conflict when erased."""
        if not self.exists:
            raise no_such_applicant()
        if self.erased_at is not None:
            raise Conflict("erased", "The personal data of this applicant have been erased.")
        return Person.read(self.revealed(vault, FIELDS))

    def revealed(self, vault: Vault, fields: Iterable[str]) -> dict[str, str]:
        """The personal fields asked for, as far as they are known. Raises vault.Unreadable."""
        return {field: vault.open(self.sealed[field], self.place(field)) for field in fields if field in self.sealed}

    def unreadable(self, vault: Vault) -> list[str]:
        """The personal fields that are held and cannot be opened: a key is missing, or the value was damaged."""
        found = []
        for field in self.sealed:
            try:
                self.revealed(vault, [field])
            except Unreadable:
                found.append(field)
        return found

    def correct(
        self, vault: Vault, programme: Programme, cells: Mapping[str, Cell], reason: str, signed: Signature
    ) -> list[Event] | None:
        """Take on corrected cells, named and written as on the form; None when they change nothing.

        The event is only published when a fact or the person changed: others do not know the rest. Raises
        cleaning.Unusable, and what `person` raises.
        """
        facts_before, before, person_id_before = self.stated, self.person(vault), self.person_id
        registered_at = self.registered_at or signed.at
        submitted_on = registered_at.astimezone(JAKARTA).date()
        cleaned = clean({**as_cells(before, facts_before), **cells}, programme, submitted_on)
        cleaned = replace(cleaned, person=replace(cleaned.person, kpj=before.kpj))
        personal = [name for name, value in vars(cleaned.person).items() if value != getattr(before, name)]
        if not personal and cleaned.facts == facts_before:
            return None
        self._take(vault, programme, cleaned)
        if self.person_id != person_id_before:
            self.mistyped = [one for one in [*self.mistyped, person_id_before] if one != self.person_id]
        reason = naming_nobody(reason, before, cleaned.person)
        changed = {
            name: [old, new]
            for (name, old), new in zip(
                facts_before.model_dump(mode="json").items(), self.stated.model_dump(mode="json").values(), strict=True
            )
            if old != new
        }
        self.ledger.append(entry(signed, "corrected", reason, personal_fields=personal, facts=changed))
        if not changed and self.person_id == person_id_before:
            return []
        return [self._corrected(person_id_before, reason)]

    def count_age_again(self, vault: Vault, programme: Programme, signed: Signature) -> list[Event] | None:
        """Take the age from the training's start as it is now; None when nothing changed."""
        starts = programme.training.starts
        if self.aged_on == starts or self.erased_at is not None:
            return None
        age_before = self.stated.age
        age = age_on(self.person(vault).birth_date, starts)
        self.aged_on = starts
        if age == age_before:
            return []
        self.facts = self.stated.model_copy(update={"age": age})
        self.ledger.append(entry(signed, "training_start_moved", facts={"age": [age_before, age]}))
        return [self._corrected(self.person_id, "training_start_moved")]

    def handed_in(self, vault: Vault, submission: Submission) -> bool:
        """Whether this applicant handed that in, under a NIK that was corrected since, and not its true holder."""
        if submission.person_id not in self.mistyped:
            return False
        if self.erased_at is not None:
            return self.registered_at == submission.at
        now, then = self.person(vault), submission.cleaned.person
        alike = (word(now.name), now.birth_date) == (word(then.name), then.birth_date)
        return alike or self.registered_at == submission.at

    def withdraw(self, vault: Vault, reason: str, on: date, signed: Signature) -> list[Event] | None:
        """Withdraw on that day; None when withdrawn already."""
        person = self.person(vault)
        if self.withdrawn_on is not None:
            return None
        self.withdrawn_on = on
        reason = naming_nobody(reason, person)
        self.ledger.append(entry(signed, "withdrawn", reason, withdrawn_on=on.isoformat()))
        return [
            ApplicantWithdrawn(applicant_id=self.id, programme_code=self.programme_code, reason=reason, withdrawn_on=on)
        ]

    def _take(self, vault: Vault, programme: Programme, cleaned: Cleaned) -> None:
        person = cleaned.person
        self.person_id = vault.person_id(person.nik)
        self.facts = cleaned.facts
        self.aged_on = programme.training.starts
        self.sealed = {field: vault.seal(value, self.place(field)) for field, value in person.written().items()}
        self.name_tokens = vault.name_tokens(person.name)
        self.phone_token = vault.phone_token(person.phone) if person.phone else None
        self.warnings = [Oddity(column=warning.column, reason=warning.reason) for warning in cleaned.warnings]

    def place(self, field: str) -> str:
        """Where a sealed field stands: it can be opened nowhere else."""
        return f"{self.id}/{field}"

    def _corrected(self, previous_person_id: str, reason: str) -> ApplicantCorrected:
        return ApplicantCorrected(
            applicant_id=self.id,
            programme_code=self.programme_code,
            person_id=self.person_id,
            previous_person_id=previous_person_id,
            reason=reason,
            **self.stated.model_dump(),
        )


def no_such_applicant() -> NotFound:
    return NotFound("unknown_applicant", "There is no such applicant.")


def naming_none_of(applicants: Iterable[Applicant], vault: Vault, reason: str) -> str:
    """The reason without what names any of them, as far as their fields can be opened."""
    people = []
    for one in applicants:
        if one.erased_at is None:
            with contextlib.suppress(Unreadable):  # a lost key is no reason to keep the rest of somebody
                people.append(one.person(vault))
    return naming_nobody(reason, *people)
