"""Each invariant finds what it is there for: in the ledger of an undisturbed programme, with one thing changed."""

import asyncio
import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.client import Client
from tests.faults.experiment import Laboratory
from tests.faults.invariants import INVARIANTS, violations
from tests.faults.ledger import Ledger
from tests.faults.load import Play
from tests.faults.system import System

_PEOPLE = 24

Break = Callable[[Ledger], object]


@pytest.fixture(scope="module")
def undisturbed(system: System, laboratory: Laboratory) -> Ledger:
    async def play() -> Ledger:
        client = Client(system.gateways, system.token, 120)
        programme = Play(client, laboratory.town, _PEOPLE)
        await programme.run()
        await client.close()
        return await laboratory.ledger([programme.sent], client.problems)

    return asyncio.run(play())


def _one(ledger: Ledger, service: str, collection: str) -> dict[str, Any]:
    """A document of the programme that was played."""
    found = ledger.held[service][collection].values()
    return next(one for one in found if one["programme_code"] == ledger.programmes[0].code)


def _certificates(ledger: Ledger) -> list[dict[str, Any]]:
    trainees = ledger.held["certification"]["trainees"].values()
    return [certificate for trainee in trainees for certificate in trainee["certificates"]]


def _certify_otherwise(ledger: Ledger) -> None:
    _certificates(ledger)[0]["certificate_no"] = "another"


def _show_otherwise(ledger: Ledger) -> None:
    _one(ledger, "gateway", "applicants")["stage"] = "another"


def _tell_again(ledger: Ledger) -> None:
    """The same fact as another event, as by a command that took effect twice."""
    event = next(one for one in ledger.logged if one.name == "ScoresRecorded")
    ledger.logged.append(dataclasses.replace(event, id=f"{event.aggregate}:{event.sequence + 1}:0"))


def _overtake(ledger: Ledger) -> None:
    """The first of several events of one aggregate comes last."""
    later = {one.aggregate for one in ledger.logged if one.sequence > 1}
    first = next(one for one in ledger.logged if one.aggregate in later)
    ledger.logged.remove(first)
    ledger.logged.append(first)


def _write_twice(ledger: Ledger) -> None:
    entries = next(one for one in ledger.held["selection"]["applicants"].values() if one.get("scores"))["ledger"]
    entries += [one for one in entries if one["what"] == "scores_recorded"]


def _park(ledger: Ledger) -> None:
    ledger.parked.append(dataclasses.replace(ledger.logged[0], headers={"service": "gateway"}))


def _overfill(ledger: Ledger) -> None:
    holders = [str(number) for number in range(_PEOPLE)]
    ledger.rosters.append({"id": f"{ledger.programmes[0].code}/K1", "holders": holders})


def _leave_unclaimed(ledger: Ledger) -> None:
    applicants = ledger.held["selection"]["applicants"]  # of this programme; the persons are everybody's
    claims = (one["claims"] for one in ledger.held["selection"]["persons"].values())
    next(some for some in claims if any(claim["applicant_id"] in applicants for claim in some)).clear()


def _number_twice(ledger: Ledger) -> None:
    one, other, *_ = _certificates(ledger)
    one["number_key"] = other["number_key"]


BREAKS: dict[str, Break] = {
    "clients_are_answered_as_promised": lambda ledger: ledger.problems.append("500 POST /programmes"),
    "every_accepted_command_took_effect_exactly_once": _certify_otherwise,
    "every_effect_is_told_exactly_once_and_nothing_else": _tell_again,
    "each_committed_version_yields_exactly_its_events": lambda ledger: ledger.seen.pop(),
    "events_of_one_aggregate_come_in_order": _overtake,
    "what_was_confirmed_is_applied_or_parked": lambda ledger: _one(ledger, "placement", "graduates")["marks"].clear(),
    "no_event_is_applied_twice": _write_twice,
    "no_good_message_is_parked": _park,
    "outboxes_are_empty": lambda ledger: setattr(ledger, "waiting", ["uji_selection.applicants/1"]),
    "nothing_stays_in_a_queue": lambda ledger: ledger.queues["selection.retry.60s"].update(messages_ready=1),
    "seats_never_exceed_capacity": _overfill,
    "a_person_is_claimed_for_whom_a_seat_is_held": _leave_unclaimed,
    "numbers_are_given_once": _number_twice,
    "a_read_model_rebuilt_from_the_log_equals_the_live_one": lambda ledger: _one(
        ledger, "gateway", "applicants"
    ).update(stage="placed elsewhere"),
    "everything_is_back_without_a_hand": lambda ledger: setattr(ledger, "recovery_s", None),
}


def test_an_undisturbed_programme_violates_nothing(undisturbed: Ledger) -> None:
    assert not [wrong for several in violations(undisturbed).values() for wrong in several]


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_finds_what_it_is_there_for(undisturbed: Ledger, name: str) -> None:
    kept = {field.name: getattr(undisturbed, field.name) for field in dataclasses.fields(Ledger)}
    system = kept.pop("system")
    broken = Ledger(system, **copy.deepcopy(kept))
    BREAKS[name](broken)
    assert INVARIANTS[name](broken)
