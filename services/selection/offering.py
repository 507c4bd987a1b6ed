"""A free seat is offered to a reserve, who confirms, declines, or lets the last day pass: then the next is asked."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import date

from services.selection import reasons, ruling
from services.selection.applicant import SERVICE, Applicant
from services.selection.programme import OpenProgramme
from services.selection.promoting import accept
from services.selection.rescreening import programme_of
from services.selection.roster import Answer, Offer, Roster, Said, roster_id
from services.selection.ruling import Why
from services.selection.store import Store
from shared.cells import JAKARTA
from shared.contracts import Event
from shared.contracts.selection import Outcome, Stage
from shared.ledger import Signature, automatic
from shared.problems import Conflict
from shared.retries import NotYet
from shared.storage import StorageAway, VersionConflict

_LOOK_EVERY_S = 10.0
_REASONS = {Said.DECLINED: reasons.DECLINED_SEAT, Said.EXPIRED: reasons.NOT_CONFIRMED}


async def today(store: Store) -> date:
    """By the database's clock, in Jakarta."""
    return (await store.storage.now()).astimezone(JAKARTA).date()


async def answer(store: Store, applicant: Applicant, said: Said, reason: str | None, signed: Signature) -> None:
    """A reserve has confirmed or declined, as staff tell. Raises Conflict `no_offer`, `already_answered`."""
    if _is_done(applicant, said):
        return
    roster = _roster_of(applicant)
    now, found = _answer(said, signed, reason), None

    def put(one: Roster) -> None:
        nonlocal found
        found = one.answer(applicant.id, now)

    await settle_offers(store, roster)  # what has expired is not confirmed any more
    await _change(store, roster, put)
    if found is None:
        if await _is_done_by_now(store, applicant.id, said):
            return
        raise Conflict("no_offer", "No seat is offered to this person at the moment.")
    if found.said is not said:
        raise Conflict("already_answered", "This offer has been answered already.", said=found.said, by=found.by)
    await settle_offers(store, roster)


async def give(store: Store, applicant: Applicant, reason: str, signed: Signature) -> None:
    """Staff give a reserve a free seat. Raises Conflict `no_free_seat`, `not_reserve`."""
    if _is_done(applicant, Said.CONFIRMED):
        return
    roster, day, given = _roster_of(applicant), await today(store), False

    def put(one: Roster) -> None:
        nonlocal given
        given = one.give(applicant.id, day, _answer(Said.CONFIRMED, signed, reason))

    await _change(store, roster, put)
    if not given:
        if await _is_done_by_now(store, applicant.id, Said.CONFIRMED):
            return
        raise Conflict("no_free_seat", "No seat of this class is free.")
    await settle_offers(store, roster)


async def settle_offers(store: Store, roster: str) -> None:
    """Bring every offer of a class as far as it can be now. Every step may be repeated, also by two at a time."""
    while found := await store.rosters.get(roster):
        if not found.offers:
            return
        programme, day = await programme_of(store, found.programme_code), await today(store)
        moved = [await _settle(store, programme, found, offer, day) for offer in found.offers]
        if not any(moved):
            return


async def keep_offers(store: Store) -> None:
    """Look after offers whose last day has passed and those that somebody left half done, until cancelled."""
    while True:
        with contextlib.suppress(StorageAway):
            for roster in await store.offering():
                with contextlib.suppress(NotYet, VersionConflict):  # the next look takes it up; other classes go on
                    await settle_offers(store, roster)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _settle(store: Store, programme: OpenProgramme, roster: Roster, offer: Offer, day: date) -> bool:
    """Whether the offer has become something else."""
    who, now = offer.applicant_id, offer.answer
    # given by hand, or after the last day for reserves: then nobody else is asked
    until = programme.confirm_until(day) if day <= programme.reserve_until and offer.freed_by else None
    if now is None:
        reserve = await store.applicants.change(
            who, lambda one: ruling.offer(one, roster.class_code, offer.until, offer.freed_by)
        )
        if refusal := reserve.fails_as_reserve:
            await _refuse(store, who, programme.revision, refusal, Why(offer.freed_by))
        elif reserve.is_reserve:
            if day <= offer.until:
                return False
            expired = _answer(Said.EXPIRED, automatic(SERVICE), None)
            await _change(store, roster.id, lambda one: one.answer(who, expired))
            return True
    else:
        why = Why(offer.freed_by, Signature(now.by, now.at, now.role), now.said, now.reason)
        if now.said is not Said.CONFIRMED:
            await _refuse(store, who, programme.revision, [_REASONS[now.said]], why)
        elif await accept(store, programme, roster.class_code, who, why):
            await _change(store, roster.id, lambda one: one.seat(who))
            return True
    await _change(store, roster.id, lambda one: one.lapse(who, until))
    return True


async def _refuse(store: Store, applicant_id: str, revision: int, why_not: Sequence[str], why: Why) -> None:
    await store.applicants.change(applicant_id, lambda one: ruling.refuse_promotion(one, revision, why_not, why))


def _is_done(applicant: Applicant, said: Said) -> bool:
    """Whether a promotion has said this of them already."""
    decision = applicant.decision
    if decision is None or decision.stage is not Stage.PROMOTION:
        return False
    if said is Said.CONFIRMED:
        return decision.outcome is Outcome.ACCEPTED
    return decision.reasons == [_REASONS[said]]


async def _is_done_by_now(store: Store, applicant_id: str, said: Said) -> bool:
    """Whether the same was said a moment ago: a button was pressed twice."""
    applicant = await store.applicants.get(applicant_id)
    return applicant is not None and _is_done(applicant, said)


def _roster_of(applicant: Applicant) -> str:
    if not applicant.is_reserve or applicant.decision is None or applicant.decision.class_code is None:
        raise Conflict("not_reserve", "This person is not in reserve.")
    return roster_id(applicant.programme_code, applicant.decision.class_code)


def _answer(said: Said, signed: Signature, reason: str | None) -> Answer:
    return Answer(said=said, by=signed.by, role=signed.role, at=signed.at, reason=reason)


async def _change(store: Store, roster: str, change: Callable[[Roster], object]) -> None:
    def apply(current: Roster) -> Sequence[Event] | None:
        before = current.model_copy(deep=True)
        change(current)
        return None if current == before else []

    await store.rosters.change(roster, apply)
