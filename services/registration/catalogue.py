"""The programmes on offer, each with its revision."""

from pydantic import Field

from services.registration.differing import differences
from shared.contracts import Event
from shared.contracts.registration import Programme, ProgrammeOpened
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.problems import Conflict, NotFound


class Offered(Document):
    """A programme as it is now; its id is the programme's code."""

    revision: int = 0
    definition: Programme | None = None
    ledger: list[Entry] = Field(default_factory=list)

    @property
    def programme(self) -> Programme:
        """The definition. Raises NotFound when there is no such programme."""
        if self.definition is None:
            raise NotFound("unknown_programme", f"There is no programme {self.id}.")
        return self.definition

    def define(
        self, programme: Programme, signed: Signature, *, seen: int | None = None, reason: str | None = None
    ) -> list[Event] | None:
        """Take on this definition; None when it is the one already held.

        `seen` is the revision that it was written from. Raises Conflict, which tells who has changed what since then.
        """
        if programme == self.definition:
            return None
        if seen is not None and seen != self.revision:
            raise self._changed_meanwhile(programme)
        before = self.definition.model_dump(mode="json") if self.definition else {}
        now = programme.model_dump(mode="json")
        # the parts that are new: from the first revision on, they make up the rules of every revision
        changed = {part: stated for part, stated in now.items() if part not in before or stated != before[part]}
        self.definition = programme
        self.programme_code = programme.code
        self.revision += 1
        self.ledger.append(entry(signed, "programme_defined", reason, revision=self.revision, definition=changed))
        return [ProgrammeOpened(programme_code=programme.code, revision=self.revision, programme=programme)]

    def _changed_meanwhile(self, wanted: Programme) -> Conflict:
        latest = self.ledger[-1] if self.ledger else None
        return Conflict(
            "changed_meanwhile",
            f"The programme {self.id} is at revision {self.revision} now; nothing was changed.",
            revision=self.revision,
            by=latest.by if latest else None,
            at=latest.at.isoformat() if latest else None,
            differences=differences(self.definition, wanted),
        )
