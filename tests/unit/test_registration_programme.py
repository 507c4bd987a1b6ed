"""A programme's definition is checked strictly, and every error names its field."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from services.registration.programme import BadDefinition, class_called, parse
from tests.unit.registration_examples import DEFINITION, changed


def errors(definition: object) -> list[tuple[str, str]]:
    with pytest.raises(BadDefinition) as caught:
        parse(definition)
    return [(error.field, error.reason) for error in caught.value.errors]


def test_a_definition_becomes_the_published_programme() -> None:
    programme = parse(DEFINITION)
    assert programme.registration.opens == date(2026, 1, 5)
    assert programme.registration.closes == date(2026, 1, 30)
    assert programme.selection.reserves_per_class == 0
    assert programme.eligibility.never_trained is False
    assert [offer.code for offer in programme.classes] == ["LAS-1", "LAS-2"]


def test_cities_get_the_spelling_that_applicants_cities_get() -> None:
    programme = parse(DEFINITION)
    assert programme.city == programme.eligibility.resident_of == "Kota Tegal"


def test_a_published_programme_is_a_definition_again() -> None:
    programme = parse(DEFINITION)
    assert parse(programme.model_dump(mode="json")) == programme


@pytest.mark.parametrize("folder", ["lpks-2025", "dbhcht-2-2025"])
def test_the_sample_definitions_are_accepted(folder: str) -> None:
    path = Path(__file__).parents[2] / "sample" / folder / "programme.yaml"
    definition = yaml.safe_load(path.read_text())
    assert parse(definition).code == definition["code"]


@pytest.mark.parametrize(
    ("path", "value", "field", "reason"),
    [
        ("eligibility.left_handed", True, "eligibility.left_handed", "unknown_rule"),
        ("colour", "red", "colour", "unknown_field"),
        ("classes.1.room", 5, "classes[1].room", "unknown_field"),
        ("classes.1.seats", 0, "classes[1].seats", "too_small"),
        ("classes.1.seats", -1, "classes[1].seats", "too_small"),
        ("classes.1.seats", 16.5, "classes[1].seats", "not_a_whole_number"),
        ("classes.1.seats", True, "classes[1].seats", "not_a_whole_number"),
        ("classes.1.seats", "16", "classes[1].seats", "not_a_whole_number"),
        ("classes.1.seats", ..., "classes[1].seats", "missing"),
        ("classes.1.name", "  ", "classes[1].name", "missing"),
        ("classes.1.code", "las-1", "classes[1].code", "not_unique"),
        ("classes.1.name", "LAS  DASAR", "classes[1].name", "not_unique"),
        ("classes.1.name", "las-1", "classes[1].name", "not_unique"),
        ("classes.1", "LAS", "classes[1]", "not_an_object"),
        ("classes", [], "classes", "empty"),
        ("classes", "LAS", "classes", "not_a_list"),
        ("code", "LAS 2026", "code", "not_a_code"),
        ("code", "LAS/2026", "code", "not_a_code"),
        ("code", "..", "code", "not_a_code"),
        ("code", 2026, "code", "not_text"),
        ("code", "3376014107990012", "code", "looks_like_nik"),
        ("classes.0.code", "K-3376.0141.0799.0012", "classes[0].code", "looks_like_nik"),
        ("registration.opens", "2026-02-01", "registration.closes", "before_opens"),
        ("registration.opens", "kemarin", "registration.opens", "not_a_date"),
        ("registration.opens", 20260105, "registration.opens", "not_a_date"),
        ("training.ends", "2026-02-01", "training.ends", "before_starts"),
        ("training.minimum_attendance", 70, "training.minimum_attendance", "too_large"),
        ("selection.written_weight", 0.5, "selection.interview_weight", "weights_do_not_add_up"),
        ("selection.written_weight", -0.3, "selection.written_weight", "too_small"),
        ("selection.pass_mark", 101, "selection.pass_mark", "too_large"),
        ("selection.pass_mark", float("nan"), "selection.pass_mark", "too_large"),
        ("selection.reserves_per_class", -1, "selection.reserves_per_class", "too_small"),
        ("selection.reserve_until", "never", "selection.reserve_until", "not_a_date"),
        ("selection.reserve_confirm_days", 0, "selection.reserve_confirm_days", "too_small"),
        ("selection.reserve_confirm_days", 1.5, "selection.reserve_confirm_days", "not_a_whole_number"),
        ("eligibility.healthy", "ya", "eligibility.healthy", "not_true_or_false"),
        ("eligibility.minimum_age", "18", "eligibility.minimum_age", "not_a_whole_number"),
        ("eligibility.resident_of", "kota", "eligibility.resident_of", "not_a_place"),
        ("eligibility", ..., "eligibility", "missing"),
    ],
)
def test_an_error_names_its_field_and_reason(path: str, value: object, field: str, reason: str) -> None:
    assert (field, reason) in errors(changed(path, value))


@pytest.mark.parametrize("definition", [None, [], "code: X", 5])
def test_what_is_no_mapping_is_refused(definition: object) -> None:
    assert errors(definition) == [("", "not_an_object")]


def test_all_errors_are_reported_at_once() -> None:
    definition = changed("classes.0.seats", 0)
    definition["eligibility"]["tall"] = True
    assert {field for field, _ in errors(definition)} == {"classes[0].seats", "eligibility.tall"}


@pytest.mark.parametrize("answer", ["Las lanjut", " LAS  LANJUT ", "las-2", "LasLanjut"])
def test_a_class_is_called_by_name_or_code(answer: str) -> None:
    offer = class_called(parse(DEFINITION), answer)
    assert offer is not None and offer.code == "LAS-2"


@pytest.mark.parametrize("answer", ["", None, "Las", "LAS-3"])
def test_no_class_is_guessed(answer: str | None) -> None:
    assert class_called(parse(DEFINITION), answer) is None
