"""Traces are kept only where somebody takes them, and whoever takes none holds nobody up."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest

from shared import tracing
from tests.collector import collecting

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    tracing.end()


def handle(traceparent: str | None) -> str | None:
    """What an event that is committed meanwhile carries on."""
    with tracing.handling(traceparent, "selection.applicant_registered.v1", "x:1:1:0"):
        return tracing.traceparent()


def test_nothing_is_traced_where_nobody_takes_it() -> None:
    assert (handle(PARENT), tracing.carried(), tracing.trace_id()) == (None, {}, None)


def test_an_event_goes_on_in_its_trace_and_begins_none() -> None:
    with collecting() as collector:
        tracing.configure("selection", collector.url, 1.0)
        carried = handle(PARENT)
        assert carried is not None and carried.startswith(f"00-{'ab' * 16}-") and carried != PARENT
        assert handle(None) is None
        tracing.end()
        (span,) = collector.spans
    assert (span.service, span.parent) == ("selection", "cd" * 8)


def test_what_is_not_traced_is_not_traced_by_others_either() -> None:
    with collecting() as collector:
        tracing.configure("gateway", collector.url, 0.0)
        with tracing.answering(None):
            assert not int(tracing.carried()["traceparent"][-2:], 16) & 1
            assert (tracing.traceparent(), tracing.trace_id()) == (None, None)
        tracing.end()
        assert collector.spans == []


@pytest.mark.parametrize("hostile", ["", "00-zz", "a" * 100_000, f"00-{'0' * 32}-{'0' * 16}-01"])
def test_a_header_that_is_none_does_no_harm(hostile: str) -> None:
    with collecting() as collector:
        tracing.configure("selection", collector.url, 1.0)
        assert handle(hostile) is not None


def test_an_error_is_named_without_what_it_quotes() -> None:
    with collecting() as collector:
        tracing.configure("selection", collector.url, 1.0)
        with pytest.raises(ValueError, match="Siti"), tracing.handling(PARENT, "q", "id"):
            raise ValueError("Siti Aminah")
        tracing.end()
        assert b"Siti" not in b"".join(collector.raw) and b"ValueError" in b"".join(collector.raw)


def test_a_collector_that_takes_nothing_holds_up_the_end_of_a_process_for_seconds_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing.configure("selection", f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces", 1.0)
        for _ in range(3000):
            handle(PARENT)
        began = time.monotonic()
        tracing.end()
        assert time.monotonic() - began < 8
