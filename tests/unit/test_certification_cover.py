"""Cover by BPJS Ketenagakerjaan against the days of a class: what is a gap, what counts, and whom a clerk overtakes."""

from datetime import date

import pytest

from services.certification import cover, enrolment
from services.certification.cover import CoverOvertaken, Gap, gaps
from services.certification.trainee import Cover, CoverState, Insurance, Trainee
from shared.contracts.registration import ApplicantWithdrawn
from shared.contracts.selection import Outcome
from shared.judging import Change, RowRefused
from shared.ledger import Signature
from tests.unit.certification_examples import SIGNED, attend, decision, programme, trainee

JKK, JKM = Insurance.JKK, Insurance.JKM
REQUESTED, ACTIVE, CANCELLED = CoverState.REQUESTED, CoverState.ACTIVE, CoverState.CANCELLED
FIRST, LAST = date(2030, 5, 6), date(2030, 6, 7)
BOTH = (JKK, JKM)


def days(starts: str, ends: str, state: CoverState = ACTIVE, insurances: tuple[Insurance, ...] = BOTH) -> Cover:
    """`starts` and `ends` as month and day of 2030."""
    return Cover(
        insurances=list(insurances),
        starts=date.fromisoformat(f"2030-{starts}"),
        ends=date.fromisoformat(f"2030-{ends}"),
        state=state,
    )


def record(
    person: Trainee, wanted: Cover, seen: int | None = None, signed: Signature = SIGNED, class_code: str = "LAS-1"
) -> Change | None:
    return cover.record(person, wanted, class_code, programme(), signed, seen)


def missing(*covers: Cover) -> list[tuple[str, str, str]]:
    found = gaps(trainee(covers=list(covers)), programme())
    return [(gap.insurance.value, f"{gap.starts:%m-%d}", f"{gap.ends:%m-%d}") for gap in found]


@pytest.mark.parametrize(
    "covers",
    [
        [days("05-06", "06-07")],
        [days("04-01", "07-01")],
        [days("05-06", "05-31"), days("06-01", "06-30")],
        [days("06-01", "06-30"), days("05-01", "06-02")],
        [days("05-01", "06-30", insurances=(JKK,)), days("05-06", "06-07", insurances=(JKM,))],
        [days("05-01", "06-30"), days("05-10", "05-11"), days("05-06", "06-07", CANCELLED)],
    ],
)
def test_nothing_is_missing_when_every_day_is_covered(covers: list[Cover]) -> None:
    assert missing(*covers) == []


def test_every_day_that_is_not_is_a_gap_of_its_insurance() -> None:
    assert missing() == [("jkk", "05-06", "06-07"), ("jkm", "05-06", "06-07")]
    assert missing(days("05-01", "06-30", insurances=(JKK,))) == [("jkm", "05-06", "06-07")]
    assert missing(days("05-07", "06-06"), days("05-01", "06-30", insurances=(JKM,))) == [
        ("jkk", "05-06", "05-06"),
        ("jkk", "06-07", "06-07"),
    ]
    assert missing(days("05-01", "05-20"), days("05-22", "06-30")) == [
        ("jkk", "05-21", "05-21"),
        ("jkm", "05-21", "05-21"),
    ]
    assert missing(days("06-07", "06-07").model_copy(update={"ends": date.max}))[0] == ("jkk", "05-06", "06-06")
    # the training was moved since: neither touches a day of it
    assert missing(days("04-01", "05-05"), days("06-08", "07-01"))[0] == ("jkk", "05-06", "06-07")


@pytest.mark.parametrize("state", [REQUESTED, CANCELLED])
def test_what_bpjs_has_not_confirmed_covers_nobody(state: CoverState) -> None:
    assert missing(days("05-01", "06-30", state))[0] == ("jkk", "05-06", "06-07")


def test_who_has_left_needs_no_cover() -> None:
    person = trainee()
    attend(person, note="Mengundurkan diri")
    assert gaps(person, programme()) == [] and not cover.is_due(person)
    assert cover.counts([person, trainee(withdrawn=True)], programme().classes[0], programme())["due"] == 0


def test_of_a_class_those_are_counted_who_have_to_be_covered() -> None:
    people = [
        trainee(covers=[days("05-01", "06-30")]),
        trainee(covers=[days("05-01", "06-30", REQUESTED)]),
        trainee(),
        trainee(withdrawn=True),
    ]
    counted = cover.counts(people, programme().classes[0], programme())
    assert counted == {"class_code": "LAS-1", "due": 3, "covered": 1, "requested": 1}


def test_a_cover_is_asked_for_confirmed_and_cancelled_on_record() -> None:
    person = trainee()
    for state, seen in ((REQUESTED, 0), (ACTIVE, 1), (CANCELLED, 2)):
        wanted = days("05-06", "06-07", state)
        assert record(person, wanted, seen) == Change([], [])
        assert record(person, wanted, seen) is None  # a form that is sent twice
        assert person.covers == [wanted]
    told = [(one.what, one.detail["before"], one.detail["state"]) for one in person.ledger]
    assert told == [
        ("cover_recorded", None, "requested"),
        ("cover_recorded", "requested", "active"),
        ("cover_recorded", "active", "cancelled"),
    ]
    assert gaps(person, programme())[0] == Gap(JKK, FIRST, LAST)


def test_what_one_clerk_records_changes_nothing_that_another_has_got() -> None:
    first, second, wanted = trainee(), trainee(), days("05-06", "06-07", REQUESTED)
    record(first, wanted)
    record(second, wanted)
    record(first, days("05-06", "06-07", ACTIVE))
    assert second.covers == [wanted] and wanted.state is REQUESTED


def test_who_has_not_seen_the_latest_is_told_who_was_there() -> None:
    person = trainee()
    record(person, days("05-06", "06-07"), 0, SIGNED._replace(by="rekan"))
    with pytest.raises(CoverOvertaken) as overtaken:
        record(person, days("05-01", "06-30"), 0)
    assert overtaken.value.by == "rekan" and len(person.covers) == 1
    assert record(person, days("05-06", "06-07"), 0) is None  # both wanted the same


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (days("06-07", "05-06"), "ends_before_it_starts"),
        (days("05-06", "06-07").model_copy(update={"ends": date(2039, 6, 7)}), "cover_too_long"),
        (days("04-01", "05-05"), "cover_outside_training"),
        (days("06-08", "07-01"), "cover_outside_training"),
        (days("05-06", "06-07", CANCELLED), "no_such_cover"),
    ],
)
def test_what_can_not_be_is_refused(wanted: Cover, reason: str) -> None:
    person = trainee()
    with pytest.raises(RowRefused) as refusal:
        record(person, wanted)
    assert [one.reason for one in refusal.value.problems] == [reason] and (person.covers, person.ledger) == ([], [])


def test_who_has_withdrawn_gets_no_cover_but_theirs_can_be_cancelled() -> None:
    person = trainee()
    record(person, days("05-06", "06-07"))
    left = ApplicantWithdrawn(
        applicant_id=person.id, programme_code="LAS-2030", reason="pindah", withdrawn_on=date(2030, 5, 1)
    )
    enrolment.withdraw(person, left, SIGNED)
    with pytest.raises(RowRefused) as refusal:
        record(person, days("05-01", "06-30"))
    assert refusal.value.problems[0].reason == "withdrawn"
    assert record(person, days("05-06", "06-07", CANCELLED)) is not None


def test_what_is_on_record_is_cancelled_also_when_the_training_was_moved_since() -> None:
    early = days("04-01", "05-05")
    person, other = (
        trainee(covers=[early.model_copy()]),
        trainee(covers=[early.model_copy(update={"state": REQUESTED})]),
    )
    assert record(person, days("04-01", "05-05", CANCELLED)) is not None and person.covers[0].state is CANCELLED
    assert record(other, early) is not None


def test_who_asks_for_all_again_takes_nobodys_cover_away() -> None:
    person = trainee()
    record(person, days("05-06", "06-07"))
    with pytest.raises(RowRefused) as refusal:
        record(person, days("05-06", "06-07", REQUESTED), 1)
    assert refusal.value.problems[0].reason == "cover_is_active" and gaps(person, programme()) == []
    record(person, days("05-06", "06-07", CANCELLED))
    assert record(person, days("05-06", "06-07", REQUESTED)) is not None


def test_bpjs_is_asked_once_for_a_day() -> None:
    asked, partly = days("05-06", "06-07", REQUESTED), days("05-06", "05-20", REQUESTED)
    people = [trainee(covers=covers) for covers in ([asked], [partly, days("05-21", "06-30")], [partly], [])]
    assert [bool(cover.not_requested(one, programme())) for one in people] == [False, False, True, True]
    assert [bool(gaps(one, programme())) for one in people] == [True] * 4
    assert cover.counts(people, programme().classes[0], programme())["requested"] == 2


def test_what_bpjs_was_not_asked_for_is_told_by_day() -> None:
    """Days that are requested are not asked for again; those of a cancelled cover are."""
    covers = [
        *(days("05-06", "05-10"), days("05-13", "05-31", REQUESTED, (JKK,)), days("05-20", "06-07", REQUESTED, (JKM,))),
        days("05-01", "06-30", CANCELLED),
    ]
    assert cover.not_requested(trainee(covers=covers), programme()) == [
        Gap(JKK, date(2030, 5, 11), date(2030, 5, 12)),
        Gap(JKK, date(2030, 6, 1), LAST),
        Gap(JKM, date(2030, 5, 11), date(2030, 5, 19)),
    ]


def test_somebody_of_another_class_is_refused() -> None:
    with pytest.raises(RowRefused) as refusal:
        record(trainee(), days("05-06", "06-07"), class_code="LAS-2")
    assert refusal.value.problems[0].reason == "other_class"


def test_who_has_lost_the_place_needs_no_cover_and_what_still_runs_is_to_be_cancelled() -> None:
    person = trainee(class_code=None, outcome=Outcome.RESERVE, covers=[days("05-06", "06-07")])
    assert not cover.is_due(person) and gaps(person, programme()) == []
    assert [cover.is_to_be_cancelled(person, day) for day in (FIRST, LAST, date(2030, 6, 8))] == [True, True, False]
    assert record(person, days("05-06", "06-07", CANCELLED)) is not None
    assert not cover.is_to_be_cancelled(person, FIRST)
    asked = trainee(class_code=None, covers=[days("05-06", "06-07", REQUESTED)])
    assert cover.is_to_be_cancelled(asked, FIRST)
    assert not cover.is_to_be_cancelled(trainee(covers=[days("05-06", "06-07")]), FIRST)


def test_the_last_class_is_known_of_who_has_none_any_more() -> None:
    person = Trainee.model_validate({"_id": "a-1"})
    assert enrolment.last_class(person) is None
    for outcome, class_code in ((Outcome.ACCEPTED, "LAS-1"), (Outcome.ACCEPTED, "LAS-2"), (Outcome.REJECTED, None)):
        enrolment.decide(person, decision(outcome, class_code), SIGNED)
    assert (person.class_code, enrolment.last_class(person)) == (None, "LAS-2")


def test_why_a_cover_is_cancelled_stands_in_the_ledger() -> None:
    person = trainee(covers=[days("05-06", "06-07")])
    cover.record(person, days("05-06", "06-07", CANCELLED), "LAS-1", programme(), SIGNED, 0, "salah bulan")
    assert [one.reason for one in person.ledger] == ["salah bulan"]
