"""One row of a form or sheet becomes a person and facts, or says what is wrong with it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.cleaning import Cleaned, Unusable, age_on, as_cells, clean
from services.registration.people import initials, masked_name, masked_nik
from services.registration.programme import parse
from shared.cells import Cell
from shared.contracts.registration import Gender, Occupation
from tests.unit.registration_examples import ON, PROGRAMME, ROW, changed


def cleaned(**cells: Cell) -> Cleaned:
    return clean({**ROW, **cells}, PROGRAMME, ON)


def problems(**cells: Cell) -> list[tuple[str | None, str]]:
    with pytest.raises(Unusable) as caught:
        cleaned(**cells)
    return [(problem.column, problem.reason) for problem in caught.value.problems]


def warnings(**cells: Cell) -> list[tuple[str | None, str]]:
    return [(warning.column, warning.reason) for warning in cleaned(**cells).warnings]


def test_a_row_becomes_a_person_and_facts() -> None:
    person, facts = cleaned().person, cleaned().facts
    assert person.name == "Siti Nur AMINAH"
    assert person.nik == "3376014107990012"
    assert person.phone == "+6281234500987"
    assert facts.choices == ["LAS-2"]
    assert facts.city == "Kota Tegal"
    assert facts.age == 26
    assert facts.education == "SMA"
    assert facts.gender is Gender.FEMALE
    assert facts.occupation is Occupation.NONE
    assert facts.health_certificate and not facts.trained_before and not facts.follows_social_media
    assert cleaned().warnings == []


@pytest.mark.parametrize(
    "column",
    [
        *("name", "nik", "birth_date", "gender", "city", "education", "choice_1"),
        *("willing_to_move", "occupation", "health_certificate"),
    ],
)
def test_a_needed_cell_that_is_blank_refuses_the_row(column: str) -> None:
    assert problems(**{column: " "}) == [(column, "missing")]


def test_an_answer_no_rule_asks_for_may_stay_blank() -> None:
    assert cleaned(trained_before=None, follows_social_media="").facts.trained_before is False
    strict = parse(changed("eligibility.never_trained", True))
    with pytest.raises(Unusable):
        clean({**ROW, "trained_before": None}, strict, ON)


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("choice_1", "Menjahit", "unknown_class"),
        ("choice_2", "Menjahit", "unknown_class"),
        ("education", "Akademi Sihir", "unknown_education"),
        ("occupation", "Astronot", "unknown_occupation"),
        ("gender", "?", "unknown_gender"),
        ("birth_date", "31/02/1999", "not_a_date"),
        ("birth_date", 36342, "not_a_date"),
        ("birth_date", "2026-01-11", "impossible_date"),
        ("birth_date", "1901-01-01", "impossible_date"),
        ("willing_to_move", "mungkin", "not_yes_or_no"),
        ("nik", 3376014107990012, "nik_numeric"),
        ("name", "x" * 301, "too_long"),
    ],
)
def test_an_unusable_cell_refuses_the_row(column: str, cell: Cell, reason: str) -> None:
    assert problems(**{column: cell}) == [(column, reason)]


def test_every_bad_cell_is_named_with_its_value() -> None:
    with pytest.raises(Unusable) as caught:
        cleaned(nik="12", education="?", choice_1="?")
    assert [(problem.column, problem.value) for problem in caught.value.problems] == [
        ("nik", "12"),
        ("education", "?"),
        ("choice_1", "?"),
    ]


def test_contact_data_never_refuse() -> None:
    assert warnings(phone="123", email="siti") == [("phone", "phone_unusable"), ("email", "email_unusable")]
    assert cleaned(phone="123").person.phone == "123"
    assert warnings(phone="081234567890") == [("phone", "phone_made_up")]


def test_a_nik_that_disagrees_warns() -> None:
    assert warnings(birth_date="2 Juli 1999", gender="L") == [
        ("nik", "nik_birth_date_differs"),
        ("nik", "nik_gender_differs"),
    ]


def test_a_city_that_could_be_a_regency_warns() -> None:
    assert warnings(city="Tegal") == [("city", "city_or_regency_not_stated")]


def test_choices_keep_their_order_and_count_once() -> None:
    chosen = cleaned(choice_1="LAS-2", choice_2="las lanjut", choice_3="las-1")
    assert chosen.facts.choices == ["LAS-2", "LAS-1"]
    assert [(warning.column, warning.reason) for warning in chosen.warnings] == [("choice_2", "chosen_before")]


@pytest.mark.parametrize(("born", "age"), [("2008-02-16", 18), ("2008-02-17", 17), ("2008-02-29", 17)])
def test_age_is_counted_at_the_training_start(born: str, age: int) -> None:
    assert cleaned(birth_date=born).facts.age == age


def test_somebody_born_on_29_february_grows_older_on_1_march() -> None:
    assert age_on(date(2004, 2, 29), date(2022, 2, 28)) == 17
    assert age_on(date(2004, 2, 29), date(2022, 3, 1)) == 18


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(st.characters(codec="utf-8"), min_size=1),
            "birth_date": st.dates(date(1950, 1, 1), date(2025, 1, 1)).map(str),
            "city": st.text(max_size=30),
            "phone": st.one_of(st.text(max_size=30), st.from_regex(r"\+?[0-9]{5,14}", fullmatch=True)),
            "email": st.one_of(st.text(max_size=30), st.emails()),
            "address": st.text(max_size=30),
            "choice_2": st.sampled_from(["LAS-1", "las lanjut"]),
            "education": st.sampled_from(["D4", "SMA/SMK", "STM"]),
            "occupation": st.sampled_from(["Kuliah", "Buruh pabrik", "Dagang"]),
            "trained_before": st.sampled_from(["ya", "tidak"]),
        },
    )
)
def test_cleaning_what_was_cleaned_changes_nothing(cells: dict[str, Cell]) -> None:
    try:
        first = cleaned(**cells)
    except Unusable:
        return
    again = clean(as_cells(first.person, first.facts), PROGRAMME, ON)
    assert (again.person, again.facts) == (first.person, first.facts)


def test_masks_show_as_little_as_they_should() -> None:
    assert initials("Siti nur Aminah") == "S. N. A."
    assert masked_name("Siti nur Aminah") == "S*** n*** A***"
    assert masked_nik("3376014107990012") == "************0012"
