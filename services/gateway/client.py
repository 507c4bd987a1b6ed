"""The command's way to a running gateway: the same API everybody else uses."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from services.gateway.roles import PREFIX

_TIMEOUT = httpx.Timeout(300, connect=5)
_PAGE = 200


class Unreachable(Exception):
    """No gateway is known or answers."""


class Refused(Exception):
    """The gateway answered with a problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", "unknown problem"))
        self.problem = problem


class Client:
    """One gateway, with somebody's token. Every call raises Refused and Unreachable."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url + PREFIX, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT)

    @classmethod
    def from_environment(cls) -> Self:
        """As JALUR_URL and JALUR_TOKEN say, else the local run's credentials. Raises Unreachable."""
        url, token = os.environ.get("JALUR_URL"), os.environ.get("JALUR_TOKEN")
        if url and token:
            return cls(url.rstrip("/"), token)
        path = Path(os.environ.get("JALUR_HOME") or ".local") / "credentials.json"
        try:
            return cls.from_credentials(path)
        except OSError:
            raise Unreachable(f"set JALUR_URL and JALUR_TOKEN, or run `jalur up` first: there is no {path}") from None

    @classmethod
    def from_credentials(cls, path: Path) -> Self:
        credentials = json.loads(path.read_text())
        return cls(credentials["gateway_url"], credentials["token"])

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self._call("POST", path, json=body)

    def put(self, path: str, body: Any) -> None:
        self._call("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        return self._call("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def define(self, definition: Path) -> dict[str, Any]:
        """Define a programme from a YAML file."""
        content = definition.read_bytes()
        answer: dict[str, Any] = self._call(
            "POST", "/programmes", content=content, headers={"Content-Type": "application/yaml"}
        )
        return answer

    def upload(self, kind: str, sheet: Path, programme: str | None = None) -> dict[str, Any]:
        """Import a sheet; the report."""
        path = f"/programmes/{programme}/imports/{kind}" if programme else f"/imports/{kind}"
        with sheet.open("rb") as file:
            report: dict[str, Any] = self._call("POST", path, files={"file": (sheet.name, file)})
        return report

    def applicants(self, programme: str) -> Iterator[dict[str, Any]]:
        """Everybody in a programme, page by page."""
        query: dict[str, Any] = {"limit": _PAGE}
        while True:
            page = self.get(f"/programmes/{programme}/applicants", **query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def events(self, after: str | None) -> Iterator[dict[str, Any]]:
        """The live feed; it ends when the gateway does."""
        query = {} if after is None else {"after": after}
        for line in self._lines("/events", query):
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))

    def lines(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """What is answered line by line, as JSON, while the gateway works."""
        for line in self._lines(path, query):
            yield json.loads(line)

    def _lines(self, path: str, query: dict[str, Any]) -> Iterator[str]:
        try:
            with self._http.stream("GET", path, params=query, timeout=httpx.Timeout(None, connect=5)) as stream:
                if not stream.is_success:
                    stream.read()
                    raise Refused(_problem(stream))
                yield from stream.iter_lines()
        except httpx.TransportError as error:
            raise Unreachable(f"the gateway at {self.url} does not answer: {error}") from error

    def _call(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise Unreachable(f"the gateway at {self.url} does not answer: {error}") from error
        if not answer.is_success:
            raise Refused(_problem(answer))
        return answer.json() if answer.content else None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        return {"detail": f"the gateway answered {answer.status_code}"}
    return problem
