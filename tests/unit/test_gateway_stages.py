"""Where an applicant stands follows from what has been heard of them, in whatever order it arrived."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import funnel, stages
from services.gateway.derive import derive
from services.gateway.readmodel import Applicant
from services.gateway.stages import Awaits, Stage
from shared.contracts.certification import AssessmentRecorded, CertificateIssued, TrainingCompleted
from shared.contracts.placement import JobMatched, MatchAnswered, Party, PlacementRecorded
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered
from shared.contracts.selection import ApplicantScreened, ScoresRecorded, SelectionDecided
from shared.meta import Meta
from tests.builders import facts

WHO: dict[str, Any] = {"applicant_id": "a", "programme_code": "UJI-1"}
Change = Callable[[Applicant], object]


def meta(sequence: int, n: int = 0) -> Meta:
    return Meta(f"x.y:z:{sequence}:{n}", "/jalur/x", "jalur.x.Y.v1", "a", "", sequence, n, None, None)


def registered(**changes: Any) -> Change:
    event = ApplicantRegistered(
        **WHO,
        registration_no="UJI-1-0007",
        person_id="p",
        registered_at=datetime(2030, 1, 1, tzinfo=UTC),
        **facts(**changes).model_dump(),
    )
    return lambda applicant: applicant.registered(event, meta(1))


def screened(passed: bool, sequence: int = 1, *reasons: str) -> Change:
    event = ApplicantScreened(**WHO, passed=passed, reasons=list(reasons), rule_version=1)
    return lambda applicant: applicant.screened(event, meta(sequence))


def scored(total: float | None = 80) -> Change:
    event = ScoresRecorded(**WHO, total=total, absent=total is None)
    return lambda applicant: applicant.scored(event)


def decided(outcome: str, stage: str = "ranking", sequence: int = 3, **changes: Any) -> Change:
    event = SelectionDecided.model_validate(
        {**WHO, "person_id": "p", "outcome": outcome, "stage": stage, "rule_version": 1, **changes}
    )
    return lambda applicant: applicant.decided(event, meta(sequence, 1))


def completed(yes: bool = True) -> Change:
    event = TrainingCompleted(**WHO, person_id="p", class_code="A", completed=yes, days_present=20, days=20)
    return lambda applicant: applicant.trained(event)


def assessed(result: str = "competent", attempt: int = 1, sequence: int = 2) -> Change:
    event = AssessmentRecorded.model_validate(
        {
            **WHO,
            "class_code": "A",
            "scheme": "S",
            "certification_body": "L",
            "attempt": attempt,
            "units": [],
            "result": result,
            "assessed_on": date(2030, 4, attempt),
        }
    )
    return lambda applicant: applicant.assessed(event, meta(sequence))


def certified(certificate_id: str = "c") -> Change:
    event = CertificateIssued(
        **WHO,
        certificate_id=certificate_id,
        scheme="S",
        certification_body="L",
        certificate_no="1",
        issued_on=date(2030, 5, 1),
        valid_until=date(2033, 5, 1),
        verify_code="v",
    )
    return lambda applicant: applicant.certified(event)


def revoked(certificate_id: str = "c") -> Change:
    return lambda applicant: applicant.revoked(certificate_id)


def answered(match_id: str, *, accepted: bool) -> Change:
    party = Party.EMPLOYER
    event = MatchAnswered(**WHO, match_id=match_id, vacancy_id="v", party=party, accepted=accepted, agreed=False)
    return lambda applicant: applicant.answered(event)


def matched() -> Change:
    event = JobMatched(**WHO, match_id="m", vacancy_id="v", employer="E", position="P", score=80, reasons=[])
    return lambda applicant: applicant.matched(event)


def placed(status: str, wave: int | None = 3, sequence: int = 4, source: str = "tracer") -> Change:
    event = PlacementRecorded.model_validate({**WHO, "status": status, "wave": wave, "source": source})
    return lambda applicant: applicant.placed(event, meta(sequence))


def after(*changes: Change) -> Applicant:
    applicant = Applicant.model_validate({"_id": "a"})
    for change in changes:
        change(applicant)
    return applicant


UP_TO_SCORES = (registered(), screened(True), scored())
UP_TO_SEAT = (*UP_TO_SCORES, decided("accepted", class_code="A"))
UP_TO_CERTIFICATE = (*UP_TO_SEAT, completed(), assessed(), certified())


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ([registered()], Stage.REGISTERED),
        ([registered(), screened(True)], Stage.PASSED),
        ([registered(), screened(False, 1, "under_age")], Stage.REFUSED),
        ([registered(), screened(False), decided("rejected", "administration", 1)], Stage.REFUSED),
        ([registered(), decided("rejected", "administration", 1), screened(True, 2)], Stage.PASSED),
        (UP_TO_SCORES, Stage.SCORED),
        ([registered(), screened(True), scored(None)], Stage.PASSED),
        ([*UP_TO_SCORES, decided("reserve")], Stage.RESERVE),
        ([*UP_TO_SCORES, decided("rejected")], Stage.REJECTED),
        (UP_TO_SEAT, Stage.ACCEPTED),
        ([*UP_TO_SEAT, Applicant.withdraws], Stage.WITHDRAWN),
        ([*UP_TO_SEAT, completed()], Stage.COMPLETED),
        ([*UP_TO_SEAT, completed(False)], Stage.DROPPED_OUT),
        ([*UP_TO_SEAT, completed(), assessed("not_yet_competent")], Stage.NOT_YET_COMPETENT),
        ([*UP_TO_SEAT, completed(), assessed("not_yet_competent"), assessed("competent", 2)], Stage.COMPETENT),
        (UP_TO_CERTIFICATE, Stage.CERTIFIED),
        ([*UP_TO_CERTIFICATE, revoked()], Stage.COMPETENT),
        ([*UP_TO_CERTIFICATE, revoked(), certified("d")], Stage.CERTIFIED),
        ([*UP_TO_CERTIFICATE, placed("employed")], Stage.PLACED),
        ([*UP_TO_CERTIFICATE, placed("unemployed")], Stage.CERTIFIED),
        ([*UP_TO_SEAT, completed(), placed("self_employed")], Stage.PLACED),
    ],
)
def test_the_stage_is_the_furthest_reached_or_where_the_way_ended(changes: Iterable[Change], stage: Stage) -> None:
    assert stages.stage(after(*changes)) is stage


def test_nobody_is_counted_before_their_registration_is_known() -> None:
    assert stages.counted_in(after(*UP_TO_CERTIFICATE[1:])) == []


@given(st.permutations(list(UP_TO_CERTIFICATE)))
def test_facts_may_arrive_in_any_order(changes: list[Change]) -> None:
    assert after(*changes) == after(*UP_TO_CERTIFICATE)


@given(st.permutations([assessed("not_yet_competent", 1, 2), assessed("competent", 1, 5), assessed("competent", 2, 4)]))
def test_attempts_accumulate_and_corrections_win_whatever_the_order(changes: list[Change]) -> None:
    attempts = after(*changes).attempts
    assert {number: attempt.result for number, attempt in attempts.items()} == {"1": "competent", "2": "competent"}


def test_a_correction_that_overtakes_the_registration_wins() -> None:
    correction = ApplicantCorrected(
        **WHO, person_id="p2", previous_person_id="p", reason="typo", **facts(choices=["B"]).model_dump()
    )
    applicant = after(lambda one: one.take_facts(correction, "p2", meta(2)), registered(choices=["A"]))
    assert (applicant.choices, applicant.person_id, applicant.registration_no) == (["B"], "p2", "UJI-1-0007")


WAY = [registered(), screened(True), scored(), decided("accepted"), completed(), assessed(), certified(), matched()]
ENDS = [
    *(screened(False, 9), scored(None), decided("rejected"), decided("reserve"), completed(False)),
    *(decided("rejected", "administration"), Applicant.withdraws, revoked(), placed("employed"), placed("unreachable")),
]


@given(st.lists(st.sampled_from([*WAY, *ENDS]), max_size=20))
def test_every_step_counted_comes_with_all_steps_before_it(changes: list[Change]) -> None:
    counts = stages.counted_in(after(registered(), *changes))
    reached = [step in counts for step in stages.WAY]
    assert all(earlier or not later for earlier, later in pairwise(reached))
    ended = {"refused", "reserve", "rejected", "withdrawn"} & set(counts)
    assert len(ended) <= 1
    assert not (ended and "accepted" in counts)
    assert len(counts) == len(set(counts))


def test_whoever_drops_out_or_withdraws_is_no_graduate() -> None:
    dropped = stages.counted_in(after(*UP_TO_CERTIFICATE, placed("employed"), completed(False)))
    assert dropped == ["registered", "passed", "scored", "accepted"]
    gone = stages.counted_in(after(*UP_TO_SEAT, Applicant.withdraws))
    assert gone == ["registered", "passed", "scored", "withdrawn"]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([placed("employed", 3, 4), placed("unemployed", 6, 5)], "unemployed"),
        ([placed("unemployed", 6, 5), placed("employed", 3, 9)], "unemployed"),
        ([placed("employed", 3, 4), placed("unemployed", 3, 6)], "unemployed"),
        ([placed("unemployed", 3, 6), placed("employed", 3, 4)], "unemployed"),
        ([placed("unemployed", 3, 4), placed("employed", None, 5, "employer")], "employed"),
        ([placed("employed", None, 3, "employer"), placed("unemployed", 3, 4)], "unemployed"),
    ],
)
def test_the_latest_wave_says_what_became_of_somebody(answers: list[Change], status: str) -> None:
    current = stages.placement(after(*UP_TO_CERTIFICATE, *answers))
    assert current is not None
    assert current.status == status


def test_silence_and_the_unreachable_are_not_reached() -> None:
    people = [
        after(*UP_TO_CERTIFICATE, placed("employed")),
        after(*UP_TO_CERTIFICATE, placed("unreachable")),
        after(*UP_TO_CERTIFICATE),
    ]
    tallies = Counter(funnel.tally(one) for one in people)
    counted = funnel.assemble({"_id": tally, "people": number} for tally, number in tallies.items())
    assert (counted.completed, counted.reached, counted.not_reached) == (3, 1, 2)
    assert counted.placed == {"employed": 1, "self_employed": 0, "studying": 0, "unemployed": 0, "unreachable": 1}
    assert counted.per_class["A"].model_dump() == {"accepted": 3, "completed": 3, "competent": 3, "certified": 3}


@pytest.mark.parametrize(
    ("known", "awaited"),
    [
        ([], None),
        ([registered()], Awaits.SCREENING),
        ([registered(), screened(False, 1, "under_age")], None),
        ([registered(), screened(True)], Awaits.SCORES),
        ([registered(), screened(True), scored(None)], None),
        ([registered(), screened(True), scored()], None),
        ([registered(), screened(True), Applicant.withdraws], None),
        ([registered(), decided("rejected", "administration", 1), screened(True, 2)], Awaits.SCORES),
        ([registered(), screened(True), scored(), decided("reserve")], None),
        (UP_TO_CERTIFICATE[:-1], Awaits.CERTIFICATE),
        ([*UP_TO_CERTIFICATE[:-1], placed("employed")], Awaits.CERTIFICATE),
        (UP_TO_CERTIFICATE, None),
        ([*UP_TO_CERTIFICATE[:-1], Applicant.withdraws], None),
    ],
)
def test_what_somebody_waits_for(known: list[Change], awaited: Awaits | None) -> None:
    applicant = after(*known)
    assert stages.awaits(applicant) == awaited
    derive(applicant)
    lists = {facet.partition("|")[0] for facet in applicant.facets} & set(Awaits)
    assert lists == ({awaited.value} if awaited else set())
    counted = funnel.assemble([{"_id": applicant.tally, "people": 1}]).awaits
    assert {one for one, people in counted.items() if people} == ({awaited} if awaited else set())


def test_whoever_has_only_refused_proposals_is_not_matched_in_whatever_order_that_is_heard() -> None:
    proposed, refused = matched(), answered("m", accepted=False)
    for heard in ([proposed, refused], [refused, proposed], [proposed, answered("m", accepted=True), refused]):
        assert stages.MATCHED not in stages.counted_in(after(*UP_TO_CERTIFICATE, *heard))
    for heard in ([proposed], [proposed, answered("m", accepted=True)], [proposed, answered("other", accepted=False)]):
        assert stages.MATCHED in stages.counted_in(after(*UP_TO_CERTIFICATE, *heard))
