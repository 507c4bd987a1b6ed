"""What this process tells Prometheus. Names, routes, queues and outcomes only: nothing of a person, and few of each."""

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Outcome = Literal["handled", "retried", "parked"]

CONTENT_TYPE = CONTENT_TYPE_LATEST

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_ANSWERS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DELAYS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_IMPORTS_S = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)

# ---- events

_handled = Counter(
    "jalur_events",
    "Events that came through a queue, by what became of them: handled, retried (sent up the ladder) or parked.",
    ["queue", "outcome"],
    registry=REGISTRY,
)
_handling = Histogram(
    "jalur_event_handling_seconds",
    "From the arrival of a batch of events until all of it has had its effect; a batch is one to 150 of a queue.",
    ["queue"],
    registry=REGISTRY,
    buckets=_ANSWERS_S,
)
_delay = Histogram(
    "jalur_event_delay_seconds",
    "From an event's commit at its publisher until its effect here; of each batch the event that came first.",
    ["queue"],
    registry=REGISTRY,
    buckets=_DELAYS_S,
)
published = Counter("jalur_published", "Events that the broker has confirmed.", registry=REGISTRY)
held_up = Counter(
    "jalur_held_up",
    "How often the events of a document had to stay in its outbox: returned, refused or not confirmed.",
    registry=REGISTRY,
)
waiting = Gauge("jalur_queue_messages", "Messages that wait in a queue of this service.", ["queue"], registry=REGISTRY)
parked = Gauge("jalur_parked_messages", "Messages that are parked, by their queue.", ["queue"], registry=REGISTRY)

# ---- the service, as of the moment it is asked

ready = Gauge("jalur_ready", "1 when the service says that it is ready.", registry=REGISTRY)
catching_up = Gauge("jalur_catching_up", "1 while it makes good what a queue did not bring.", registry=REGISTRY)
outbox_age = Gauge("jalur_outbox_oldest_seconds", "The age of the oldest entry in an outbox.", registry=REGISTRY)
outbox_length = Gauge("jalur_outbox_documents", "Documents whose outbox holds something.", registry=REGISTRY)
stuck = Gauge("jalur_stuck_documents", "Documents with an event that cannot be published.", registry=REGISTRY)

# ---- HTTP

answers = Counter("jalur_http_requests", "Answers.", ["method", "route", "status"], registry=REGISTRY)
answering = Histogram(
    "jalur_http_request_seconds",
    "From a request's head until its answer begins.",
    ["method", "route"],
    registry=REGISTRY,
    buckets=_ANSWERS_S,
)

# ---- imports (the gateway)

import_rows = Counter("jalur_import_rows", "Rows of sheets, by verdict.", ["kind", "verdict"], registry=REGISTRY)
importing = Histogram(
    "jalur_import_seconds", "Sheets, read and judged.", ["kind"], registry=REGISTRY, buckets=_IMPORTS_S
)


def batch_handled(queue: str, outcomes: Iterable[object], seconds: float, age_s: float | None) -> None:
    """One batch of a queue. `age_s` is how long ago its first event happened, if that is known."""
    for outcome, count in Tally(outcomes).items():
        if isinstance(outcome, str):
            _handled.labels(queue, outcome).inc(count)
    _handling.labels(queue).observe(seconds)
    if age_s is not None:
        _delay.labels(queue).observe(age_s)


def exposed() -> bytes:
    """Everything, in Prometheus's text format."""
    return generate_latest(REGISTRY)
