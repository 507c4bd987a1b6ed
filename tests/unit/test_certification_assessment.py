"""A trainee is competent when every unit is, and every result stays on record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.certification.trainee import Trainee
from shared.cells import Cell
from shared.contracts.certification import AssessmentRecorded, Result
from shared.judging import Change, RowRefused
from tests.unit.certification_examples import FIRST_DAY, SECOND_DAY, THIRD_DAY, assess, attend, certify, trainee


def recorded(change: Change | None) -> AssessmentRecorded:
    assert change is not None
    [event] = change.events
    assert isinstance(event, AssessmentRecorded)
    return event


def results(person: Trainee) -> list[Result]:
    return [attempt.result for attempt in person.attempts]


@given(units=st.lists(st.sampled_from(["K", "BK", "k", "bk"]), min_size=1, max_size=6))
def test_competent_only_when_every_unit_is(units: list[str]) -> None:
    event = recorded(assess(trainee(), " ".join(units)))
    assert (event.result is Result.COMPETENT) == all(unit in "Kk" for unit in units)
    assert [unit.competent for unit in event.units] == [unit in "Kk" for unit in units]


def test_the_body_and_scheme_are_those_of_the_class_and_units_keep_their_heading() -> None:
    event = recorded(assess(trainee(), "K K", scheme="JURU  LAS"))
    assert (event.scheme, event.certification_body, event.attempt) == ("Juru las", "LSP Logam", 1)
    assert [unit.code for unit in event.units] == ["U.1", "U.2"]


def test_words_are_understood_as_well_as_letters() -> None:
    person = trainee()
    assess(person, cells={"unit:A": "Kompeten", "unit:B": " belum  kompeten "})
    assert [unit.competent for unit in person.attempts[0].units if unit.code in "AB"] == [True, False]


@pytest.mark.parametrize(
    ("units", "recommendation", "warnings"),
    [
        ("K K", "K", []),
        ("K K", None, []),
        ("K BK", "Belum Kompeten", []),
        ("K BK", "K", ["units_differ"]),
        ("K K", "BK", ["units_differ"]),
        ("K K", "banding", ["not_k_or_bk"]),
    ],
)
def test_the_units_win_over_the_recommendation(units: str, recommendation: Cell, warnings: list[str]) -> None:
    person = trainee()
    change = assess(person, units, recommendation=recommendation)
    assert change is not None
    assert [warning.reason for warning in change.warnings] == warnings
    assert results(person) == [Result.NOT_YET_COMPETENT if "BK" in units else Result.COMPETENT]


@pytest.mark.parametrize(
    ("units", "cells", "column", "reason"),
    [
        ("K x K", {}, "unit:U.2", "not_k_or_bk"),
        ("K", {"unit:U.9": None}, "unit:U.9", "missing"),
        ("", {}, None, "no_units"),
        ("K", {"scheme": "Juru las bawah air"}, "scheme", "other_scheme"),
        ("K", {"scheme": " "}, "scheme", "missing"),
        ("K", {"assessed_on": "kemarin"}, "assessed_on", "not_a_date"),
        ("K", {"assessed_on": 45000}, "assessed_on", "not_a_date"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_naming_its_column(
    units: str, cells: dict[str, Cell], column: str | None, reason: str
) -> None:
    person = trainee()
    with pytest.raises(RowRefused) as refusal:
        assess(person, units, cells)
    assert [(problem.column, problem.reason) for problem in refusal.value.problems] == [(column, reason)]
    assert person == trainee()


def test_a_later_date_is_the_next_attempt() -> None:
    person = trainee()
    assess(person, "K BK", assessed_on=FIRST_DAY)
    event = recorded(assess(person, "K K", assessed_on=SECOND_DAY))
    assert event.attempt == 2
    assert results(person) == [Result.NOT_YET_COMPETENT, Result.COMPETENT]


@pytest.mark.parametrize("day", [FIRST_DAY, SECOND_DAY])
def test_the_same_result_again_changes_nothing_whichever_attempt_it_is(day: str) -> None:
    person = trainee()
    assess(person, "K BK", assessed_on=FIRST_DAY)
    assess(person, "K BK", assessed_on=SECOND_DAY)
    before = person.model_copy(deep=True)
    assert assess(person, "K BK", assessed_on=day) is None
    assert person == before


def test_another_result_on_the_same_day_corrects_that_attempt_and_the_first_stays_on_record() -> None:
    person = trainee()
    assess(person, "K BK")
    event = recorded(assess(person, "K K"))
    assert (event.attempt, event.result) == (1, Result.COMPETENT)
    assert results(person) == [Result.COMPETENT]
    assert [attempt.result for attempt in person.superseded] == [Result.NOT_YET_COMPETENT]
    assert person.ledger[-1].what == "assessment_corrected"


def test_a_result_older_than_the_last_that_is_not_known_is_refused() -> None:
    person = trainee()
    assess(person, "BK", assessed_on=FIRST_DAY)
    assess(person, "BK", assessed_on=THIRD_DAY)
    with pytest.raises(RowRefused, match="older_than_last"):
        assess(person, "K", assessed_on=SECOND_DAY)


def test_nobody_competent_is_assessed_again() -> None:
    person = trainee()
    assess(person, "K", assessed_on=FIRST_DAY)
    with pytest.raises(RowRefused, match="already_competent"):
        assess(person, "K", assessed_on=SECOND_DAY)


def test_nobody_who_dropped_out_is_assessed() -> None:
    person = trainee()
    attend(person, note="Mengundurkan diri")
    with pytest.raises(RowRefused, match="did_not_complete"):
        assess(person)


def test_a_correction_that_takes_competence_away_warns_of_the_certificate() -> None:
    person = trainee()
    assess(person, "K")
    certify(person)
    change = assess(person, "BK")
    assert change is not None
    assert [warning.reason for warning in change.warnings] == ["certificate_stands"]


@given(
    rows=st.lists(st.tuples(st.sampled_from([FIRST_DAY, SECOND_DAY, THIRD_DAY]), st.sampled_from(["K", "BK"]))),
)
def test_attempts_are_numbered_by_date_whatever_order_the_rows_come_in(rows: list[tuple[str, str]]) -> None:
    person = trainee()
    taken = 0
    for day, units in rows:
        try:
            taken += assess(person, units, assessed_on=day) is not None
        except RowRefused:
            continue
    days = [attempt.assessed_on for attempt in person.attempts]
    assert days == sorted(set(days))
    assert [attempt.attempt for attempt in person.attempts] == list(range(1, len(days) + 1))
    assert len(person.attempts) + len(person.superseded) == taken
