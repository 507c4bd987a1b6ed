"""One running system for all tests of this package: they send rubbish, and nothing of it may stay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Urls
from tests.fuzz.system import System, running


@pytest.fixture(scope="package")
def system(servers: Urls, tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[System]:
    """The five services over HTTP, with the first sample programme played."""
    with running(servers, tmp_path_factory.mktemp("spool")) as started:
        started.play(sample)
        yield started
