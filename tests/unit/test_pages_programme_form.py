"""A definition as a form and back, and the errors that lead to its fields."""

from pathlib import Path

import pytest
import yaml

from services.gateway.pages import programme_form, words
from services.gateway.pages.programme_form import a_year_later, defined, field_of, filled, with_row, without_row
from services.registration import programme as registration_programme
from services.registration.programme import BadDefinition, parse
from tests.unit.registration_examples import DEFINITION

SAMPLE = Path(__file__).parents[2] / "sample"
SAMPLES = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(SAMPLE.glob("*/programme.yaml"))]


@pytest.mark.parametrize("definition", [*SAMPLES, DEFINITION], ids=lambda one: one["code"])
def test_a_definition_survives_the_form(definition: dict[str, object]) -> None:
    assert parse(defined(filled(definition))) == parse(definition)


def test_every_field_of_a_programme_is_in_the_form() -> None:
    stated = parse(DEFINITION).model_dump()
    stated["retention"] = {"personal_data_months": 12}
    names = {name if not isinstance(part, dict) else f"{name}.{one}" for name, part in stated.items()
             for one in (part if isinstance(part, dict) else [""])}  # fmt: skip
    assert {name for name in names if name != "classes"} == {p for g in programme_form.GROUPS.values() for p in g}
    assert set(stated["classes"][0]) == set(programme_form.CLASS_FIELDS)


def test_what_cannot_be_read_is_refused_at_the_field_where_it_was_typed() -> None:
    form = filled(DEFINITION) | {
        "training.starts": "besok",
        "selection.written_weight": "30 persen",
        "eligibility.minimum_age": "17,5",
        "name": "  ",
        "classes.1.seats": "0",
        "classes.0.code": "las 1",
    }
    with pytest.raises(BadDefinition) as refused:
        parse(defined(form))
    found = {(field_of(one.field), one.reason) for one in refused.value.errors}
    assert found == {
        ("training.starts", "not_a_date"),
        ("selection.written_weight", "not_a_number"),
        ("eligibility.minimum_age", "not_a_whole_number"),
        ("name", "missing"),
        ("classes.1.seats", "too_small"),
        ("classes.0.code", "not_a_code"),
    }


def test_a_decimal_comma_and_percents_are_understood() -> None:
    form = filled(DEFINITION)
    assert (form["selection.written_weight"], form["training.minimum_attendance"]) == ("30", "70")
    form |= {"selection.written_weight": "62,5", "selection.interview_weight": "37.5", "selection.pass_mark": "59,5"}
    selection = parse(defined(form)).selection
    assert (selection.written_weight, selection.interview_weight, selection.pass_mark) == (0.625, 0.375, 59.5)


def test_rows_are_added_removed_and_left_out_when_nothing_is_typed() -> None:
    form = with_row(filled(DEFINITION))
    assert programme_form.rows(form) == [0, 1, 2]
    assert [one["code"] for one in defined(form)["classes"]] == ["LAS-1", "LAS-2"]
    assert [one["code"] for one in defined(without_row(form, 0))["classes"]] == ["LAS-2"]
    assert defined({})["classes"] == []


def test_a_year_later_every_date_and_year_has_moved() -> None:
    later = a_year_later(parse(DEFINITION | {"name": "Las 2026", "code": "LAS-2026"}).model_dump(mode="json"))
    assert (later["code"], later["name"]) == ("LAS-2027", "Las 2027")
    assert (later["registration"]["opens"], later["selection"]["reserve_until"]) == ("2027-01-05", "2027-02-20")
    assert later["classes"] == parse(DEFINITION).model_dump(mode="json")["classes"]
    leap = parse(DEFINITION | {"code": "LAS", "training": {"starts": "2028-02-29", "ends": "2028-03-30"}})
    later = a_year_later(leap.model_dump(mode="json"))
    assert (later["code"], later["training"]["starts"]) == ("", "2029-02-28")


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("registration", "registration.opens"),
        ("classes[2]", "classes.2.code"),
        ("classes[2].wages", "classes.2.code"),
        ("classes", "classes.0.code"),
        ("eligibility.left_handed", "eligibility.resident_of"),
        ("colour", None),
        ("", None),
    ],
)
def test_an_error_about_no_field_leads_to_the_nearest_one(place: str, field: str | None) -> None:
    assert field_of(place) == field


def test_every_reason_for_which_a_definition_is_refused_has_its_words() -> None:
    source = Path(registration_programme.__file__).read_text("utf-8")
    ours = {"not_a_date", "not_a_place", "looks_like_nik", "before_opens", "before_starts", "weights_do_not_add_up"}
    ours |= {"not_unique", "unknown_rule"}
    assert all(f'"{one}"' in source for one in ours)
    for reason in {*registration_programme._REASONS.values(), *ours}:
        assert words.say("definition", reason) != reason
