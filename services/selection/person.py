"""A person across programmes: earlier trainings, and which programme has accepted them."""

from typing import ClassVar

from pydantic import BaseModel, Field

from shared.documents import Document


class Claim(BaseModel):
    """A programme that accepted this person."""

    programme_code: str
    applicant_id: str


class Person(Document):
    """One document per person_id, so that two programmes deciding at once meet in it."""

    counted: ClassVar[frozenset[str]] = frozenset({"PriorTrainingRecorded"})

    trainings: list[str] = Field(default_factory=list)
    claims: list[Claim] = Field(default_factory=list)

    def trained_in(self, applicant_id: str) -> list[str]:
        """What counts as earlier training for this registration: alumni lists, and acceptance in other programmes."""
        return [*self.trainings, *(one.programme_code for one in self.claims if one.applicant_id != applicant_id)]

    def record_training(self, programme_name: str, year: int) -> bool:
        """Add an entry of an alumni list; whether it was new."""
        training = f"{programme_name} ({year})"
        if training in self.trainings:
            return False
        self.trainings.append(training)
        # registration publishes one event per training, and counts them as we do: so this tells how far we have come
        self.marks["PriorTrainingRecorded"] = (len(self.trainings), 0)
        return True

    def claim(self, programme_code: str, applicant_id: str, *, exclusive: bool) -> bool:
        """Accept this person for a programme; False when `exclusive` and an earlier training stands against it."""
        if any(one.applicant_id == applicant_id for one in self.claims):
            return True
        if exclusive and self.trained_in(applicant_id):
            return False
        self.claims.append(Claim(programme_code=programme_code, applicant_id=applicant_id))
        return True

    def release(self, applicant_id: str) -> None:
        self.claims = [one for one in self.claims if one.applicant_id != applicant_id]
