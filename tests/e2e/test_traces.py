"""One applicant goes all the way, and each of their requests is one trace through every service it reaches."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.cells import JAKARTA
from tests.builders import programme
from tests.collector import Collector, Span, collecting

NIK, NAME = "3375014101000001", "Siti Kusumaningtyas"
TODAY = datetime.now(JAKARTA).date()


@pytest.fixture(scope="module", autouse=True)
def collector() -> Iterator[Collector]:
    """Before the services start, which are told of it."""
    with collecting() as collector, pytest.MonkeyPatch.context() as environment:
        environment.setenv("JALUR_OTLP_URL", collector.url)
        yield collector


def definition() -> dict[str, Any]:
    dates = {
        "registration": {"opens": TODAY - timedelta(days=1), "closes": TODAY + timedelta(days=1)},
        "training": {"starts": TODAY + timedelta(days=10), "ends": TODAY + timedelta(days=20)},
    }
    return programme({"A": 1}, **dates).model_dump(mode="json")


def form() -> dict[str, str]:
    return {
        "name": NAME,
        "nik": NIK,
        "birth_date": "1 Januari 2000",
        "gender": "P",
        "city": "Kota Pekalongan",
        "education": "SMA",
        "choice_1": "Kelas A",
        "willing_to_move": "ya",
        "health_certificate": "ada",
        "trained_before": "belum",
        "occupation": "Ibu rumah tangga",
        "follows_social_media": "ya",
    }


def until(done: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := done()):
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.1)
    return answer


def way_to(span: Span, trace: list[Span]) -> list[tuple[str, str]]:
    """Service and name of what has led to a span, the first first."""
    by_id = {one.id: one for one in trace}
    way = [span]
    while way[0].parent in by_id:
        way.insert(0, by_id[way[0].parent])
    return [(one.service, one.name) for one in way]


def test_one_applicant_end_to_end(collector: Collector, gateway: httpx.Client) -> None:
    code = definition()["code"]
    assert gateway.post("/programmes", json=definition()).status_code == httpx.codes.CREATED

    def asked(path: str, correlation: str, **request: Any) -> tuple[Any, Callable[[str, str], list[Span]]]:
        """The answer, and what waits until a span of its trace has ended; `traceparent` of a stranger is ignored."""
        strangers = {"X-Correlation-Id": correlation, "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
        answer = gateway.post(path, headers=strangers, **request)
        assert answer.is_success, answer.text

        def of_request() -> list[Span]:
            return [one for one in collector.spans if one.attributes.get("jalur.correlation") == correlation]

        def trace_with(service: str, name: str) -> list[Span]:
            (trace_id,) = {one.trace for one in until(of_request)}

            def whole() -> list[Span]:
                # each service sends on its own: what has caused a span may arrive after it
                trace = collector.trace(trace_id)
                rooted = {one.id for one in trace} >= {one.parent for one in trace if one.parent}
                return trace if rooted and (service, name) in {(one.service, one.name) for one in trace} else []

            trace: list[Span] = until(whole)
            return trace

        return answer.json(), trace_with

    registered, trace_with = asked(f"/programmes/{code}/applicants", "formulir-1", json=form())
    trace = trace_with("gateway", "handle gateway.applicant_screened.v1")
    screened = next(one for one in trace if one.name == "handle gateway.applicant_screened.v1")
    assert way_to(screened, trace) == [
        ("gateway", "POST /api/v1/programmes/{code}/applicants"),
        ("registration", "POST /programmes/{code}/applicants"),
        ("selection", "handle selection.applicant_registered.v1"),
        ("gateway", "handle gateway.applicant_screened.v1"),
    ]
    published = next(one for one in trace if one.name == "publish registration.applicant_registered.v1")
    assert way_to(published, trace)[-2][0] == "registration"
    assert published.began < screened.began
    shown = [collector.shown(trace[0].trace)]

    scores = f"NIK;Nilai Tes Tertulis;Nilai Wawancara\n{NIK};82,5;74\n"
    _, trace_with = asked(f"/programmes/{code}/imports/scores", "nilai-1", files={"file": ("nilai.csv", scores)})
    trace = trace_with("gateway", "handle gateway.scores_recorded.v1")
    shown.append(collector.shown(trace[0].trace))
    run, trace_with = asked(f"/programmes/{code}/selection/decide", "pleno-1")
    assert run["counts"]["accepted"] == 1
    trace = trace_with("certification", "handle certification.selection_decided.v1")
    assert {"gateway", "selection", "certification"} <= {one.service for one in trace}
    shown.append(collector.shown(trace[0].trace))
    print("\n\n".join(shown))

    traces = [one.trace for one in collector.spans]
    assert "ab" * 16 not in traces
    sent = b"".join(collector.raw)
    for personal in (NIK, NAME, registered["registration_no"], "Kota Pekalongan"):
        assert personal.encode() not in sent
    assert not [one for one in collector.spans if "/health" in one.name]
