"""What an employer may say of a graduate, of which placement it speaks, and what becomes of what was known before."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.placement import confirmation_list, confirming, outcomes, tracer
from services.placement.confirmation import Channel, Said
from services.placement.confirmation_list import Standing
from services.placement.employer_link import EmployerLink, link_id
from services.placement.graduate import Answer, Graduate
from services.placement.match import Answered, Match
from services.placement.outcomes import Alike, Traced
from shared.contracts.placement import EmployerSays, Party, PlacementRecorded, Source, Status
from shared.ledger import Signature
from shared.problems import Conflict, Invalid
from tests.unit.placement_examples import SIGNED

ON = date(2030, 7, 1)


def answered(wave: int = 3, employer: str | None = "CV Maju", **fields: Any) -> Answer:
    known = {"status": Status.EMPLOYED, "started_on": date(2030, 3, 1)}
    return Answer.model_validate({"wave": wave, "employer": employer, **known, **fields})


def placed(*answers: Answer, **fields: Any) -> Graduate:
    graduate = Graduate.model_validate({"_id": "a-1", "programme_code": "LAS-2030", "completed": True, **fields})
    for one in answers or (answered(),):
        tracer.take(graduate, one, SIGNED)
    return graduate


def said(says: str = "confirmed", left_on: date | None = None, channel: Channel = Channel.LINK, **more: Any) -> Said:
    return Said.model_validate({"says": says, "left_on": left_on, "channel": channel, "said_on": ON, **more})


def signed(days: int = 0) -> Signature:
    return Signature("petugas", SIGNED.at + timedelta(days=days), "placement")


def test_what_an_employer_says_is_kept_told_and_signed() -> None:
    graduate = placed()
    told = confirming.confirm(graduate, " cv  MAJU", said(channel=Channel.PHONE, told_by="Bu Rini, HRD"), SIGNED)
    assert told is not None and isinstance(told[0], PlacementRecorded)
    assert (told[0].source, told[0].employer_says, told[0].wave) == (Source.EMPLOYER, EmployerSays.CONFIRMED, 3)
    [kept] = graduate.confirmations
    assert (kept.employer, kept.by, kept.told_by, kept.said_on) == ("CV Maju", "petugas", "Bu Rini, HRD", ON)
    last = graduate.ledger[-1]
    assert (last.what, last.detail["channel"]) == ("placement_confirmed", "phone")
    assert "Rini" not in str(last.model_dump())  # the audit forgets nothing


def test_a_second_tap_says_nothing_new_and_another_word_keeps_the_first() -> None:
    graduate = placed()
    assert confirming.confirm(graduate, "CV Maju", said(), SIGNED) is not None
    assert confirming.confirm(graduate, "CV Maju", said(said_on=date(2030, 6, 30)), SIGNED) is None
    assert confirming.confirm(graduate, "CV Maju", said("left", date(2030, 6, 1)), SIGNED) is not None
    assert [one.says for one in graduate.confirmations] == ["confirmed", "left"]
    assert graduate.ledger[-1].detail["before"] == "confirmed"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (said("left"), "left_on_missing"),
        (said("confirmed", date(2030, 6, 1)), "left_on_unexpected"),
        (said("left", date(2030, 2, 28)), "before_start"),
        (said("left", date(2030, 7, 2)), "in_future"),
        (said(said_on=date(2030, 7, 2)), "in_future"),
    ],
)
def test_days_that_cannot_be(wanted: Said, code: str) -> None:
    graduate = placed()
    with pytest.raises(Invalid) as refused:
        confirming.confirm(graduate, "CV Maju", wanted, SIGNED)
    assert refused.value.code == code and graduate.confirmations == []


@pytest.mark.parametrize(
    "answers",
    [
        [answered(status=Status.SELF_EMPLOYED)],
        [answered(employer=None)],
        [answered(employer="PT Lain")],
        [answered(), answered(6, "PT Lain")],
        [answered(), answered(6, status=Status.UNEMPLOYED, employer=None, started_on=None)],
    ],
)
def test_nobody_confirms_who_is_not_reported_there_by_the_latest_answer(answers: list[Answer]) -> None:
    with pytest.raises(Conflict) as refused:
        confirming.confirm(placed(*answers), "CV Maju", said(), SIGNED)
    assert refused.value.code == "placement_changed"


def test_by_link_it_is_changed_twenty_times_and_by_phone_ever_after() -> None:
    graduate = placed()
    for turn in range(20):
        assert confirming.confirm(graduate, "CV Maju", said("denied" if turn % 2 else "confirmed"), SIGNED) is not None
    with pytest.raises(Conflict) as refused:
        confirming.confirm(graduate, "CV Maju", said(), SIGNED)
    assert refused.value.code == "changed_too_often"
    assert confirming.confirm(graduate, "CV Maju", said(channel=Channel.PHONE), SIGNED) is not None


def test_two_clerks_do_not_overrule_each_other_unseen() -> None:
    graduate = placed()
    phone = said("denied", channel=Channel.PHONE)
    confirming.confirm(graduate, "CV Maju", said(), SIGNED)
    with pytest.raises(Conflict) as refused:
        confirming.check_seen(graduate, None, phone)
    assert refused.value.code == "confirmed_meanwhile" and refused.value.extra["confirmation"]["says"] == "confirmed"
    confirming.check_seen(graduate, graduate.confirmations[-1].at, phone)
    confirming.check_seen(graduate, None, said())  # says the same


def test_what_is_told_of_a_later_answer_has_what_that_employer_said() -> None:
    graduate = placed()
    confirming.confirm(graduate, "CV Maju", said(), SIGNED)
    [same] = tracer.take(graduate, answered(6), SIGNED).events  # type: ignore[union-attr]
    [other] = tracer.take(graduate, answered(12, "PT Lain"), SIGNED).events  # type: ignore[union-attr]
    assert isinstance(same, PlacementRecorded) and same.employer_says is EmployerSays.CONFIRMED
    assert isinstance(other, PlacementRecorded) and other.employer_says is None


def test_a_placement_rate_has_what_employers_say_beside_it() -> None:
    heard, silent, elsewhere = placed(), placed(), placed(answered(6, None))
    confirming.confirm(heard, "CV Maju", said(), SIGNED)
    found = outcomes.outcomes(
        [Alike(Traced.model_validate(one.model_dump(by_alias=True))) for one in (heard, silent, elsewhere)]
    )
    assert (found.graduates, found.working, found.named) == (3, 3, 2)
    assert found.employer_says == {"confirmed": 1, "denied": 0, "left": 0}


def test_the_list_begins_with_who_has_waited_longest_and_shows_the_position_agreed_on() -> None:
    match = Match(
        match_id="m",
        run_id=None,
        vacancy_id="v",
        employer="cv maju",
        position="Juru las",
        score=1,
        reasons=[],
        answers=[Answered(party=party, accepted=True, seen=number) for number, party in enumerate(Party)],
    )
    late = placed(match=match)
    early = placed(_id="a-2")
    early.ledger = [one.model_copy(update={"at": datetime(2030, 5, 31, 18, tzinfo=UTC)}) for one in early.ledger]
    tracer.take(early, answered(6), signed(30))
    stored = [one.model_dump(mode="json", by_alias=True) for one in (late, early, placed(answered(employer=None)))]
    found = confirmation_list.reported(stored)
    assert [(one.applicant_id, one.position, str(one.reported_on)) for one in found] == [
        ("a-2", None, "2030-06-01"),  # in Pekalongan, and since the first answer that named this employer
        ("a-1", "Juru las", "2030-07-01"),
    ]
    assert [one.waits(30, date(2030, 7, 1)) for one in found] == [False, False]
    assert [one.waits(29, date(2030, 7, 1)) for one in found] == [True, False]
    assert [(one.employer, one.reported, one.waiting) for one in confirmation_list.employers(found)] == [
        ("CV Maju", 2, 2)
    ]
    confirming.confirm(late, "CV Maju", said("denied"), SIGNED)
    [denied] = confirmation_list.reported([late.model_dump(mode="json", by_alias=True)])
    assert denied.standing is Standing.DENIED and not denied.waits(0, date(2040, 1, 1))


def test_a_link_works_until_its_last_day_and_says_nothing() -> None:
    link = EmployerLink(_id=link_id("LAS-2030", " CV  Maju "))
    assert link.id == link_id("LAS-2030", "cv maju") != link_id("LAS-2031", "cv maju")
    assert link.issue("LAS-2030", "CV Maju", ON, ON + timedelta(days=30), SIGNED) == []
    first, person = link.token, link.reference("a-1")
    assert len(first) == 22 and first not in link.model_dump_json(exclude={"key"})
    assert link.issue("LAS-2030", "CV Maju", ON, ON + timedelta(days=60), SIGNED) is None  # one works
    assert link.works(ON + timedelta(days=30)) and not link.works(ON + timedelta(days=31))
    later = ON + timedelta(days=31)
    assert link.issue("LAS-2030", "CV Maju", later, later, SIGNED) == [] and link.token != first
    assert link.reference("a-1") == person != link.reference("a-2")
    assert link.revoke("salah kirim", SIGNED) == [] and not link.works(later)
    assert link.revoke("salah kirim", SIGNED) is None


def test_one_tap_takes_back_nothing_that_is_known_of_the_same_work() -> None:
    graduate = placed()
    tap = Answer(wave=3, status=Status.EMPLOYED, employer=None, started_on=None)
    assert tracer.take(graduate, tap, SIGNED) is None
    assert graduate.answers == [answered()]
    assert tracer.take(graduate, tap.model_copy(update={"employer": "PT Lain"}), SIGNED) is not None
    assert graduate.answers == [answered(employer="PT Lain", started_on=None)]  # another job has another first day
    assert graduate.superseded == [answered()]
    assert graduate.ledger[-1].detail["replaced"] == {"employer": "CV Maju", "started_on": "2030-03-01"}
    assert tracer.take(graduate, tap.model_copy(update={"status": Status.UNEMPLOYED}), SIGNED) is not None
    assert graduate.answers[0].employer is None
