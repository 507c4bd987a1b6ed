"""A collector of traces: takes OTLP over HTTP, as any tracing system does, and keeps the spans."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Span(NamedTuple):
    """Times are seconds since the epoch; `parent` is empty for the first span of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: float
    ended: float
    attributes: dict[str, str]


class Collector:
    """`url` is what services are told; `raw` is everything that was sent, as it came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.raw: list[bytes] = []
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = (one.value.string_value for one in resource.resource.attributes if one.key == "service.name")
            for span in (one for scope in resource.scope_spans for one in scope.spans):
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                times = (span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9)
                attributes = {one.key: one.value.string_value for one in span.attributes}
                self.spans.append(Span(service, span.name, *ids, *times, attributes))

    def trace(self, trace_id: str) -> list[Span]:
        return sorted((one for one in self.spans if one.trace == trace_id), key=lambda one: one.began)

    def shown(self, trace_id: str) -> str:
        """A trace as text: who caused what, when it began and how long it took, in milliseconds."""
        spans = self.trace(trace_id)
        lines: list[str] = []

        def tell(span: Span, depth: int) -> None:
            at, took = (span.began - spans[0].began) * 1000, (span.ended - span.began) * 1000
            label = f"{'  ' * depth}{span.service:<{15}}{span.name}"
            lines.append(f"{label:<78}{at:>7.0f}{took:>7.0f}")
            for child in (one for one in spans if one.parent == span.id):
                tell(child, depth + 1)

        for first in (one for one in spans if one.parent not in {other.id for other in spans}):
            tell(first, 0)
        return "\n".join(lines)


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()
