"""A matching of one programme's graduates: what it was based on and how it came out, kept beside its proposals."""

import hashlib
from datetime import date, datetime

from services.placement.graduate import Match
from services.placement.matching import Proposal
from shared.documents import Document
from shared.free_text import discreet


class Run(Document):
    """`graduates` could be proposed, `open_seats` were free; `request` is the client's key for repeating the call."""

    as_of: date | None = None
    by: str = ""
    role: str = ""
    at: datetime | None = None
    request: str | None = None
    graduates: int = 0
    open_seats: int = 0
    proposed: int = 0
    done: bool = False


def match_of(proposal: Proposal, run_id: str) -> Match:
    """What a proposal becomes in the graduate's document; its id is the same whenever it is made.

    It travels in an event, so an employer's cell that also holds somebody's number loses it here.
    """
    pair = f"{proposal.applicant_id}\n{proposal.vacancy_id}"
    fields = proposal.model_dump(exclude={"applicant_id"})
    fields |= {name: discreet(fields[name]) for name in ("employer", "position")}
    return Match(match_id=hashlib.sha256(pair.encode()).hexdigest()[:24], run_id=run_id, **fields)
