"""A run's digest stays what it was: runs that were decided before a rule could be given replay still."""

from datetime import datetime

import pytest

from services.selection import alike
from services.selection.run import digest
from tests.builders import candidate, programme


def test_a_rule_that_is_not_given_changes_no_digest() -> None:
    people = [candidate(1), candidate(2, None)]
    before = "d4264165c2580c33f0a507aca9b8361b9a2cd81d5f66834d6d027af01dc97471"  # as it was without the rule
    assert digest(programme(), people) == before
    rule = {**programme().selection.model_dump(), "reserve_confirm_days": 3}
    assert digest(programme(selection=rule), people) != before


@pytest.mark.parametrize("written", ["2025-07-01T08:00:00+07:00", "2025-07-01T01:00:00.250000+00:00"])
def test_moments_share_their_zone_and_are_written_as_before(written: str) -> None:
    one, other = (alike.moment(datetime.fromisoformat(written)) for _ in range(2))
    assert one.isoformat() == written
    assert one.tzinfo is other.tzinfo
