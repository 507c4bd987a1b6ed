"""An event is told to outsiders only if it is what its key says, and may be told at all."""

from typing import Any

import aio_pika
import pytest

from shared import topology
from shared.contracts.placement import JobMatched, PlacementRecorded
from shared.contracts.selection import ApplicantScreened, SelectionDecided
from shared.outsiders import meant_for
from tests.contract.golden_events import GOLDEN, golden
from tests.events import message

KEY = JobMatched.routing_key()
(MATCH,) = (golden(path).event for path in GOLDEN if path.stem.endswith(KEY))


class Delivered:
    """A message of the log, as far as it is looked at."""

    def __init__(self, sent: aio_pika.Message, key: str, exchange: str = topology.outgoing("placement")) -> None:
        self.headers, self.routing_key, self.exchange = sent.headers, key, exchange


def is_meant(delivered: Any, *keys: str) -> bool:
    return meant_for(delivered, keys) is not None


def test_what_its_publisher_sent_under_a_granted_key_is_told() -> None:
    delivered = Delivered(message(MATCH, "a"), KEY)
    assert is_meant(delivered, KEY)
    assert not is_meant(delivered, PlacementRecorded.routing_key())
    assert not is_meant(delivered)


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-type": PlacementRecorded.ce_type()},
        {"ce-type": ApplicantScreened.ce_type()},
        {"ce-type": "jalur.placement.Unknown.v1"},
        {"ce-type": "nonsense"},
        {"ce-sequence": "x"},
    ],
)
def test_what_is_not_what_its_key_says_is_not(headers: dict[str, Any]) -> None:
    assert not is_meant(Delivered(message(MATCH, "a", **headers), KEY), KEY)


def test_what_somebody_else_sent_is_not() -> None:
    assert not is_meant(Delivered(message(MATCH, "a"), KEY, topology.outgoing("selection")), KEY)


def test_what_touches_health_is_not_even_if_it_was_granted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (decided,) = (golden(path).event for path in GOLDEN if path.stem.endswith(SelectionDecided.routing_key()))
    key = SelectionDecided.routing_key()
    delivered = Delivered(message(decided, "a"), key, topology.outgoing("selection"))
    assert not is_meant(delivered, key)
    monkeypatch.setattr(SelectionDecided, "touches_health", False)
    assert is_meant(delivered, key)
