"""A run's digest stays what it was: runs that were decided before a rule could be given replay still."""

from services.selection.run import digest
from tests.builders import candidate, programme


def test_a_rule_that_is_not_given_changes_no_digest() -> None:
    people = [candidate(1), candidate(2, None)]
    before = "d4264165c2580c33f0a507aca9b8361b9a2cd81d5f66834d6d027af01dc97471"  # as it was without the rule
    assert digest(programme(), people) == before
    rule = {**programme().selection.model_dump(), "reserve_confirm_days": 3}
    assert digest(programme(selection=rule), people) != before
