"""A matching of one programme's graduates: what it was based on and how it came out, so that anyone can replay it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import Field

from services.placement.match import Match
from services.placement.matching import Candidate, Opening, Proposal
from services.placement.places import Neighbours
from services.placement.vacancy import Terms, Work
from shared.contracts import Event
from shared.documents import Document
from shared.free_text import discreet
from shared.ledger import Entry, Signature, entry
from shared.run_rows import RunRow, rows_digest

# the parts of a run that are kept in chunks; they name people and vacancies by their ids alone
CANDIDATES: Final = "candidates"
OPENINGS: Final = "openings"
PROPOSALS: Final = "proposals"


class Run(Document):
    """`graduates` could be proposed, `open_seats` were free; `request` is the client's key for repeating the call.

    Candidates, openings and proposals stand beside it, in chunks; the digests are of them.
    """

    as_of: date | None = None
    by: str = ""
    role: str = ""
    at: datetime | None = None
    request: str | None = None
    neighbours: list[tuple[str, str]] = Field(default_factory=list)
    inputs_digest: str = ""
    outcome_digest: str = ""
    graduates: int = 0
    open_seats: int = 0
    proposed: int = 0
    done: bool = False
    ledger: list[Entry] = Field(default_factory=list)

    def decide(self, signed: Signature) -> list[Event] | None:
        """Put on record what is about to be proposed, and from what; once."""
        if self.ledger:
            return None
        digests = {"inputs_digest": self.inputs_digest, "outcome_digest": self.outcome_digest}
        self.ledger.append(entry(signed, "matched", as_of=self.as_of, **digests))
        return []

    def close(self, proposed: int) -> list[Event]:
        self.proposed, self.done = proposed, True
        return []


def candidate_rows(candidates: Iterable[Candidate]) -> list[RunRow]:
    """In order of their ids."""
    return [dict(vars(one)) for one in sorted(candidates, key=lambda one: one.applicant_id)]


def opening_rows(openings: Iterable[Opening]) -> list[RunRow]:
    """In order of their ids, with what decides and no more: whose vacancy it is does not."""
    deciding = set(Work.model_fields)
    return [
        {
            "vacancy_id": one.vacancy_id,
            "work": one.work.model_dump(mode="json", include=deciding),
            "seats_left": one.seats_left,
        }
        for one in sorted(openings, key=lambda one: one.vacancy_id)
    ]


def opening_of(row: RunRow) -> Opening:
    """The opening in a stored row."""
    return Opening(row["vacancy_id"], Work.model_validate(row["work"]), row["seats_left"])


def inputs_digest(neighbours: Neighbours, candidates: Sequence[RunRow], openings: Sequence[RunRow]) -> str:
    """Two runs with the same digest had the same inputs, and so the same outcome."""
    near: list[Any] = [list(pair) for pair in neighbours.pairs]
    return rows_digest([{"neighbours": near}, *candidates, *openings])


def match_of(proposal: Proposal, terms: Terms, run_id: str | None) -> Match:
    """What a proposal becomes in the graduate's document; its id is the same whenever it is made.

    It travels in an event, so an employer's cell that also holds somebody's number loses it here.
    """
    pair = f"{proposal.applicant_id}\n{proposal.vacancy_id}"
    return Match(
        match_id=hashlib.sha256(pair.encode()).hexdigest()[:24],
        run_id=run_id,
        employer=discreet(terms.employer),
        position=discreet(terms.position),
        **proposal.model_dump(exclude={"applicant_id"}),
    )
