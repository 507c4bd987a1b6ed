"""What an employer says of a graduate who is reported to work there, and by which way it was heard."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel

from shared.contracts.placement import EmployerSays
from shared.judging import Text


class Channel(StrEnum):
    LINK = "link"
    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"


class Said(BaseModel):
    """`left_on` is the day since when somebody no longer works there, `told_by` who at the employer said it."""

    says: EmployerSays
    left_on: date | None = None
    channel: Channel
    told_by: Text = None
    said_on: date


class Confirmation(Said):
    """`employer` is written as in the graduate's answer; `by` and `at` are who put this down, and when."""

    employer: str
    by: str
    at: datetime

    def repeats(self, said: Said) -> bool:
        """Whether it says what is known; the same tap on another day does."""
        other = set() if said.channel is not Channel.LINK else {"said_on"}
        return self.model_dump(include=set(Said.model_fields) - other) == said.model_dump(exclude=other)
