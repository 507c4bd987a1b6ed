"""A later reader can tell from the record alone who decided, from what facts, and decide it again."""

from decimal import Decimal
from typing import Any

from services.selection import eligibility, scoring
from services.selection.deciding import resume, simulate
from services.selection.replaying import differences
from services.selection.run import Run
from services.selection.screening import Finding, screen
from services.selection.store import Store
from services.selection.under_way import UnderWay
from shared import context
from shared.context import Actor
from shared.contracts import Event
from shared.contracts.registration import Eligibility, Facts
from shared.documents import Document
from shared.ledger import Signature, signature
from tests.deciding import decide
from tests.integration.test_selection_races import CODE, applicant_now, programme_now, store, withdraws

__all__ = ["store"]  # a fixture: one seat, two reserve places; a0001 to a0003 rank in this order

ANI = Actor("ani", "selector")


def told(document: Document, what: str) -> Any:
    """The last entry of that kind."""
    return [one for one in document._ledger if one.what == what][-1]


async def begun_by_ani(store: Store) -> None:
    signed = Signature(ANI.name, signature().at, ANI.role)
    await store.programmes.change(CODE, lambda one: [] if one.begin("r1", None, signed) else None)


async def test_whoever_decided_is_named_also_when_another_replica_carries_it_out(store: Store) -> None:
    await begun_by_ani(store)  # killed here
    await store.interrupted_decisions()
    context.actor.set(Actor("budi", "admin"))  # asks again, and so has it carried out; ani has decided
    run = await resume(store, CODE)
    await UnderWay(store).resume_interrupted()
    assert (run.by, run.role) == ("ani", "selector")
    for document, what in ((run, "allocated"), (await programme_now(store), "decision_begun")):
        assert (told(document, what).by, told(document, what).role) == ("ani", "selector")
    for number, outcome in ((1, "accepted"), (2, "reserve"), (3, "reserve")):
        decided = told(await applicant_now(store, number), "decided")
        assert (decided.by, decided.role) == ("ani", "selector")
        assert decided.detail["run_id"] == "r1"
        assert (decided.detail["outcome"], decided.detail["rank"]) == (outcome, number)
        assert (decided.detail["total"], decided.detail["rule_version"]) == (f"{100 - number}", 1)


async def test_a_decision_that_is_given_back_says_why(store: Store) -> None:
    await begun_by_ani(store)

    def lose_scores(one: Any) -> list[Event]:
        one.scores = None
        return []

    await store.applicants.change("a0002", lose_scores)
    await UnderWay(store).resume_interrupted()
    programme = await programme_now(store)
    back = told(programme, "decision_given_back")
    assert (programme.decision, back.by, back.role, back.reason) == (None, "selection", "service", "scores_missing")


async def test_the_next_reserve_was_accepted_by_the_rules_on_a_seat_somebody_freed(store: Store) -> None:
    context.actor.set(ANI)
    await decide(store, CODE)
    await withdraws(store, 1)
    promoted = told(await applicant_now(store, 2), "decided")
    assert (promoted.by, promoted.role) == ("selection", "service")
    assert (promoted.detail["stage"], promoted.detail["freed_by"]) == ("promotion", "a0001")
    assert promoted.detail["supersedes"] == "selection.applicant:a0002:2:0"


async def test_a_screening_and_a_total_can_be_done_again_from_the_record(store: Store) -> None:
    programme = await programme_now(store)
    refused = await store.applicants.change("a0002", lambda one: eligibility.screen(one, programme, ["Las (2020)"]))
    for one in (await applicant_now(store, 1), refused):
        entry = told(one, "screened")
        rules, facts = Eligibility.model_validate(entry.detail["rules"]), Facts.model_validate(entry.detail["facts"])
        again = screen(rules, facts, entry.detail["trained_in"], entry.detail["overruled"])
        assert again == [Finding(*finding) for finding in entry.detail["findings"]]
        assert (entry.by, entry.role, entry.detail["rule_version"]) == ("selection", "service", 1)
    assert [finding.reason for finding in again] == ["trained_before"]
    assert told(refused, "decided").by == "selection"
    scores = told(await applicant_now(store, 1), "scores_recorded")
    rule = programme.rules.selection.model_copy(
        update={f"{part}_weight": weight for part, weight in scores.detail["weights"].items()}
    )
    total = scoring.total(Decimal(scores.detail["written"]), Decimal(scores.detail["interview"]), rule)
    assert str(total) == f"{Decimal(scores.detail['total']):.2f}"


async def found(store: Store, run: Run) -> list[str]:
    inputs, outcome = await store.run_chunks.kept(run.id, run.inputs), await store.run_chunks.kept(run.id, run.outcome)
    return differences(run, inputs, outcome)


async def test_a_run_replays_and_what_was_changed_afterwards_is_found(store: Store) -> None:
    context.actor.set(ANI)
    assert await found(store, await simulate(store, CODE)) == []
    run = await decide(store, CODE)
    assert await found(store, run) == []
    chunks = store.storage.collection("run_chunks")

    inputs = {"_id": f"{run.id}:{run.inputs}:0"}
    await chunks.update_one(inputs, {"$set": {"rows.0.total": "1.00"}})
    by_digest, *decided = await found(store, run)
    assert by_digest.startswith("the inputs have the digest ")
    assert decided == [
        "a0001: decided accepted A rank 1, the inputs give rejected below_pass_mark",
        "a0002: decided reserve A rank 2, the inputs give accepted A rank 1",
        "a0003: decided reserve A rank 3, the inputs give reserve A rank 2",
    ]
    await chunks.update_one(inputs, {"$set": {"rows.0.total": "99"}})

    await chunks.update_one({"_id": f"{run.id}:{run.outcome}:0"}, {"$set": {"rows.0.applicant_id": "a0009"}})
    by_digest, *decided = await found(store, run)
    assert by_digest.startswith("the outcome has the digest ")
    assert decided == [
        "a0001: decided nothing, the inputs give accepted A rank 1",
        "a0009: decided accepted A rank 1, the inputs give nothing",
    ]


async def test_who_was_accepted_elsewhere_meanwhile_is_no_difference(store: Store) -> None:
    def elsewhere(person: Any) -> list[Event]:
        person.claim("LAIN-1", "b0001", exclusive=False)
        return []

    await begun_by_ani(store)
    await store.persons.change("p0001", elsewhere)
    run = await resume(store, CODE)
    assert (await applicant_now(store, 1)).is_accepted is False
    assert run.counts.accepted == 1
    assert await found(store, run) == []
