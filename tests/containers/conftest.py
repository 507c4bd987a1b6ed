"""Says loudly when the containers are not tried: a run without them proves nothing about the deployment."""

from collections.abc import Iterator

import pytest

from tests.containers.composed import Composed, why_not
from tests.containers.protocol import Protocol

_NOT_TRIED = pytest.StashKey[str]()
_DONE = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def docker(pytestconfig: pytest.Config) -> None:
    """Skips whoever asks for it where the system cannot be composed."""
    reason = why_not()
    if reason is not None:
        pytestconfig.stash[_NOT_TRIED] = reason
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if done := config.stash.get(_DONE, None):
        terminalreporter.section("containers")
        terminalreporter.write_line(done)
    reason = config.stash.get(_NOT_TRIED, None)
    if reason is not None:
        terminalreporter.section("THE CONTAINERS WERE NOT TRIED", red=True, bold=True)
        terminalreporter.write_line(
            f"Nothing in tests/containers has run, because {reason}: the deployment with docker compose is untested."
        )


@pytest.fixture(scope="module")
def composed(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """A deployment whose image and secrets are yet to be made; removed at the end."""
    system = Composed(tmp_path_factory.mktemp("composed"))
    try:
        yield system
    finally:
        system.remove()


@pytest.fixture(scope="module")
def protocol(pytestconfig: pytest.Config) -> Iterator[Protocol]:
    """What was done and seen, printed at the end of the run."""
    written = Protocol()
    yield written
    pytestconfig.stash[_DONE] = str(written)
