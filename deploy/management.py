"""RabbitMQ's management API, as the operator."""

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

_TIMEOUT_S = 10


class ManagementFailed(Exception):
    """The broker's management API is away, or refuses; the message says which, and names no password."""


class Management:
    """`url` is http(s)://user:password@host:port, `vhost` the one of the system."""

    def __init__(self, url: str, vhost: str = "/") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.username:
            raise ManagementFailed("the management URL must be http://user:password@host:port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        self.vhost = vhost
        self._where = f"{parts.scheme}://{host}{port}"
        self._api = f"{self._where}{parts.path.rstrip('/')}/api"
        self._account = (unquote(parts.username), unquote(parts.password or ""))

    def get(self, *path: str) -> Any:
        """What is there; None when nothing is. Raises ManagementFailed, as all others do."""
        answer = self._call("GET", path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._checked(answer).json()

    def put(self, *path: str, body: Any = None) -> None:
        self._checked(self._call("PUT", path, body or {}))

    def post(self, *path: str, body: Any) -> None:
        self._checked(self._call("POST", path, body))

    def delete(self, *path: str) -> None:
        """Harmless when it is gone already."""
        answer = self._call("DELETE", path)
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._checked(answer)

    def _call(self, method: str, path: tuple[str, ...], body: Any = None) -> httpx.Response:
        url = "/".join([self._api, *(quote(part, safe="") for part in path)])
        try:
            return httpx.request(method, url, json=body, auth=self._account, timeout=_TIMEOUT_S)
        except httpx.TransportError as error:
            raise ManagementFailed(f"the management API at {self._where} does not answer: {error}") from error

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            reason = str(answer.json().get("reason", ""))
        except ValueError:
            reason = ""
        raise ManagementFailed(f"the management API at {self._where} answered {answer.status_code} {reason}".strip())
