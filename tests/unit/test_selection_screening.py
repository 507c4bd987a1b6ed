"""Each rule of a programme's eligibility gives its reason, and only where the programme asks for it."""

from typing import Any

import pytest

from services.selection.screening import Finding, screen
from shared.contracts.registration import Eligibility
from tests.builders import facts, programme

RULES = programme().eligibility


def test_somebody_who_meets_every_rule_passes() -> None:
    assert screen(RULES, facts(), []) == []


@pytest.mark.parametrize(
    ("fact", "finding"),
    [
        ({"city": "Kabupaten Pekalongan"}, Finding("not_resident", "Kabupaten Pekalongan")),
        ({"age": 17}, Finding("under_age", "17")),
        ({"health_certificate": False}, Finding("not_healthy", "no health certificate")),
        ({"trained_before": True}, Finding("trained_before", "stated")),
        ({"occupation": "employed"}, Finding("employed", "employed")),
        ({"occupation": "studying"}, Finding("studying", "studying")),
        ({"follows_social_media": False}, Finding("no_social_media", "does not follow")),
    ],
)
def test_each_rule_names_its_reason_and_the_fact_it_saw(fact: dict[str, Any], finding: Finding) -> None:
    assert screen(RULES, facts(**fact), []) == [finding]
    assert screen(Eligibility(), facts(**fact), []) == []


def test_self_employment_is_not_employment() -> None:
    assert screen(RULES, facts(occupation="self_employed"), []) == []


def test_a_known_training_counts_whatever_was_stated() -> None:
    assert screen(RULES, facts(), ["Barista (2021)"]) == [Finding("trained_before", "Barista (2021)")]


def test_every_failing_rule_is_recorded_but_those_overruled() -> None:
    somebody = facts(age=15, occupation="studying", follows_social_media=False)
    assert [one.reason for one in screen(RULES, somebody, [])] == ["under_age", "studying", "no_social_media"]
    assert [one.reason for one in screen(RULES, somebody, [], ["studying"])] == ["under_age", "no_social_media"]
