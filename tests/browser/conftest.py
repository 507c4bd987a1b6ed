"""One system with the first sample programme played, and one real Chromium that everybody's windows are opened in."""

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
import yaml
from playwright.sync_api import Browser, expect, sync_playwright

from deploy.local.runner import LocalStack
from tests.browser.office import HOSTILE_NAMES, PASSWORD, PEOPLE, ROLES, Office, Window
from tests.conftest import Urls
from tests.e2e.programme_files import steps
from tests.stack import empty_stack

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (1440, 390)
_PATIENCE_MS = 15_000.0  # many tests may run beside this one
expect.set_options(timeout=_PATIENCE_MS)
# looked at on a phone too whenever tests run; the others only with JALUR_BOTH_WIDTHS=1, as `make browser-test` does,
# for what they do is the same at both widths, and every page of theirs is in the first of these
_ON_A_PHONE_TOO = ("test_every_page.py", "test_public.py", "test_tracer.py", "test_signing_in.py", "pictures.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("JALUR_BOTH_WIDTHS"):
        return
    here = Path(__file__).parent
    left_out = [
        one
        for one in items
        if one.path.parent == here and one.path.name not in _ON_A_PHONE_TOO and f"{WIDTHS[1]}px" in one.name
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [one for one in items if one not in left_out]


@pytest.fixture(scope="package")
def stack(servers: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    if CHROMIUM is None:
        pytest.skip("NO PAGE IS LOOKED AT: there is no Chromium on the PATH")
    with empty_stack(servers, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="package")
def office(stack: LocalStack, sample: Path) -> Office:
    """The sample programme from its definition to the tracer study, an empty one, and an account of each role."""
    credentials = json.loads(stack.credentials.read_text())
    headers = {"Authorization": f"Bearer {credentials['token']}"}
    folder = sample / "lpks-2025"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    with httpx.Client(base_url=f"{stack.gateway_url}/api/v1", headers=headers, timeout=120) as client:
        for step in steps(folder, expected):
            answer = step.send(client)
            assert answer.is_success, (step.name, answer.text)
        definition = yaml.safe_load((folder / "programme.yaml").read_text("utf-8"))
        definition |= {"code": "UJI-1", "name": "Program uji <b>tebal</b>"}
        assert client.post("/programmes", json=definition).is_success
        for role in ROLES:
            assert client.post("/users", json={"name": f"{role}-1", "role": role}).is_success
            assert client.put(f"/users/{role}-1/password", json={"password": PASSWORD}).is_success
    return Office(stack.gateway_url, headers, expected, credentials["name"], credentials["password"])


@pytest.fixture(scope="package")
def chromium(office: Office) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS, *_QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JALUR_SCREENSHOTS names a directory where they stay."""
    named = os.environ.get("JALUR_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def open_window(
    request: pytest.FixtureRequest, chromium: Browser, office: Office, screenshots: Path
) -> Iterator[Callable[..., Window]]:
    """Opens a window of this width, signed in as a role or as nobody. At the end no console has complained."""
    opened: list[Window] = []

    def open_one(role: str | None = None, **settings: Any) -> Window:
        context = chromium.new_context(
            base_url=office.url, viewport={"width": request.param, "height": 900}, locale="id-ID", **settings
        )
        context.set_default_timeout(_PATIENCE_MS)
        if role is not None:
            context.add_cookies(office.session(role))  # type: ignore[arg-type]
        window = Window(context.new_page(), screenshots, request.param, re.sub(r"\W+", "-", request.node.name))
        opened.append(window)
        return window

    yield open_one
    complaints = [one for window in opened for one in window.complaints]
    for window in opened:
        window.page.context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def hostile_sheet(sample: Path) -> Callable[[int], bytes]:
    """A registration sheet for UJI-1, with people of its own for each width: usable ones with hostile names, one under
    age, one who comes twice, one whose NIK is none.
    """
    rows = openpyxl.load_workbook(sample / "lpks-2025" / "pendaftar.xlsx").active.iter_rows(values_only=True)
    heading = next(rows)
    model = dict(zip(heading, next(rows), strict=True))
    nik, name, born = heading[2], heading[1], heading[4]
    assert isinstance(nik, str) and isinstance(name, str) and isinstance(born, str)

    def make(width: int) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(heading)
        # behind an apostrophe, as in the workbooks that we give out: else it is the sheet's own formula
        written_names = [f"'{called}" if called.startswith("=") else called for called in HOSTILE_NAMES]
        people = [model | {name: called, born: "1 Januari 1990"} for called in written_names]
        people.append(model | {name: "Dewi Muda", born: "1 Januari 2010"})
        for number, person in enumerate(people, start=1):
            year = "10" if person[born].endswith("2010") else "90"
            person |= {nik: f"33750101{'01'}{year}{width + number:04}", "Email": None, "Nomor HP (WhatsApp)": None}
            sheet.append(list(person.values()))
        sheet.append(list(people[0].values()))
        sheet.append(list((people[0] | {nik: "12345"}).values()))
        assert len(people) == PEOPLE
        written = io.BytesIO()
        book.save(written)
        return written.getvalue()

    return make
