"""Who was trained before: alumni lists of earlier years, kept per person without a name."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from services.registration import nik
from services.registration.cleaning import needed
from shared.cells import BadCell, Cell, whole, word
from shared.contracts import Event
from shared.contracts.registration import PriorTrainingRecorded
from shared.documents import Document
from shared.free_text import discreet
from shared.ledger import Entry, Signature, entry

_FIRST_YEAR, _LAST_YEAR = 1950, 2199


def _year(cell: Cell) -> int:
    year = whole(cell)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise BadCell("not_a_year")
    return year


class AlumniRow(BaseModel):
    """One row of an alumni list."""

    nik: Annotated[str, BeforeValidator(nik.clean)]
    training: Annotated[str, BeforeValidator(needed), AfterValidator(discreet)]
    year: Annotated[int, BeforeValidator(_year)]


class PriorTraining(BaseModel):
    training: str
    year: int


class Alumnus(Document):
    """One person's earlier trainings; its id is the person id. Each is published once, and selection counts them."""

    counted: ClassVar[frozenset[str]] = frozenset({"PriorTrainingRecorded"})

    trainings: list[PriorTraining] = Field(default_factory=list)
    ledger: list[Entry] = Field(default_factory=list)

    def record(self, training: str, year: int, signed: Signature) -> list[Event] | None:
        """Add a training; None when it is known already, in whatever case it is written."""
        if any((word(known.training), known.year) == (word(training), year) for known in self.trainings):
            return None
        self.trainings.append(PriorTraining(training=training, year=year))
        self.ledger.append(entry(signed, "prior_training_recorded", training=training, year=year))
        return [PriorTrainingRecorded(person_id=self.id, programme_name=training, year=year)]
