"""Requests that no client of ours sends: each is answered with a problem document, soon, and with no stack trace."""

import base64
from pathlib import Path

import httpx
import pytest

from tests.fuzz.system import System

PROGRAMME = "/api/v1/programmes/LPKS-2025"
PROBLEM = "application/problem+json"
SOON_S = 10  # generous: what hangs takes minutes
LONG = "9" * 5000  # beyond what Python converts to a number


def expect(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.request.url, answer.status_code, answer.text[:300])
    assert answer.is_success or answer.headers["content-type"] == PROBLEM
    assert "Traceback" not in answer.text


def cursor(inside: str) -> str:
    return base64.urlsafe_b64encode(inside.encode()).decode()


@pytest.mark.parametrize(
    "query",
    [
        f"cursor={cursor(LONG + '.x')}",
        f"cursor={cursor('9' * 400 + '.x')}",
        f"cursor={cursor('9223372036854775808.x')}",
        f"cursor={cursor('-1.x')}",
        f"cursor={cursor('x')}",
        "cursor=%00",
        "cursor=%ed%a0%80",
        "limit=0",
        f"limit={LONG}",
        "stage[$ne]=x&stage=x",
        "reveal=$where",
    ],
)
def test_a_list_refuses_cursors_and_limits_that_are_not_ours(system: System, query: str) -> None:
    expect(system.gateway.get(f"{PROGRAMME}/applicants?{query}"), 422)


@pytest.mark.parametrize("place", [LONG, "9" * 20, "-1", "٣", "1e5", "%00", "first%0aid:%201"])
def test_the_live_feed_refuses_places_that_are_none(system: System, place: str) -> None:
    expect(system.gateway.get(f"/api/v1/events?after={place}"), 422)
    not_a_place = {"Last-Event-ID": LONG}
    expect(system.gateway.get(f"/api/v1/events?after={place}", headers=not_a_place), 422)


@pytest.mark.parametrize(
    "word", ["%2e%2e", "%2e", "%2e%2e%2f%2e%2e", "a%00b", "%ed%a0%80", "$gt", "%0d%0aX: y", "x" * 5000]
)
def test_a_path_leads_nowhere_else(system: System, word: str) -> None:
    programme = "/api/v1/programmes"
    for path in (f"{programme}/{word}", f"{programme}/{word}/classes", f"/api/v1/applicants/{word}"):
        expect(system.gateway.get(path), 404)
    assert system.gateway.get(f"{PROGRAMME}/selection/runs/%2e%2e").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Correlation-Id", "é"),
        ("X-Correlation-Id", "a\tb"),
        ("X-Correlation-Id", "x" * 5000),
        ("Idempotency-Key", "é"),
        ("Idempotency-Key", "x" * 201),
        ("Idempotency-Key", "../{}$"),
        ("Accept-Language", "\xff" * 300),
        ("Authorization", "Bearer \xff\xfe"),
        ("Content-Type", "application/json; charset=utf-16"),
        ("Content-Encoding", "gzip"),
    ],
)
def test_headers_may_hold_anything(system: System, name: str, value: str) -> None:
    headers = {name.encode(): value.encode("latin-1")}
    expect(system.gateway.get(f"{PROGRAMME}/classes", headers=headers), 200, 401, 422)
    expect(system.gateway.post(f"{PROGRAMME}/selection/simulate", headers=headers), 200, 401, 422)
    body = {"cells": {"name": "x"}}
    expect(system.gateway.post(f"{PROGRAMME}/applicants", json=body, headers=headers), 401, 422)


BODIES = [
    rb'{"cells": {"name": "\ud800"}, "name": "\ud800", "reason": "\ud800", "rule": "\ud800", "run_id": "\ud800"}',
    rb'{"cells": {"\ud800": 1}}',
    rb'{"\ud800": 1}',
    rb'{"cells": {"name": "a\u0000b"}, "run_id": "\u0000", "nik": "\u0000"}',
    b'{"cells": {"name": NaN}, "as_of": NaN, "name": Infinity}',
    b'{"cells": {"name": 1e400}, "as_of": 1e400}',
    b'{"cells": {"nik": %s}}' % (b"9" * 400),
    b'{"cells": {"nik": %s}}' % (b"9" * 5000),
    b"[" * 100_000,
    b'{"cells":' * 50_000,
    b'{"cells": {"$gt": ""}, "name": {"$gt": ""}, "nik": {"$ne": null}, "run_id": {"$gt": ""}}',
    b'{"cells": {"a.b": 1, "$where": "1"}}',
    b'{"cells": {"name": {"$gt": ""}}}',
    b'{"as_of": -1e300, "withdrawn_on": 99999999999999999999, "reason": "x"}',
    b"\xff\xfe{}",
    b"null",
    b"[]",
    b'{"name": "' + b"a " * 100_000 + b'"}',
]
POSTS = [
    f"{PROGRAMME}/applicants",
    f"{PROGRAMME}/applicants/search",
    f"{PROGRAMME}/selection/decide",
    f"{PROGRAMME}/matching/run",
    "/api/v1/applicants/x/corrections",
    "/api/v1/applicants/x/overrules",
    "/api/v1/certificates/x/revocation",
    "/api/v1/programmes",
    "/api/v1/users",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_json_may_hold_anything(system: System, body: bytes) -> None:
    for path in POSTS:
        answer = system.gateway.post(path, content=body, headers={"Content-Type": "application/json"}, timeout=SOON_S)
        expect(answer, 200, 400, 404, 409, 413, 422)  # deciding needs no body, so `null` decides


@pytest.mark.parametrize(
    "definition",
    [
        b"a: &a [x, x]\nb: [*a, *a]",
        b"<<: {code: b}",
        b'!!python/object/apply:os.system ["id"]',
        b"a: !!int ''",
        b"a: !!bool x",
        b"a: !!timestamp x",
        b"a: .nan",
        b"a: .inf",
        rb'a: "\ud800"',
        rb'a: "\UFFFFFFFF"',
        b"a: 2001-99-99",
        b"? [a, b]\n: c",
        b"\x00",
        b"[" * 100_000,
        b"- " * 3_000 + b"x",
        b"a: 1" + b":1" * 100_000,
        b"a: 1" + b":1" * 400 + b".5",
        b"a: 0x" + b"f" * 200_000,
        b"a: " + b"9" * 5_000,
        b"- a\n" * 60_000,
    ],
    ids=lambda definition: repr(definition[:30]),
)
def test_yaml_may_hold_anything(system: System, definition: bytes) -> None:
    headers = {"Content-Type": "application/yaml"}
    expect(system.gateway.post("/api/v1/programmes", content=definition, headers=headers, timeout=SOON_S), 422)


def test_a_definition_of_megabytes_is_not_read(system: System) -> None:
    expect(system.gateway.post("/api/v1/programmes", content=b"- a\n" * 400_000, timeout=SOON_S), 413)


def test_the_largest_definition_that_is_accepted_is_still_read(system: System, sample: Path) -> None:
    definition = (sample / "lpks-2025" / "programme.yaml").read_bytes()
    padded = definition + b"#" * ((256 << 10) - len(definition))
    expect(system.gateway.post("/api/v1/programmes", content=padded, timeout=SOON_S), 200)


def test_other_methods_are_refused(system: System) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        expect(system.gateway.request(method, "/api/v1/programmes"), 405)
        expect(system.gateway.request(method, PROGRAMME), 405)
