"""What lists and feeds show of an applicant, and what they keep to themselves."""

from typing import Any

import pytest

from services.gateway import listing
from services.gateway.figures import differences, flat
from services.gateway.masking import without_health
from services.gateway.readmodel import Applicant
from shared.problems import Invalid


def applicant(number: int = 7, **changes: Any) -> Applicant:
    valid = {"_id": f"a{number}", "registration_no": f"U-{number:04}", "number": number, "stage": "refused"}
    screening = {"passed": False, "reasons": ["under_age", "not_healthy"], "order": (1, 0)}
    return Applicant.model_validate({**valid, "programme_code": "U", "screening": screening} | changes)


def test_fields_to_reveal_are_those_there_are() -> None:
    assert listing.fields(None) == []
    assert listing.fields("nik, name") == ["nik", "name"]
    with pytest.raises(Invalid) as refused:
        listing.fields("nik,shoes")
    assert refused.value.extra["errors"] == [{"field": "reveal", "value": "shoes", "reason": "unknown_field"}]


def test_an_item_shows_reasons_and_what_was_revealed() -> None:
    item = listing.item(applicant(), ["Barista (2020)"], {"U", "V"}, {"name": "Siti"}, health=True)
    shown = item.model_dump(mode="json")
    assert (shown["reasons"], shown["accepted_in"]) == (["under_age", "not_healthy"], ["V"])
    assert (shown["name"], shown["trained_in"], shown["registration_no"]) == ("Siti", ["Barista (2020)"], "U-0007")


def test_reasons_that_touch_health_are_left_out_where_the_role_may_not_see_them() -> None:
    assert listing.item(applicant(), [], set(), {}, health=False).reasons == ["under_age"]


def test_health_is_taken_out_wherever_it_stands() -> None:
    told = {
        "facts": {"age": 20, "health_certificate": False},
        "reasons": ["under_age", "not_healthy"],
        "findings": [["not_healthy", "no health certificate"], ["under_age", "17"]],
        "overruled": {"not_healthy": "seen by a doctor", "studying": "no"},
        "ledger": [{"what": "rule_overruled", "detail": {"rule": "not_healthy"}}, {"reason": "not_healthy"}],
    }
    assert without_health(told) == {
        "facts": {"age": 20},
        "reasons": ["under_age"],
        "findings": [["under_age", "17"]],
        "overruled": {"studying": "no"},
        "ledger": [{"what": "rule_overruled", "detail": {}}],
    }


def test_why_somebody_did_what_concerns_health_is_hidden_too() -> None:
    told = [
        {"what": "rule_overruled", "reason": "asthma, mild", "detail": {"rule": "not_healthy"}},
        {"what": "corrected", "reason": "a cough", "detail": {"facts": {"health_certificate": [False, True]}}},
        {"what": "rule_overruled", "reason": "graduated", "detail": {"rule": "studying"}},
    ]
    assert [entry["reason"] for entry in without_health(told)] == ["…", "…", "graduated"]


def test_figures_are_compared_one_by_one() -> None:
    expected = {"registered": 3, "tracer": {"Bekerja": 2}, "refused_per_reason": {}}
    assert differences({"registered": 3, "tracer": {"Bekerja": 2}, "seats": 9}, expected) == []
    assert differences({"registered": 4, "tracer": {}, "refused_per_reason": {"employed": 1}}, expected) == [
        "registered: 4 instead of 3",
        "tracer · Bekerja: 0 instead of 2",
        "refused_per_reason · employed: 1 instead of 0",
    ]
    assert differences({}, {"seats": 2}) == ["seats: not measured instead of 2"]
    assert flat(expected) == {"registered": 3, "tracer · Bekerja": 2}
