"""Traces: the way of a request through every service, over HTTP and over events, sent where a setting says.

Without that setting nothing is done. Spans carry names, routes, ids and outcomes: no path, no
value and no message of an error, any of which may hold what somebody entered.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import context

HEADER = "traceparent"  # W3C trace context; in events `ce-traceparent`, CloudEvents' extension for it

_SEND_EVERY_MS = 1000
_SEND_WITHIN_S = 3.0  # a batch; a collector that is away holds up the end of a process no longer either
_MOST_WAITING = 8192  # spans; beyond that they are dropped

_tracer: Tracer | None = None
_ends: list[Callable[[], None]] = []
_nothing: AbstractContextManager[None] = contextlib.nullcontext()
_headers = TraceContextTextMapPropagator()


def configure(service: str, url: str, share: float) -> None:
    """From now on send this share of all traces to the collector at `url`; without one, none."""
    global _tracer
    if not url:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    exporter = OTLPSpanExporter(url, timeout=_SEND_WITHIN_S)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": service, "service.namespace": "jalur"}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MS, max_queue_size=_MOST_WAITING)
    )
    _tracer = provider.get_tracer("jalur")
    _ends.append(provider.shutdown)


def end() -> None:
    """Send what is left, and trace nothing more. Waits for the collector, a few seconds at most."""
    global _tracer
    _tracer = None
    while _ends:
        # by itself it tries batch after batch, each until its time is over; what a thread leaves over ends with us
        sending = threading.Thread(target=_ends.pop(), daemon=True)
        sending.start()
        sending.join(_SEND_WITHIN_S)


def answering(traceparent: str | None) -> AbstractContextManager[Span | None]:
    """The span of a request that came with this trace; a new trace where there is none."""
    if _tracer is None:
        return _nothing
    return _spanned(_tracer, "HTTP", SpanKind.SERVER, _after(traceparent), {})


def answered(span: Span | None, method: str, route: str, status: str) -> None:
    """What is known of a request at its end."""
    if span is not None:
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "jalur.correlation": context.correlation(),
            }
        )
        if status >= "500":
            span.set_status(Status(StatusCode.ERROR, status))


def handling(traceparent: str | None, queue: str, event_id: str) -> AbstractContextManager[Span | None]:
    """The span of an event's handling in the trace that has caused it; nothing for an event that is not traced."""
    if _tracer is None or traceparent is None:
        return _nothing
    return _spanned(
        _tracer, f"handle {queue}", SpanKind.CONSUMER, _after(traceparent), {"cloudevents.event_id": event_id}
    )


def published(entry: Mapping[str, Any]) -> None:
    """The span of a traced outbox entry's way to the broker, from its commit until now, when it is confirmed."""
    if _tracer is None:
        return
    committed_ns = int(datetime.fromisoformat(entry["time"]).timestamp() * 1e9)
    attributes = {"cloudevents.event_id": entry["id"]}
    span = _tracer.start_span(
        f"publish {entry['key']}", _after(entry["trace"]), SpanKind.PRODUCER, attributes, start_time=committed_ns
    )
    span.end()


def carried() -> dict[str, str]:
    """The headers of a call that belongs to this trace, also where it was decided not to trace it."""
    if _tracer is None:
        return {}
    headers: dict[str, str] = {}
    _headers.inject(headers)
    return headers


def traceparent() -> str | None:
    """What an event carries on that is committed now; None where nothing is traced."""
    return carried().get(HEADER) if trace_id() else None


def trace_id() -> str | None:
    """The id of the trace that this task belongs to, if it is traced."""
    if _tracer is None:
        return None
    current = trace.get_current_span().get_span_context()
    return trace.format_trace_id(current.trace_id) if current.trace_flags.sampled else None


def _after(traceparent: str | None) -> Context:
    return _headers.extract({HEADER: traceparent} if traceparent else {}, Context())


@contextlib.contextmanager
def _spanned(tracer: Tracer, name: str, kind: SpanKind, parent: Context, attributes: dict[str, str]) -> Iterator[Span]:
    with tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            # its text may quote what somebody entered
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
