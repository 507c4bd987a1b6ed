"""Selection when two things happen at once, or one is interrupted: each test plays one interleaving for real."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.selection import applying, deciding, eligibility, grading, ruling
from services.selection.allocation import Candidate, Placed
from services.selection.applicant import Applicant
from services.selection.deciding import resume
from services.selection.programme import Decision, OpenProgramme
from services.selection.results_api import decision_of
from services.selection.roster import Roster, roster_id
from services.selection.run import Run
from services.selection.scoring import Scores
from services.selection.store import Store
from services.selection.under_way import UnderWay
from services.selection.withdrawing import withdraw
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered, ApplicantWithdrawn, ClassOffer
from shared.ledger import signature
from shared.meta import Meta
from shared.problems import Conflict
from shared.storage import Storage
from tests.builders import programme
from tests.conftest import Urls
from tests.deciding import decide
from tests.events import applicant, until

CODE = "UJI-1"


@pytest.fixture
async def store(servers: Urls) -> AsyncIterator[Store]:
    """A programme with one seat; a0001 to a0003 have passed, have scores, and rank in this order."""
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "selection")
    store = Store(storage)
    await storage.prepare()
    rules = programme({"A": 1}, selection={**programme().selection.model_dump(), "reserves_per_class": 2})
    await store.programmes.add(OpenProgramme(_id=CODE, programme_code=CODE, revision=1, definition=rules))
    for number in (1, 2, 3):
        await add_applicant(store, number, f"{100 - number}")
    yield store
    storage.close()


async def add_applicant(store: Store, number: int, score: str) -> None:
    open_programme = await programme_now(store)
    one = Applicant(_id=f"a{number:04}")
    one.registered(ApplicantRegistered.model_validate(applicant(number)))
    eligibility.screen(one, open_programme, [])
    grading.record_scores(
        one, Scores.model_validate(dict.fromkeys(Scores.model_fields, score)), open_programme, signature()
    )
    await store.applicants.add(one)


async def programme_now(store: Store) -> OpenProgramme:
    found = await store.programmes.get(CODE)
    assert found is not None
    return found


async def applicant_now(store: Store, number: int) -> Applicant:
    found = await store.applicants.get(f"a{number:04}")
    assert found is not None
    return found


async def holders(store: Store) -> list[str]:
    roster = await store.rosters.get(roster_id(CODE, "A"))
    return roster.holders if roster else []


async def withdraws(store: Store, number: int) -> None:
    """Handle somebody's withdrawal, as it is delivered."""
    who = f"a{number:04}"
    meta = Meta(
        id=f"registration.applicant:{who}:2:0", source="/jalur/registration", type=ApplicantWithdrawn.ce_type(),
        subject=who, time="", sequence=2, n=0, correlation_id=None, causation_id=None,
    )  # fmt: skip
    event = ApplicantWithdrawn(applicant_id=who, programme_code=CODE, reason="x", withdrawn_on=date(2030, 2, 1))
    await withdraw(store, event, meta)


def meanwhile(monkeypatch: pytest.MonkeyPatch, documents: Any, document_id: str, happens: Callable[[], Any]) -> None:
    """Let something happen right before the next change of that document."""
    change = documents.change

    def change_later(changed: str, *args: Any, **more: Any) -> Awaitable[Any]:
        async def first() -> Any:
            if changed == document_id:
                monkeypatch.setattr(documents, "change", change)
                await happens()
            return await change(changed, *args, **more)

        return first()

    monkeypatch.setattr(documents, "change", change_later)


async def test_a_decision_in_the_middle_of_a_withdrawal_gives_no_seat_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, store.persons, "p0001", lambda: decide(store, CODE))
    await withdraws(store, 1)
    assert await holders(store) == ["a0002"]
    person = await store.persons.get("p0001")
    assert person is None or person.claims == []


async def test_who_was_promoted_and_withdrew_does_not_stop_the_withdrawal_that_promoted_them(store: Store) -> None:
    await decide(store, CODE)

    def free(roster: Roster) -> list[Event]:
        roster.free("a0001", promote=True)
        return []

    await store.rosters.change(roster_id(CODE, "A"), free)  # killed here: the rest of the withdrawal comes again
    await withdraws(store, 2)
    await withdraws(store, 1)
    assert await holders(store) == ["a0003"]
    outcomes = [await applicant_now(store, number) for number in (1, 2, 3)]
    assert [one.is_accepted for one in outcomes] == [False, False, True]
    assert [one.withdrawn for one in outcomes] == [True, True, False]


async def test_a_reserve_who_withdraws_while_being_promoted_holds_no_claim(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await decide(store, CODE)
    meanwhile(monkeypatch, store.persons, "p0002", lambda: withdraws(store, 2))
    await withdraws(store, 1)
    assert await holders(store) == ["a0003"]
    person = await store.persons.get("p0002")
    assert person is not None
    assert person.claims == []


async def test_a_withdrawal_that_comes_again_changes_nothing(store: Store) -> None:
    await decide(store, CODE)
    for number in (1, 2, 1, 2):
        await withdraws(store, number)
    assert await holders(store) == ["a0003"]
    assert [entry.what for entry in (await applicant_now(store, 1)).ledger].count("withdrawn") == 1


async def test_a_screening_by_an_old_reading_of_the_programme_takes_no_decision_away(store: Store) -> None:
    before = await programme_now(store)
    await decide(store, CODE)
    after = await store.applicants.change("a0001", lambda one: eligibility.screen(one, before, ["Las (2020)"]))
    assert after.is_accepted
    assert after.tasks == ["prior_training_found_after_decision"]


async def test_who_passes_after_the_decision_is_a_task_for_staff(store: Store) -> None:
    await decide(store, CODE)
    late = Applicant(_id="a0009")
    late.registered(ApplicantRegistered.model_validate(applicant(9)))
    eligibility.screen(late, await programme_now(store), [])
    assert late.tasks == ["passed_after_decision"]


async def test_whoever_resumes_a_decision_holds_it_to_the_simulation_it_was_begun_with(store: Store) -> None:
    def begin(one: OpenProgramme) -> list[Event]:
        one.decision = Decision(run_id="begun", expected="digest of a simulation")
        return []

    await store.programmes.change(CODE, begin)  # killed here
    with pytest.raises(Conflict) as refused:
        await decide(store, CODE)
    assert refused.value.code == "inputs_changed"
    assert (await decide(store, CODE)).counts.accepted == 1

    await store.programmes.change(CODE, begin)
    await last_seen(store, datetime(2020, 1, 1, tzinfo=UTC))
    await UnderWay(store).resume_interrupted()  # a service that starts does not die of it
    assert not (await programme_now(store)).decided


async def test_a_decision_that_nobody_carries_out_any_more_is_resumed_by_whoever_finds_it(store: Store) -> None:
    def begin(one: OpenProgramme) -> list[Event]:
        one.decision = Decision(run_id="begun")
        return []

    await store.programmes.change(CODE, begin)  # killed here
    async with store.seen_deciding(CODE):
        await until(lambda: no_decision_is_interrupted(store))
    assert await store.interrupted_decisions() == [CODE]  # whoever stops says so, unless they are killed
    await last_seen(store, datetime.now(UTC))
    assert await store.interrupted_decisions() == []  # seen a moment ago

    await last_seen(store, datetime(2100, 1, 1, tzinfo=UTC))
    assert await store.interrupted_decisions() == []  # by the server's clock, which is not there yet
    await last_seen(store, datetime(2020, 1, 1, tzinfo=UTC))
    assert await store.interrupted_decisions() == [CODE]
    await UnderWay(store).resume_interrupted()
    assert await store.interrupted_decisions() == []
    assert await holders(store) == ["a0001"]


async def test_whoever_asks_for_a_decision_that_takes_long_hears_how_far_it_is_and_starts_no_second_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out, go_on, fill = list[str](), asyncio.Event(), applying._fill

    async def held_up(some: Store, run: Run, offer: ClassOffer, placed: list[Placed]) -> None:
        carried_out.append(run.id)
        await go_on.wait()
        await fill(some, run, offer, placed)

    monkeypatch.setattr(applying, "_fill", held_up)
    here, another_replica = UnderWay(store), UnderWay(store)
    assert await here.decide(CODE, None, 0) is None
    asked_again = [asyncio.create_task(one.decide(CODE, None, 30)) for one in (here, here, another_replica)]
    assert await another_replica.decide(CODE, None, 0.7) is None
    await until(lambda: told_nobody(store))
    go_on.set()
    runs = [await one for one in asked_again]
    assert {one.id for one in runs if one} == set(carried_out)
    assert len(carried_out) == 1
    ended = await decision_of(store, await programme_now(store))
    assert ended and (ended["state"], ended["progress"]) == ("done", None)


async def told_nobody(store: Store) -> bool:
    decision = await decision_of(store, await programme_now(store))
    return decision is not None and decision["progress"] == {"told": 0, "of": 3}


async def last_seen(store: Store, when: datetime) -> None:
    await store.programmes.raw.update_one({"_id": CODE}, {"$set": {"deciding_seen": when}})


async def no_decision_is_interrupted(store: Store) -> bool:
    return await store.interrupted_decisions() == []


async def test_a_decision_that_is_being_carried_out_is_not_given_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(one: OpenProgramme) -> list[Event]:
        one.decision = Decision(run_id="begun")
        return []

    await store.programmes.change(CODE, begin)
    read = deciding._candidates

    async def finds_a_late_registration(store: Store, programme: OpenProgramme) -> list[Candidate]:
        monkeypatch.setattr(deciding, "_candidates", read)
        await resume(store, CODE)  # somebody else read before it came, and is through
        raise Conflict("scores_missing", "x")

    monkeypatch.setattr(deciding, "_candidates", finds_a_late_registration)
    assert (await resume(store, CODE)).id == "begun"
    decision = (await programme_now(store)).decision
    assert decision is not None
    assert decision.run_id == "begun"
    assert await holders(store) == ["a0001"]


async def test_a_correction_that_has_overtaken_its_registration_is_waited_for(store: Store) -> None:
    def not_registered_yet(one: Applicant) -> list[Event]:
        one.registered_at = None
        return []

    await store.applicants.change("a0002", not_registered_yet)
    with pytest.raises(Conflict) as refused:
        await decide(store, CODE)
    assert (refused.value.code, refused.value.extra) == ("not_caught_up", {"applicant_ids": ["a0002"]})


async def test_people_are_told_in_the_order_in_which_they_registered(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    decided = ruling.decide

    def telling(applicant: Applicant, *given: Any) -> Any:
        told.append(applicant.registration_no)
        return decided(applicant, *given)

    for number, registered in ((1, 10000), (2, 9999), (3, 2)):  # who ranks first has registered last

        def rename(one: Applicant, registration_no: str = f"UJI-1-{registered:04}") -> list[Event]:
            one.registration_no = registration_no
            return []

        await store.applicants.change(f"a{number:04}", rename)
    monkeypatch.setattr(ruling, "decide", telling)
    await decide(store, CODE)
    assert told == ["UJI-1-0002", "UJI-1-9999", "UJI-1-10000"]
