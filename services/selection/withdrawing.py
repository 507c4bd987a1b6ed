"""Somebody withdraws: the claim on the person is released, and a freed seat goes to the class's first reserve,
or is offered to them first."""

from collections.abc import Callable, Sequence
from datetime import date

from services.selection.applicant import Applicant
from services.selection.offering import settle_offers, today
from services.selection.programme import Deciding, OpenProgramme
from services.selection.promoting import accept, release
from services.selection.rescreening import programme_of
from services.selection.roster import Roster, roster_id
from services.selection.ruling import Why
from services.selection.store import Store
from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn
from shared.ledger import signature
from shared.meta import Meta
from shared.retries import NotYet


async def withdraw(store: Store, event: ApplicantWithdrawn, meta: Meta) -> None:
    """Every step may be repeated; the mark is saved with the last one, so that a crash before repeats them all.

    Whoever withdraws is out first: a decision or a promotion that does not see it has begun before, and is seen here.
    """
    applicant = await store.applicants.change(event.applicant_id, lambda current: _withdraw(current, event))
    if applicant.has_absorbed(meta):
        return
    programme = await programme_of(store, event.programme_code)
    if programme.decision is not None and programme.decision.state is not Deciding.DONE:
        raise NotYet("the programme is being decided")
    # a decision may have come between the two reads: now that it is done, or none has begun, this one holds
    applicant = await store.applicants.get(event.applicant_id) or applicant
    if applicant.decision is not None and applicant.decision.class_code is not None:
        await _free_seat(store, programme, applicant, event.withdrawn_on)
    if event.withdrawn_on < programme.rules.training.starts:
        await release(store, applicant)
    await store.applicants.change(event.applicant_id, lambda _: None, meta=meta)


def _withdraw(applicant: Applicant, event: ApplicantWithdrawn) -> Sequence[Event] | None:
    if applicant.facts is None:
        raise NotYet("the applicant has not arrived")
    if applicant.withdrawn:
        return None
    applicant.withdraw(event.reason, event.programme_code, signature())
    return []


async def _free_seat(store: Store, programme: OpenProgramme, applicant: Applicant, on: date) -> None:
    class_code = str(applicant.decision.class_code) if applicant.decision else ""
    roster = roster_id(programme.id, class_code)
    promote = on <= programme.reserve_until
    until = programme.confirm_until(await today(store))

    def free(one: Roster) -> str | None:
        # an offer goes on to the next one as an offer, also where reserves confirm no longer
        offered = programme.confirm_days is not None or one.offer_to(applicant.id) is not None
        return one.free(applicant.id, promote=promote, until=until if offered else None)

    promoted = await _change_roster(store, roster, free)
    while promoted is not None and not await accept(store, programme, class_code, promoted, Why(applicant.id)):
        promoted = await _pass_over(store, roster, promoted, applicant.id)
    await settle_offers(store, roster)


async def _pass_over(store: Store, roster: str, promoted: str, freed_by: str) -> str | None:
    return await _change_roster(store, roster, lambda one: one.pass_over(promoted, freed_by))


async def _change_roster(store: Store, roster: str, change: Callable[[Roster], str | None]) -> str | None:
    promoted: str | None = None

    def apply(current: Roster) -> Sequence[Event] | None:
        nonlocal promoted
        before = current.model_copy(deep=True)
        promoted = change(current)
        return None if current == before else []

    await store.rosters.change(roster, apply)
    return promoted
