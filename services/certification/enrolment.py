"""Who is a trainee, and of which class: what selection decided, unless the person withdrew."""

from typing import Final

from services.certification.trainee import Trainee
from shared.cells import Cell, word
from shared.contracts.registration import ApplicantWithdrawn, ClassOffer, Programme
from shared.contracts.selection import Outcome, SelectionDecided
from shared.judging import RowWaits, refused
from shared.ledger import Signature

DECIDED: Final = "selection_decided"


def decide(trainee: Trainee, decided: SelectionDecided, signed: Signature) -> None:
    """Take over a decision; one that no longer accepts takes the person out of the class."""
    accepted = decided.outcome is Outcome.ACCEPTED
    trainee.programme_code = decided.programme_code
    trainee.person_id = decided.person_id
    trainee.outcome = decided.outcome
    trainee.class_code = decided.class_code if accepted else None
    trainee.write(signed, DECIDED, outcome=decided.outcome, class_code=trainee.class_code)


def withdraw(trainee: Trainee, withdrawal: ApplicantWithdrawn, signed: Signature) -> None:
    """Take the person out; what is recorded about them stays."""
    trainee.programme_code = withdrawal.programme_code
    trainee.withdrawn = True
    trainee.write(signed, "withdrawn", withdrawal.reason, withdrawn_on=withdrawal.withdrawn_on)


def class_of(trainee: Trainee, programme: Programme) -> ClassOffer:
    """The class in which somebody is trained.

    Raises RowRefused, "other_programme", "withdrawn" or "not_accepted"; RowWaits, "not_decided" (also for a reserve,
    whose promotion may be on its way) or "class_unknown".
    """
    if trainee.programme_code not in ("", programme.code):
        raise refused("other_programme")
    if trainee.withdrawn:
        raise refused("withdrawn")
    if trainee.outcome is Outcome.REJECTED:
        raise refused("not_accepted")
    if trainee.class_code is None:
        raise RowWaits("not_accepted" if trainee.outcome is Outcome.RESERVE else "not_decided")
    offer = programme.class_of(trainee.class_code)
    if offer is None:
        raise RowWaits("class_unknown")
    return offer


def last_class(trainee: Trainee) -> str | None:
    """The code of the class that somebody has a place in, or was the last to have one in."""
    held = (one.detail.get("class_code") for one in reversed(trainee.ledger) if one.what == DECIDED)
    return trainee.class_code or next((code for code in held if code), None)


def named(programme: Programme, cell: Cell) -> ClassOffer:
    """The class that a row names by code or name. Raises RowRefused, "missing" or "unknown_class"."""
    if not word(cell):
        raise refused("missing", "class")
    for offer in programme.classes:
        if word(cell) in (word(offer.code), word(offer.name)):
            return offer
    raise refused("unknown_class", "class", cell)
