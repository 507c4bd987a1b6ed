"""A class's seats and reserves after the decision, and who moves up when a seat is freed."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from shared.documents import Document


class Promotion(BaseModel):
    """A reserve took the seat somebody freed. Kept, so that a repeated withdrawal finds what it did."""

    freed_by: str
    promoted: str


class Said(StrEnum):
    """What became of an offer."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"


class Answer(BaseModel):
    """What became of an offer, and by whom: the first one counts."""

    said: Said
    by: str
    role: str
    at: datetime
    reason: str | None = None


class Offer(BaseModel):
    """A seat that is kept for a reserve until the end of that day. `freed_by` is empty when it was given by hand."""

    applicant_id: str
    freed_by: str
    until: date
    answer: Answer | None = None


class Roster(Document):
    """One class of one programme, `<programme>/<class>`: never more holders and offers than seats; reserves in ranking
    order. Of the holders, those whom the decision put in come first, in ranking order, then those promoted, each of
    whom stands in `promotions` and ranks behind them: reserves are who did not get in.
    """

    class_code: str = ""
    seats: int = 0
    holders: list[str] = Field(default_factory=list)
    reserves: list[str] = Field(default_factory=list)
    offers: list[Offer] = Field(default_factory=list)
    promotions: list[Promotion] = Field(default_factory=list)

    def free(self, applicant_id: str, *, promote: bool, until: date | None = None) -> str | None:
        """Take someone off the class; with `promote`, who gets their seat. Repeating it answers the same.

        With `until` nobody gets it yet: it is offered to the first reserve, until that day.
        """
        offer = self.offer_to(applicant_id)
        if applicant_id in self.reserves:
            self.reserves.remove(applicant_id)
        elif offer is not None:
            self.lapse(applicant_id, until if promote else None)
        elif applicant_id in self.holders:
            self.holders.remove(applicant_id)
            if promote and until is not None:
                self._offer(applicant_id, until)
            elif promote:
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

    @property
    def in_reserve(self) -> list[str]:
        """Those to whom a seat is offered, and those who wait, in ranking order."""
        return [*(one.applicant_id for one in self.offers), *self.reserves]

    def best_holders(self, count: int) -> list[str]:
        """Some of the holders, among them the first `count` in ranking order."""
        promoted = self.holders[-len(self.promotions) :] if self.promotions else []
        return list(dict.fromkeys([*self.holders[:count], *promoted]))

    @property
    def free_seats(self) -> int:
        """Seats that nobody holds and that are offered to nobody."""
        return max(0, self.seats - len(self.holders) - len(self.offers))

    def offer_to(self, applicant_id: str) -> Offer | None:
        return next((one for one in self.offers if one.applicant_id == applicant_id), None)

    def answer(self, applicant_id: str, answer: Answer) -> Answer | None:
        """What became of the offer: this, unless something else has before. None when there is no offer."""
        offer = self.offer_to(applicant_id)
        if offer is not None and offer.answer is None:
            offer.answer = answer
        return offer.answer if offer else None

    def give(self, applicant_id: str, until: date, answer: Answer) -> bool:
        """Let staff give a reserve the seat that is offered to them, or a free one, whoever is before them.

        False when none is free.
        """
        if self.offer_to(applicant_id):
            put = self.answer(applicant_id, answer)
            return put is not None and put.said is Said.CONFIRMED
        if self.free_seats == 0 or applicant_id not in self.reserves:
            return False
        self.reserves.remove(applicant_id)
        self.offers.append(Offer(applicant_id=applicant_id, freed_by="", until=until, answer=answer))
        return True

    def seat(self, applicant_id: str) -> None:
        """Whoever has confirmed holds the seat."""
        if offer := self.offer_to(applicant_id):
            self.offers.remove(offer)
            self.holders.append(applicant_id)
            self.promotions.append(Promotion(freed_by=offer.freed_by, promoted=applicant_id))

    def lapse(self, applicant_id: str, until: date | None) -> None:
        """Whoever was offered the seat does not get it: until that day it is offered to the next; without, it stays
        free.
        """
        if offer := self.offer_to(applicant_id):
            self.offers.remove(offer)
            if until is not None:
                self._offer(offer.freed_by, until)

    def _offer(self, freed_by: str, until: date) -> None:
        if self.reserves and self.free_seats:
            self.offers.append(Offer(applicant_id=self.reserves.pop(0), freed_by=freed_by, until=until))

    def _promote_for(self, freed_by: str) -> None:
        if self.reserves and len(self.holders) + len(self.offers) < self.seats:
            promoted = self.reserves.pop(0)
            self.holders.append(promoted)
            self.promotions.append(Promotion(freed_by=freed_by, promoted=promoted))


class Filled(BaseModel):
    """How many hold a seat of a class, are offered one, and wait for one; `last` are holders, among them the last in
    ranking order.
    """

    accepted: int
    offered: int
    waiting: int
    last: list[str]


def roster_id(programme_code: str, class_code: str) -> str:
    return f"{programme_code}/{class_code}"
