import pytest
from pydantic import ValidationError

from services.placement.wave import Dates


@pytest.mark.parametrize("name", [[{}], {}, None, " "])
def test_a_name_that_is_no_text_is_refused_and_trips_nothing_up(name: object) -> None:
    with pytest.raises(ValidationError):
        Dates.model_validate({"name": name, "opens_on": "2026-01-01", "closes_on": "2026-02-01"})
