"""A proposal of a graduate for a vacancy, and what the graduate and the employer say to it."""

from typing import NoReturn

from pydantic import BaseModel, Field

from shared.contracts.placement import Party
from shared.problems import Conflict


class Answered(BaseModel):
    """What one side says; `seen` is how many answers there were when that was noted."""

    party: Party
    accepted: bool
    seen: int = Field(ge=0)


class Match(BaseModel):
    """The vacancy a graduate was proposed for, and why.

    `run_id` is None for what staff proposed by hand, `fair_id` names the job fair where they did; `answers` are those
    that were given, in their order.
    """

    match_id: str
    run_id: str | None
    fair_id: str | None = None
    vacancy_id: str
    employer: str
    position: str
    score: float
    reasons: list[str]
    answers: list[Answered] = Field(default_factory=list)

    @property
    def accepted_by(self) -> frozenset[Party]:
        return frozenset(one.party for one in self.answers if one.accepted)

    @property
    def agreed(self) -> bool:
        """Whether both sides have accepted and neither has refused."""
        return self.accepted_by == frozenset(Party) and all(one.accepted for one in self.answers)

    def take(self, answered: Answered) -> bool:
        """Add an answer; False for one that says what this side has said already.

        Raises Conflict `changed_meanwhile`.
        """
        if answered.accepted and answered.party in self.accepted_by:
            return False
        if answered.seen != len(self.answers):
            self._changed("changed_meanwhile", "This proposal has been answered meanwhile.")
        self.answers = [*self.answers, answered]
        return True

    def check_repeated(self, answered: Answered) -> None:
        """Of a match that was refused: the same refusal again says nothing new. Raises Conflict `match_over`."""
        last = self.answers[-1]
        if (answered.party, answered.accepted) != (last.party, last.accepted):
            self._changed("match_over", "This proposal has been refused.")

    def _changed(self, code: str, detail: str) -> NoReturn:
        raise Conflict(code, detail, answers=[one.model_dump(mode="json", exclude={"seen"}) for one in self.answers])
