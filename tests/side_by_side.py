"""What stays together when tests run side by side: a file, and all files that share what takes long to set up.

xdist's own `loadgroup` would need no code, but 3.8 sets an attribute that pytest 9.2 does not have: each test is dealt
out by itself, and nothing says so.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_OF_ONE_SYSTEM = ("tests/browser/", "tests/fuzz/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Together(config, log)


class Together(LoadScopeScheduling):  # type: ignore[misc] # has no types
    """Deals out groups of tests, each to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The folder of a test that shares its system, else its file."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in _OF_ONE_SYSTEM if file.startswith(folder)), file)
