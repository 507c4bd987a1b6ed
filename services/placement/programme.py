"""A programme as placement knows it: its definition at the latest revision that has arrived."""

from shared.contracts.registration import Programme, ProgrammeOpened
from shared.documents import Document


class OpenProgramme(Document):
    revision: int = 0
    definition: Programme | None = None

    def open(self, opened: ProgrammeOpened) -> None:
        self.programme_code = opened.programme_code
        self.revision, self.definition = opened.revision, opened.programme
