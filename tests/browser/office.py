"""Who works in the office, and the windows they look through."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

PASSWORD = "kata sandi yang panjang"
ROLES = ("registrar", "selector", "certifier", "placement", "operator", "viewer")
# a script, a formula, very long, written from right to left, with marks that turn what follows around
HOSTILE_NAMES = (
    "<script>document.title='dibajak'</script>",
    '=HYPERLINK("http://evil.example","klik")',
    "Siti " + "Panjang" * 42,
    "سيتي أمينة",
    "Siti \u202egnarO\u202c Aminah",
)
PEOPLE = len(HOSTILE_NAMES) + 1
MOST_BYTES = 250_000


@dataclass
class Office:
    """Where the system is, and what the sample programme must come to."""

    url: str
    headers: dict[str, str] = field(repr=False)
    expected: dict[str, Any]
    administrator: str
    password: str = field(repr=False)
    _sessions: dict[str, list[dict[str, str]]] = field(default_factory=dict, repr=False)

    def api(self) -> httpx.Client:
        """As the administrator."""
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers, timeout=60)

    def account(self, role: str) -> tuple[str, str]:
        """Name and password."""
        return (self.administrator, self.password) if role == "admin" else (f"{role}-1", PASSWORD)

    def session(self, role: str) -> list[dict[str, str]]:
        """The cookies of somebody of this role who has signed in."""
        if role not in self._sessions:
            name, password = self.account(role)
            with httpx.Client(base_url=self.url, timeout=60) as client:
                assert client.post("/masuk", data={"name": name, "password": password}).status_code == 303
                cookies = [{"name": one.name, "value": str(one.value), "url": self.url} for one in client.cookies.jar]
            self._sessions[role] = cookies
        return self._sessions[role]


class Window:
    """A page in a browser, and what its console complained of."""

    def __init__(self, page: Page, screenshots: Path, width: int, test: str) -> None:
        self.page = page
        self.width = width
        self.complaints: list[str] = []
        self.expected_statuses: set[int] = set()  # the browser writes each failed answer into the console
        self._screenshots = screenshots
        self._test = test
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        expected = any(f"status of {status} " in message.text for status in self.expected_statuses)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def keep(self, name: str) -> None:
        """A screenshot of the whole page."""
        self.page.screenshot(path=self._screenshots / f"{name}-{self.width}.png", full_page=True)

    def judge(self) -> list[str]:
        """What is wrong with the page as it stands: for whom it is unusable, too wide, too heavy."""
        wrong = [
            f"{found['impact']} {found['id']}: {json.dumps([node['html'][:200] for node in found['nodes']][:3])}"
            for found in Axe().run(self.page).response["violations"]
            if found["impact"] in ("serious", "critical")
        ]
        size = self.page.evaluate(_SIZE)
        if size["wide"] > size["seen"]:
            wrong.append(f"{size['wide']} px wide where {size['seen']} are seen")
        if not 1000 < size["bytes"] <= MOST_BYTES:
            wrong.append(f"{size['bytes']} bytes")
        return [f"{self.page.url} at {self.width}: {one}" for one in wrong]


# of the document and of all that it has loaded
_SIZE = """() => ({
  wide: document.documentElement.scrollWidth,
  seen: document.documentElement.clientWidth,
  bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, one) => sum + one.encodedBodySize, 0),
})"""
