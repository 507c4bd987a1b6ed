"""How long the pages of staff take at the server, of a programme that is there and of a small one beside it."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks import played
from benchmarks.figures import Figure
from benchmarks.system import Measured
from tests.faults.people import Town

_ROUNDS = 3
_SMALL = 336
_GOAL_MS = 100
_FLOOR = "sign-in, which asks no service"
_LARGE_PAGES = {
    "beranda": "/beranda",
    "program": "/program/{large}",
    "pendaftar": "/program/{large}/pendaftar",
    "pendaftar, refused, by name of the reason": "/program/{large}/pendaftar?tahap=refused&alasan=not_resident",
    "pendaftar, accepted, best first": "/program/{large}/pendaftar?tahap=accepted&urut=-total",
    "one of them": "/pendaftar/{applicant}",
    "nilai": "/program/{large}/nilai",
    "seleksi": "/program/{large}/seleksi",
    "kelas": "/program/{large}/kelas",
    "uji": "/program/{large}/uji",
    "penempatan": "/penempatan",
    "usulan": "/penempatan/usulan?program={large}",
    "penelusuran": "/penempatan/penelusuran?program={large}",
    "impor": "/impor?program={large}",
    "operasi": "/operasi",
    "audit": "/audit",
    "pengguna": "/pengguna",
}
_SMALL_PAGES = {
    "seleksi, one class": "/program/{small}/seleksi/kelas/K1",
    "kelas, one class": "/program/{small}/kelas/K1",
    "uji, one class": "/program/{small}/uji/K1",
}


def asked(stack: Measured, town: Town, code: str, times: int) -> dict[str, list[list[float]]]:
    """The milliseconds that each page took, `times` of each in every round, by its name; the floor's come first."""
    with stack.api as api, tempfile.TemporaryDirectory() as folder:
        sheets = played.written(town, _SMALL, Path(folder))
        played.play(api, sheets, _do)
        one = api.get(f"/programmes/{code}/applicants", params={"limit": 1}).json()["items"][0]
    known = {"large": code, "small": sheets.code, "applicant": one["applicant_id"]}
    paths = {_FLOOR: "/masuk", **_LARGE_PAGES, **_SMALL_PAGES}
    took: dict[str, list[list[float]]] = {name: [] for name in paths}
    account = json.loads(stack.credentials.read_text())
    with httpx.Client(base_url=stack.gateway_url, timeout=60) as client:
        client.post("/masuk", data={"name": account["name"], "password": account["password"]})
        for name, path in paths.items():
            _ask(client, path.format(**known))  # once for nothing: templates are compiled
            for _ in range(_ROUNDS):
                took[name].append([_ask(client, path.format(**known)) for _ in range(times)])
    return took


def figures(took: dict[str, list[list[float]]]) -> list[Figure]:
    """The floor's median, and of each page median and 99th percentile."""
    floor = Figure(f"page: {_FLOOR}, p50", tuple(map(statistics.median, took[_FLOOR])), "ms")
    found = [floor]
    for name, rounds in took.items():
        if name == _FLOOR:
            continue
        found.append(Figure(f"page: {name}, p50", tuple(map(statistics.median, rounds)), "ms", floor))
        slowest = tuple(sorted(one)[int(len(one) * 0.99)] for one in rounds)
        met = statistics.median(slowest) < _GOAL_MS
        found.append(Figure(f"page: {name}, p99", slowest, "ms", None, f"< {_GOAL_MS} ms", met))
    return found


def _do(_: str, do: Callable[[], object]) -> None:
    do()


def _ask(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = 1000 * (time.perf_counter() - began)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return took
