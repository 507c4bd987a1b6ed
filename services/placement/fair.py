"""A job fair: when and where it is held, which vacancies attend it, and which graduates came."""

import hashlib
from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel, Field

from services.placement.graduate import Graduate
from services.placement.vacancy import Published
from shared.cells import word
from shared.contracts import Event
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.problems import Conflict


class Details(BaseModel):
    """What a fair is called, its day and where it is."""

    name: Published
    held_on: date
    place: Published


class Fair(Document):
    """`revision` counts the changes of its details, `vacancies` are the ids of those that attend, as they were added.

    An employer attends with its vacancies.
    """

    details: Details | None = None
    revision: int = 0
    vacancies: list[str] = Field(default_factory=list)
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def held(self) -> Details:
        """Its details. Raises LookupError for a fair that was never announced."""
        if self.details is None:
            raise LookupError(f"fair {self.id} was never announced")
        return self.details

    def announce(self, details: Details, revision: int, signed: Signature, *, new: bool) -> list[Event] | None:
        """Set its details; None when they are so already.

        Raises Conflict, with what it is `now`, when the details are not of the `revision` that was looked at:
        `fair_known` for a `new` one, `changed_meanwhile` otherwise.
        """
        before = self.details
        if before == details:
            return None
        if before is not None and self.revision != revision:
            told = {"fair_id": self.id, "revision": self.revision, "now": before.model_dump(mode="json")}
            if new:
                raise Conflict("fair_known", "There is a fair of this name on this day.", **told)
            raise Conflict("changed_meanwhile", "Somebody has changed this fair meanwhile.", **told)
        replaced = {} if before is None else {"before": before.model_dump(mode="json")}
        self.details, self.revision = details, self.revision + 1
        what = "fair_announced" if before is None else "fair_changed"
        self.ledger.append(entry(signed, what, None, **details.model_dump(mode="json"), **replaced))
        return []

    def attend(self, vacancy_ids: Iterable[str], signed: Signature) -> list[Event] | None:
        """Let these vacancies attend; None when all of them do."""
        new = [one for one in dict.fromkeys(vacancy_ids) if one not in self.vacancies]
        if not new:
            return None
        self.vacancies = [*self.vacancies, *new]
        self.ledger.append(entry(signed, "fair_vacancies_added", None, vacancies=new))
        return []

    def stay_away(self, vacancy_ids: Iterable[str], signed: Signature) -> list[Event] | None:
        """Let these vacancies not attend; None when none of them does."""
        gone = [one for one in dict.fromkeys(vacancy_ids) if one in self.vacancies]
        if not gone:
            return None
        self.vacancies = [one for one in self.vacancies if one not in gone]
        self.ledger.append(entry(signed, "fair_vacancies_removed", None, vacancies=gone))
        return []

    def check_begun(self, on: date) -> None:
        """Nobody can have come before its day. Raises Conflict `fair_not_begun`."""
        if on < self.held.held_on:
            raise Conflict("fair_not_begun", "The day of this fair has not come.")


class Visit(Document):
    """That a graduate came to a fair; `came` is False for one that was noted by mistake."""

    fair_id: str = ""
    applicant_id: str = ""
    came: bool = False
    ledger: list[Entry] = Field(default_factory=list)

    def note(self, fair: Fair, graduate: Graduate, signed: Signature) -> list[Event] | None:
        """Somebody came; None when that is known."""
        if self.came:
            return None
        self.fair_id, self.applicant_id, self.programme_code = fair.id, graduate.id, graduate.programme_code
        self.came = True
        self.ledger.append(entry(signed, "fair_visited", None, fair=fair.held.name, applicant_id=graduate.id))
        return []

    def retract(self, reason: str, signed: Signature) -> list[Event] | None:
        """They did not come after all; None when nobody says they did."""
        if not self.came:
            return None
        self.came = False
        self.ledger.append(entry(signed, "fair_visit_retracted", reason, applicant_id=self.applicant_id))
        return []


def cannot_come(graduate: Graduate) -> str | None:
    """Why this person does not count as a graduate who came, as a code; None when they do."""
    if graduate.withdrawn:
        return "withdrawn"
    if graduate.completed is None:
        return "completion_unknown"
    return None if graduate.completed else "not_a_graduate"


def fair_id(details: Details) -> str:
    """A new fair is identified by its name, in any case and spacing, and its day; it keeps its id when they change."""
    return hashlib.sha256(f"{word(details.name)}\n{details.held_on}".encode()).hexdigest()[:24]


def visit_id(fair: str, applicant_id: str) -> str:
    return f"{fair}:{applicant_id}"
