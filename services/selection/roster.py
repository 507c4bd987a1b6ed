"""A class's seats and reserves after the decision, and who moves up when a seat is freed."""

from pydantic import BaseModel, Field

from shared.documents import Document


class Promotion(BaseModel):
    """A reserve took the seat somebody freed. Kept, so that a repeated withdrawal finds what it did."""

    freed_by: str
    promoted: str


class Roster(Document):
    """One class of one programme, `<programme>/<class>`: never more holders than seats; reserves in ranking order."""

    class_code: str = ""
    seats: int = 0
    holders: list[str] = Field(default_factory=list)
    reserves: list[str] = Field(default_factory=list)
    promotions: list[Promotion] = Field(default_factory=list)

    def free(self, applicant_id: str, *, promote: bool) -> str | None:
        """Take someone off the class; with `promote`, who gets their seat. Repeating it answers the same."""
        if applicant_id in self.reserves:
            self.reserves.remove(applicant_id)
        elif applicant_id in self.holders:
            self.holders.remove(applicant_id)
            if promote:
                self._promote_for(applicant_id)
        return self.promoted_for(applicant_id)

    def pass_over(self, applicant_id: str, freed_by: str) -> str | None:
        """The promoted reserve cannot be accepted after all; who gets the seat instead."""
        if self.promoted_for(freed_by) == applicant_id:
            self.promotions = [one for one in self.promotions if one.freed_by != freed_by]
            if applicant_id in self.holders:  # or they have withdrawn themselves, and their seat went on
                self.holders.remove(applicant_id)
                self._promote_for(freed_by)
        return self.promoted_for(freed_by)

    def promoted_for(self, freed_by: str) -> str | None:
        return next((one.promoted for one in self.promotions if one.freed_by == freed_by), None)

    def _promote_for(self, freed_by: str) -> None:
        if self.reserves and len(self.holders) < self.seats:
            promoted = self.reserves.pop(0)
            self.holders.append(promoted)
            self.promotions.append(Promotion(freed_by=freed_by, promoted=promoted))


def roster_id(programme_code: str, class_code: str) -> str:
    return f"{programme_code}/{class_code}"
