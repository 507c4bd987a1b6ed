"""Patches a service from outside, in its own process."""

from pathlib import Path

from tests.faults.seams import clocks, failpoints, protections, shuffling
from tests.faults.seams.control import Controlled


def install(service: str, directory: str) -> None:
    """Lay open the seams of the service that has just been imported in this process."""
    controlled = Controlled(service, Path(directory))
    clocks.install(controlled)
    protections.install(controlled)
    shuffling.install(controlled)
    failpoints.install(controlled)
