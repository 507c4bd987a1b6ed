"""The programmes on offer, each with its revision."""

from pydantic import Field

from shared.contracts import Event
from shared.contracts.registration import Programme, ProgrammeOpened
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.problems import NotFound


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

    def define(self, programme: Programme, signed: Signature) -> list[Event] | None:
        """Take on this definition; None when it is the one already held."""
        if programme == self.definition:
            return None
        before = self.definition.model_dump(mode="json") if self.definition else {}
        now = programme.model_dump(mode="json")
        # the parts that are new: from the first revision on, they make up the rules of every revision
        changed = {part: stated for part, stated in now.items() if part not in before or stated != before[part]}
        self.definition = programme
        self.programme_code = programme.code
        self.revision += 1
        self.ledger.append(entry(signed, "programme_defined", revision=self.revision, definition=changed))
        return [ProgrammeOpened(programme_code=programme.code, revision=self.revision, programme=programme)]
