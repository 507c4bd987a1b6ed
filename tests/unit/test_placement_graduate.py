"""Facts about a graduate are absorbed in any order, and tracer answers accumulate wave by wave."""

from collections.abc import Callable
from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement import tracer
from services.placement.graduate import Graduate
from services.placement.match import Match
from shared.cells import Cell
from shared.contracts.certification import CertificateIssued, CertificateRevoked, TrainingCompleted
from shared.contracts.placement import JobMatched, PlacementRecorded, Source, Status
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered, ApplicantWithdrawn
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from shared.judging import Change, RowRefused, RowWaits
from shared.meta import Meta
from tests.unit.certification_examples import programme
from tests.unit.placement_examples import SIGNED

WHO = {"applicant_id": "a-1", "programme_code": "LAS-2030"}
FACTS: dict[str, Any] = {
    "choices": ["LAS-1"],
    "willing_to_move": False,
    "city": "Kota Tegal",
    "age": 20,
    "education": "SMA",
    "gender": "male",
    "occupation": "none",
    "health_certificate": True,
    "trained_before": False,
    "follows_social_media": True,
}


def numbered(sequence: int) -> Meta:
    return Meta(
        id=f"x:{sequence}:0",
        source="/jalur/x",
        type="jalur.x.X.v1",
        subject="a-1",
        time="",
        sequence=sequence,
        n=0,
        correlation_id=None,
        causation_id=None,
    )


def graduate(**fields: Any) -> Graduate:
    """Somebody who completed the training."""
    return Graduate.model_validate({"_id": "a-1", "programme_code": "LAS-2030", "completed": True, **fields})


def issued(**fields: Any) -> CertificateIssued:
    valid = {**WHO, "certificate_id": "c-1", "scheme": "Juru las", "certification_body": "LSP", "verify_code": "X"}
    dates = {"certificate_no": "1", "issued_on": date(2030, 7, 20), "valid_until": date(2033, 7, 20)}
    return CertificateIssued.model_validate({**valid, **dates, **fields})


def test_facts_arrive_in_any_order() -> None:
    registered = ApplicantRegistered.model_validate(
        {**WHO, **FACTS, "registration_no": "1", "person_id": "p", "registered_at": "2030-04-02T08:00:00+07:00"}
    )
    corrected = ApplicantCorrected.model_validate(
        {**WHO, **FACTS, "city": "Kota Batu", "person_id": "p", "previous_person_id": "p", "reason": "KTP baru"}
    )
    decided = SelectionDecided.model_validate(
        {**WHO, "person_id": "p", "outcome": Outcome.ACCEPTED, "stage": Stage.RANKING, "class_code": "LAS-1"}
        | {"total": 71.5, "rule_version": 1}
    )
    trained = TrainingCompleted.model_validate(
        {**WHO, "person_id": "p", "class_code": "LAS-1", "completed": True, "days_present": 20, "days": 20}
    )
    revoked = CertificateRevoked.model_validate({**WHO, "certificate_id": "c-1", "reason": "palsu"})
    absorbs: list[Callable[[Graduate], None]] = [
        lambda one: one.know(registered, numbered(1)),
        lambda one: one.know(corrected, numbered(2)),
        lambda one: one.decide(decided),
        lambda one: one.finish(trained, SIGNED),
        lambda one: one.certify(issued(), numbered(4), SIGNED),
        lambda one: one.revoke(revoked, SIGNED),
    ]
    ends = []
    for order in permutations(absorbs):
        person = Graduate(_id="a-1")
        for absorb in order:
            absorb(person)
        ends.append(person.model_dump(exclude={"ledger"}))
    assert all(end == ends[0] for end in ends)
    assert (ends[0]["city"], ends[0]["class_code"], ends[0]["completed"]) == ("Kota Batu", "LAS-1", True)
    assert ends[0]["certificates"][0]["revoked"]
    assert ends[0]["certificates"][0]["issued_on"] == date(2030, 7, 20)


def test_a_decision_that_no_longer_accepts_takes_the_person_out_of_the_class() -> None:
    person = graduate(class_code="LAS-1", outcome=Outcome.ACCEPTED)
    decided = {**WHO, "person_id": "p", "outcome": Outcome.REJECTED, "stage": Stage.RANKING, "rule_version": 1}
    person.decide(SelectionDecided.model_validate(decided))
    assert person.class_code is None


def test_the_newer_dates_of_a_certificate_stay_when_older_ones_arrive_late() -> None:
    person = graduate()
    person.certify(issued(valid_until=date(2035, 1, 1)), numbered(7), SIGNED)
    person.certify(issued(), numbered(4), SIGNED)
    assert person.certified(date(2034, 1, 1))


@pytest.mark.parametrize(
    ("on", "valid"),
    [
        (date(2030, 7, 19), False),
        (date(2030, 7, 20), True),
        (date(2033, 7, 20), True),
        (date(2033, 7, 21), False),
    ],
)
def test_a_certificate_is_valid_from_its_first_to_its_last_day(on: date, valid: bool) -> None:
    person = graduate()
    person.certify(issued(), numbered(4), SIGNED)
    assert person.certified(on) is valid


def answer(person: Graduate, status: Cell = "Bekerja", wave: Cell = 3.0, **cells: Cell) -> Change | None:
    return tracer.record(
        person, {"wave": wave, "status": status, "employer": None, "started_on": None, **cells}, programme(), SIGNED
    )


def test_an_answer_is_recorded_and_published() -> None:
    person = graduate()
    change = answer(person, "Bekerja", 3.0, employer="CV Maju", started_on="12 Agustus 2030")
    assert change is not None
    assert change.events == [
        PlacementRecorded(
            applicant_id="a-1",
            programme_code="LAS-2030",
            status=Status.EMPLOYED,
            employer="CV Maju",
            started_on=date(2030, 8, 12),
            source=Source.TRACER,
            wave=3,
        )
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("bekerja", Status.EMPLOYED),
        (" WIRAUSAHA ", Status.SELF_EMPLOYED),
        ("Melanjutkan  studi", Status.STUDYING),
        ("Belum bekerja", Status.UNEMPLOYED),
        ("Tidak / Belum Bekerja", Status.UNEMPLOYED),
        ("Wiraswasta", Status.SELF_EMPLOYED),
        ("kuliah", Status.STUDYING),
        ("Tidak dapat dihubungi", Status.UNREACHABLE),
    ],
)
def test_the_words_of_the_sheet_are_understood(word: str, status: Status) -> None:
    person = graduate()
    answer(person, word)
    assert person.status is status


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"status": "Menikah"}, "status", "unknown_status"),
        ({"status": None}, "status", "missing"),
        ({"wave": 4}, "wave", "unknown_wave"),
        ({"wave": None}, "wave", "missing"),
        ({"wave": "tiga"}, "wave", "not_a_number"),
        ({"started_on": "nanti"}, "started_on", "not_a_date"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_naming_its_column(
    cells: dict[str, Cell], column: str, reason: str
) -> None:
    person = graduate()
    row: dict[str, Cell] = {"wave": 3, "status": "Bekerja", **cells}
    with pytest.raises(RowRefused) as refusal:
        tracer.record(person, row, programme(), SIGNED)
    assert [(problem.column, problem.reason) for problem in refusal.value.problems] == [(column, reason)]
    assert person == graduate()


@pytest.mark.parametrize("wave", [6, "6", "6 bulan", "Bulan ke-6"])
def test_waves_are_understood_as_people_write_them(wave: Cell) -> None:
    person = graduate()
    answer(person, wave=wave)
    assert [known.wave for known in person.answers] == [6]


def test_the_same_answer_again_changes_nothing_and_a_correction_keeps_the_first_on_record() -> None:
    person = graduate()
    answer(person, "Bekerja", employer="CV Maju")
    assert answer(person, "BEKERJA", employer="CV  Maju") is None
    assert answer(person, "Wirausaha") is not None
    assert [known.status for known in person.answers] == [Status.SELF_EMPLOYED]
    assert [known.status for known in person.superseded] == [Status.EMPLOYED]


@given(st.lists(st.tuples(st.sampled_from([3, 6, 12]), st.sampled_from(["Bekerja", "Belum bekerja"])), min_size=1))
def test_the_latest_wave_is_the_current_status_whatever_order_answers_come_in(rows: list[tuple[int, str]]) -> None:
    person = graduate()
    taken = sum(answer(person, status, wave) is not None for wave, status in rows)
    latest = max(wave for wave, _ in rows)
    said = [status for wave, status in rows if wave == latest][-1]
    assert person.status is (Status.EMPLOYED if said == "Bekerja" else Status.UNEMPLOYED)
    assert person.placed is (said == "Bekerja")
    assert len(person.answers) + len(person.superseded) == taken


def test_only_graduates_are_followed() -> None:
    with pytest.raises(RowRefused, match="not_a_graduate"):
        answer(graduate(completed=False))
    with pytest.raises(RowRefused, match="not_a_graduate"):
        answer(graduate(completed=None, outcome=Outcome.REJECTED))
    with pytest.raises(RowWaits, match="completion_unknown"):
        answer(graduate(completed=None, outcome=Outcome.ACCEPTED))


def test_somebody_who_withdrew_before_completing_is_no_graduate() -> None:
    person = graduate(completed=None)
    person.withdraw(
        ApplicantWithdrawn.model_validate({**WHO, "reason": "pindah", "withdrawn_on": "2030-05-01"}), SIGNED
    )
    with pytest.raises(RowRefused, match="not_a_graduate"):
        answer(person)


def test_a_file_of_another_programme_is_refused() -> None:
    with pytest.raises(RowRefused, match="other_programme"):
        answer(graduate(programme_code="ELSE"))


MATCH = Match(
    match_id="m-1", run_id="r-1", vacancy_id="v-1", employer="CV Maju", position="Juru las", score=92.5, reasons=["x"]
)


def test_a_graduate_is_proposed_once_whatever_run_says_so() -> None:
    person = graduate()
    matched = person.propose(MATCH, SIGNED)
    assert matched == JobMatched(
        **WHO, match_id="m-1", vacancy_id="v-1", employer="CV Maju", position="Juru las", score=92.5, reasons=["x"]
    )
    assert person.propose(MATCH, SIGNED) is None
    assert person.propose(MATCH.model_copy(update={"run_id": "r-2", "vacancy_id": "v-2"}), SIGNED) is None
    assert person.match == MATCH


def test_nobody_is_proposed_who_found_a_place_while_the_run_was_calculated() -> None:
    person = graduate()
    answer(person, "Bekerja")
    assert person.propose(MATCH, SIGNED) is None
    assert graduate(withdrawn=True).propose(MATCH, SIGNED) is None
