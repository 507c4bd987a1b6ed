"""The fault suite wraps functions of the product: each of them must be where the suite looks for it."""

import pytest

from tests.faults.seams.failpoints import SEAMS, Seam
from tests.faults.seams.wrapping import find


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.name)
def test_the_function_at_a_seam_has_not_moved(seam: Seam) -> None:
    owner, name = find(seam.where)
    assert callable(getattr(owner, name))


def test_a_function_that_has_moved_is_noticed() -> None:
    with pytest.raises(AttributeError):
        find("shared.storage:Documents.moved")
