"""A client that wants each command to happen, whatever becomes of the servers: it repeats under the same key."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

# conflicts that say "in a moment"
_AGAIN = frozenset({"not_caught_up", "matching_busy", "matching_interrupted", "not_decided", "inputs_changed"})
_PAUSE_S = 0.3
_ERRORS_REPEATED = 20
# what there was to change is not there any more, a token is shown once, the audit has gone on
_MOVING = frozenset({"changed", "token", "audit_head"})


class GaveUp(Exception):
    """A command did not happen in all the time there was."""


class Client:
    """Speaks to all gateways in turn. Everything that no client should ever see is noted in `problems`.

    `accepted` are the moments at which commands were answered with success, `statuses` counts every answer,
    `longest_refusal_s` is the slowest 503. With `twice` every command that has happened is sent once more under its
    key, as by somebody whom the first answer never reached.
    """

    def __init__(self, gateways: list[str], token: str, patience_s: float, *, twice: bool = False) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self._clients = [
            httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, limits=httpx.Limits(max_connections=50))
            for url in gateways
        ]
        self._turn = 0
        self._twice = twice
        self.patience_s = patience_s
        self.problems: list[str] = []
        self.accepted: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.longest_refusal_s = 0.0

    async def close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients))

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        file: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 15,
    ) -> Any:
        """The answer of a command that has happened. Repeats it under one key until then; raises GaveUp."""
        given = {"Idempotency-Key": uuid.uuid4().hex, **(headers or {})}
        request: dict[str, Any] = {"headers": given}
        if file is not None:
            request["files"] = {"file": ("berkas.csv", file)}
        elif body is not None:
            request["json"] = body
        answer = await self._insist("POST", path, timeout_s, request)
        self.accepted.append(time.monotonic())
        if self._twice:
            again = await self._insist("POST", path, timeout_s, request)
            first, second = _essence(answer.json()), _essence(again.json())
            if first != second:
                self.problems.append(f"{path}: repeated under one key it answers {second}, first {first}")
        return answer.json()

    async def get(self, path: str, **query: Any) -> Any:
        return (await self._insist("GET", path, 15, {"params": query})).json()

    async def _insist(self, method: str, path: str, timeout_s: float, request: dict[str, Any]) -> httpx.Response:
        deadline = time.monotonic() + self.patience_s
        last, errors = "", 0
        while time.monotonic() < deadline:
            self._turn += 1
            client = self._clients[self._turn % len(self._clients)]
            begun = time.monotonic()
            try:
                answer = await client.request(method, path, timeout=httpx.Timeout(timeout_s, connect=3), **request)
            except httpx.TransportError as error:
                last = type(error).__name__
                self.statuses[last] += 1
            else:
                self.statuses[str(answer.status_code)] += 1
                if answer.is_success:
                    return answer
                last = answer.text[:300]
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    self.longest_refusal_s = max(self.longest_refusal_s, time.monotonic() - begun)
                    if "retry-after" not in answer.headers:
                        self.problems.append(f"503 without Retry-After: {method} {path}")
                elif answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] in _AGAIN:
                    pass
                else:
                    errors += 1
                    self.problems.append(f"{answer.status_code} {method} {path}: {last}")
                    if errors > _ERRORS_REPEATED:
                        break
            await asyncio.sleep(_PAUSE_S)
        raise GaveUp(f"{method} {path}: {last}")


def _essence(answer: Any) -> Any:
    """What a repeated command must answer again: of a report its rows, whether they were new or known by now."""
    if not isinstance(answer, dict):
        return answer
    if "duplicates" in answer:
        return {"rows": answer["rows"], "in": answer["accepted"] + answer["duplicates"]}
    return {key: value for key, value in answer.items() if key not in _MOVING}
