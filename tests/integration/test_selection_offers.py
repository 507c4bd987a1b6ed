"""Where a reserve has to confirm: a freed seat is offered, confirmed, declined or left, and goes to the next one."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.selection import offering
from services.selection.applicant import Applicant
from services.selection.offering import answer, give, settle_offers
from services.selection.programme import OpenProgramme
from services.selection.roster import Offer, Roster, Said, roster_id
from services.selection.store import Store
from shared import context
from shared.context import Actor
from shared.contracts import Event
from shared.ledger import signature
from shared.problems import Conflict
from tests.builders import programme
from tests.deciding import decide
from tests.integration.test_selection_races import CODE, applicant_now, holders, store, withdraws

__all__ = ["store"]  # a fixture: one seat, two reserve places; a0001 to a0003 rank in this order

CLASS = roster_id(CODE, "A")
ANI = Actor("ani", "selector")
DAY = date(2030, 2, 4)


@pytest.fixture
async def offering_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Decided, with three days to confirm; it is the 4th of February 2030."""

    def three_days(one: OpenProgramme) -> list[Event]:
        rule = {**programme().selection.model_dump(), "reserves_per_class": 2, "reserve_confirm_days": 3}
        one.definition = programme({"A": 1}, selection=rule)
        return []

    await store.programmes.change(CODE, three_days)
    await decide(store, CODE)
    on_day(store, monkeypatch, DAY)
    context.actor.set(ANI)
    return store


def on_day(store: Store, monkeypatch: pytest.MonkeyPatch, day: date, hour: int = 12) -> None:
    """Let the database's clock show that hour of that day, in Jakarta."""

    async def now() -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=7)

    monkeypatch.setattr(store.storage, "now", now)


async def offers(store: Store) -> list[tuple[str, date]]:
    roster = await store.rosters.get(CLASS)
    return [(one.applicant_id, one.until) for one in roster.offers] if roster else []


async def says(store: Store, number: int, said: Said, reason: str | None = None) -> None:
    await answer(store, await applicant_now(store, number), said, reason, signature())


def last(one: Applicant) -> tuple[str, str, str | None]:
    entry = one.ledger[-1]
    return entry.what, entry.by, entry.reason


async def test_a_freed_seat_is_offered_until_a_day_and_given_when_it_is_confirmed(offering_store: Store) -> None:
    store = offering_store
    for _ in range(2):  # the withdrawal is delivered twice
        await withdraws(store, 1)
        assert (await holders(store), await offers(store)) == ([], [("a0002", date(2030, 2, 7))])
    reserve = await applicant_now(store, 2)
    assert reserve.is_reserve
    assert [one.what for one in reserve.ledger].count("seat_offered") == 1
    await asyncio.gather(*(says(store, 2, Said.CONFIRMED) for _ in range(3)))
    await says(store, 2, Said.CONFIRMED)
    accepted = await applicant_now(store, 2)
    assert (await holders(store), await offers(store), accepted.is_accepted) == (["a0002"], [], True)
    assert [one.what for one in accepted.ledger].count("decided") == 2
    assert (last(accepted), accepted.ledger[-1].detail["answer"]) == (("decided", "ani", None), "confirmed")
    person = await store.persons.get("p0002")
    assert person is not None and [one.applicant_id for one in person.claims] == ["a0002"]


async def test_who_has_looked_before_the_answer_and_says_the_same_is_not_refused(offering_store: Store) -> None:
    store = offering_store
    await withdraws(store, 1)
    looked = await applicant_now(store, 2)
    await says(store, 2, Said.CONFIRMED)
    await answer(store, looked, Said.CONFIRMED, None, signature())  # a button pressed twice
    await give(store, looked, "sudah dihubungi", signature())
    with pytest.raises(Conflict) as refused:
        await answer(store, looked, Said.DECLINED, "lain", signature())
    assert refused.value.code == "no_offer"


async def test_who_declines_is_out_and_the_next_one_is_asked(offering_store: Store) -> None:
    store = offering_store
    await withdraws(store, 1)
    for _ in range(2):
        await says(store, 2, Said.DECLINED, "sudah bekerja")
    declined = await applicant_now(store, 2)
    assert declined.decision is not None
    assert (declined.decision.outcome, declined.decision.reasons) == ("rejected", ["declined_seat"])
    assert last(declined) == ("decided", "ani", "sudah bekerja")
    assert (await holders(store), await offers(store)) == ([], [("a0003", date(2030, 2, 7))])
    with pytest.raises(Conflict) as refused:
        await says(store, 2, Said.CONFIRMED)
    assert refused.value.code == "not_reserve"


async def test_an_offer_ends_with_its_last_day_in_jakarta(
    offering_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = offering_store
    await withdraws(store, 1)
    on_day(store, monkeypatch, date(2030, 2, 7), hour=23)
    await settle_offers(store, CLASS)
    assert [who for who, _ in await offers(store)] == ["a0002"]
    on_day(store, monkeypatch, date(2030, 2, 8), hour=0)
    with pytest.raises(Conflict):  # whoever comes too late, also before anybody has looked
        await says(store, 2, Said.CONFIRMED)
    late = await applicant_now(store, 2)
    assert late.decision is not None and late.decision.reasons == ["not_confirmed"]
    assert last(late) == ("decided", "selection", None)
    assert await offers(store) == [("a0003", date(2030, 2, 11))]


async def test_after_the_last_day_for_reserves_nobody_else_is_asked(
    offering_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = offering_store
    on_day(store, monkeypatch, date(2030, 2, 27))
    await withdraws(store, 1)
    assert await offers(store) == [("a0002", date(2030, 3, 1))]  # the training's start
    on_day(store, monkeypatch, date(2030, 3, 2))
    assert await store.offering() == [CLASS]
    await settle_offers(store, CLASS)
    roster = await store.rosters.get(CLASS)
    assert roster is not None and (roster.offers, roster.reserves, roster.free_seats) == ([], ["a0003"], 1)
    assert await store.offering() == []


async def test_a_seat_that_stayed_free_is_given_by_hand_with_a_reason(
    offering_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = offering_store
    with pytest.raises(Conflict) as full:
        await give(store, await applicant_now(store, 3), "dekat", signature())
    assert full.value.code == "no_free_seat"
    on_day(store, monkeypatch, date(2030, 3, 2))

    def free(one: Roster) -> list[Event]:
        one.free("a0001", promote=False)
        return []

    await store.rosters.change(CLASS, free)
    for _ in range(2):
        await give(store, await applicant_now(store, 3), "kursi kosong, peringkat 2 tidak terjangkau", signature())
    given = await applicant_now(store, 3)
    assert given.is_accepted and last(given) == ("decided", "ani", "kursi kosong, peringkat 2 tidak terjangkau")
    roster = await store.rosters.get(CLASS)
    assert roster is not None and (roster.holders, roster.reserves, roster.offers) == (["a0003"], ["a0002"], [])


async def test_who_withdraws_while_a_seat_is_offered_leaves_it_to_the_next(offering_store: Store) -> None:
    store = offering_store
    await withdraws(store, 1)
    await withdraws(store, 2)
    assert await offers(store) == [("a0003", date(2030, 2, 7))]
    await withdraws(store, 1)  # comes again
    assert [who for who, _ in await offers(store)] == ["a0003"]


async def test_a_reserve_who_no_longer_meets_a_rule_is_not_asked(offering_store: Store) -> None:
    store = offering_store

    def employed(one: Applicant) -> list[Event]:
        assert one.screening is not None
        one.screening = one.screening.model_copy(update={"passed": False, "findings": [("employed", "employed")]})
        return []

    await store.applicants.change("a0002", employed)
    await withdraws(store, 1)
    passed_over = await applicant_now(store, 2)
    assert passed_over.decision is not None
    assert [who for who, _ in await offers(store)] == ["a0003"]


async def test_an_answer_that_was_left_half_done_is_carried_out_by_whoever_looks(
    offering_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = offering_store
    await withdraws(store, 1)
    with monkeypatch.context() as killed:
        killed.setattr(offering, "_settle", _never)
        await says(store, 2, Said.CONFIRMED, "lewat telepon")  # killed here
    assert not (await applicant_now(store, 2)).is_accepted
    with monkeypatch.context() as killed:
        killed.setattr(offering, "_settle", _never)
        with pytest.raises(Conflict) as late:
            await says(store, 2, Said.DECLINED, "x")  # the first answer counts
    assert (late.value.code, late.value.extra["said"]) == ("already_answered", "confirmed")
    context.actor.set(Actor("selection", "service"))
    for roster in await store.offering():
        await settle_offers(store, roster)
    done = await applicant_now(store, 2)
    assert done.is_accepted and last(done) == ("decided", "ani", "lewat telepon")


async def _never(*args: Any) -> bool:
    return False


async def test_what_was_offered_ends_as_promised_when_reserves_need_not_confirm_any_more(
    offering_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = offering_store
    await withdraws(store, 1)

    def at_once(one: OpenProgramme) -> list[Event]:
        one.definition = programme({"A": 1})
        return []

    await store.programmes.change(CODE, at_once)
    assert await offers(store) == [("a0002", date(2030, 2, 7))]
    on_day(store, monkeypatch, date(2030, 2, 8))
    await settle_offers(store, CLASS)
    assert await offers(store) == [("a0003", date(2030, 2, 9))]


@pytest.mark.parametrize("by", ["withdrawing", "declining"])
async def test_no_seat_stays_free_when_reserves_need_not_confirm_any_more(offering_store: Store, by: str) -> None:
    store = offering_store
    await withdraws(store, 1)

    def at_once(one: OpenProgramme) -> list[Event]:
        one.definition = programme({"A": 1})
        return []

    await store.programmes.change(CODE, at_once)
    for _ in range(2):
        if by == "withdrawing":
            await withdraws(store, 2)
        else:
            await says(store, 2, Said.DECLINED, "sudah bekerja")
        assert await offers(store) == [("a0003", date(2030, 2, 5))]
    await says(store, 3, Said.CONFIRMED)
    assert await holders(store) == ["a0003"]


def test_offers_count_as_seats() -> None:
    one = Roster(_id="UJI-1/A", seats=1, reserves=["b"], offers=[Offer(applicant_id="a", freed_by="x", until=DAY)])
    assert one.free_seats == 0
    one.lapse("a", DAY)
    assert [offer.applicant_id for offer in one.offers] == ["b"]
