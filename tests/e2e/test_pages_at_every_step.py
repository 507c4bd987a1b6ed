"""Each page of staff answers at every step of a programme, not only at its end."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

from deploy.local.runner import LocalStack
from services.gateway.stages import Stage
from tests.browser.test_every_page import STAFF
from tests.e2e.programme_files import steps

_FINE = {"200", "404"}


def test_no_page_fails_on_the_way(stack: LocalStack, gateway: httpx.Client, sample: Path) -> None:
    folder = sample / "lpks-2025"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    account = json.loads(stack.credentials.read_text())
    wrong = []
    with httpx.Client(base_url=stack.gateway_url, timeout=60) as window:
        signed_in = window.post("/masuk", data={"name": account["name"], "password": account["password"]})
        assert signed_in.status_code == httpx.codes.SEE_OTHER
        for step in [None, *steps(folder, expected)]:
            if step is not None:
                assert step.send(gateway).is_success
            after = step.name if step else "nothing"
            answers = ((path, _told(window, path)) for path in _pages(gateway))
            wrong += [f"after {after}: {path} answers {told}" for path, told in answers if told not in _FINE]
    assert wrong == []


def _told(window: httpx.Client, path: str) -> str:
    try:
        return str(window.get(path).status_code)
    except httpx.TransportError as error:  # a failure may end the connection as well
        return repr(error)


def _pages(gateway: httpx.Client) -> Iterator[str]:
    """Those with an address of their own, then a few classes, then somebody of each stage."""
    yield from STAFF.values()
    programme = gateway.get("/programmes/LPKS-2025")
    if programme.status_code == httpx.codes.NOT_FOUND:
        return
    for offer in programme.json()["classes"][::5]:
        for what in ("seleksi/kelas", "kelas", "uji"):
            yield f"/program/LPKS-2025/{what}/{offer['code']}"
    for stage in Stage:
        found = gateway.get("/programmes/LPKS-2025/applicants", params={"stage": stage.value, "limit": 1})
        for one in found.raise_for_status().json()["items"]:
            yield f"/pendaftar/{one['applicant_id']}"
            yield f"/uji/{one['applicant_id']}"
