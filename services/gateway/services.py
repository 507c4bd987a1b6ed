"""Calls to the four services over HTTP, in the name of whoever acts."""

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from httpx_aiohttp import AiohttpTransport

from services.gateway.calling import Caller
from services.gateway.kinds import Owner
from services.gateway.settings import Settings
from shared import actors, context, tracing
from shared.context import Actor
from shared.json_lines import NDJSON
from shared.json_lines import lines as lines_of
from shared.problems import Away, Invalid, NotFound, Problem

_LIMITS = httpx.Limits(max_connections=100, keepalive_expiry=4)  # uvicorn ends what is idle for five seconds
_CONNECT_TIMEOUT_S = 2.0
_READINESS_TIMEOUT_S = 8.0  # longer than it takes a service to find out that its database is away
ANSWER_TIMEOUT_S = 20.0
ROWS_TIMEOUT_S = 300.0  # one call may carry a whole sheet
SERVICE_AWAY = "service_away"  # the code of its problem: what it has done of what it was asked is not known
LINE_TIMEOUT_S = 30.0  # between two lines of an answer that takes its time


def at(path: str, **names: str) -> str:
    """A service's path with the caller's own words in it, quoted. Raises NotFound for words that lead elsewhere."""
    if any(value in (".", "..") for value in names.values()):  # a client takes these out of a path, quoted or not
        raise NotFound("not_found", "There is nothing at this address.")
    return path.format(**{name: quote(value, safe="") for name, value in names.items()})


class Refused(Problem):
    """A service's own problem document, passed on as it is."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(code, detail, **extra)
        self.status = status


class Services:
    """Raises Away when a service does not answer, Refused when it answers with a problem."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._key = settings.actor_private_key.get_secret_value()
        self._urls: Mapping[Owner, str] = {
            "registration": settings.registration_url,
            "selection": settings.selection_url,
            "certification": settings.certification_url,
            "placement": settings.placement_url,
        }
        # aiohttp costs a third; but of what the body of a request raises it tells nobody, so rows go without it
        self._client = httpx.AsyncClient(transport=transport or AiohttpTransport(limits=_LIMITS))
        self._streaming = httpx.AsyncClient(transport=transport, limits=_LIMITS)

    def _digest(self, key: str, actor: Actor) -> str:
        """What stands for a client's own key: the same for the same key of the same user, by whatever token, another
        for anybody else's, and not to be read or guessed.
        """
        # neither a name nor a key has a line end in it
        return hmac.digest(self._key.encode(), f"{actor.name}\n{key}".encode(), "sha256").hex()[:32]

    def once(self, caller: Caller, key: str | None) -> Caller:
        """The caller of a command that happens once however often it is sent with this key of the client's own."""
        return replace(caller, idempotency_key=self._digest(key, caller.actor) if key else None)

    async def get(self, service: Owner, path: str, caller: Caller, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
        return await self._call("GET", service, path, caller, timeout_s=timeout_s)

    async def readiness(self, service: Owner) -> dict[str, Any] | None:
        """What a service says of itself, ready or not, and by its clock `date`; None when it does not answer."""
        try:
            answer = await self._client.get(f"{self._urls[service]}/health/ready", timeout=_READINESS_TIMEOUT_S)
            return {**answer.json(), "date": answer.headers.get("date")}
        except (httpx.TransportError, ValueError):
            return None

    async def put(self, service: Owner, path: str, caller: Caller, body: Any) -> Any:
        return await self._call("PUT", service, path, caller, body)

    async def post(
        self,
        service: Owner,
        path: str,
        caller: Caller,
        body: Any = None,
        *,
        key: str | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Any:
        """POST under the caller's Idempotency-Key, or under `key`; the JSON answer."""
        return await self._call("POST", service, path, caller, body, key or caller.idempotency_key, timeout_s)

    async def lines(self, service: Owner, path: str, caller: Caller) -> AsyncGenerator[dict[str, Any]]:
        """GET what a service answers line by line, as JSON, while it works."""
        try:
            async with self._streaming.stream(
                "GET",
                self._urls[service] + path,
                headers=self._headers(service, caller),
                timeout=httpx.Timeout(LINE_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _problem(service, answer)
                async for line in answer.aiter_lines():
                    yield json.loads(line)
        except httpx.TransportError as error:
            raise _away(service) from error

    async def exchange(
        self, service: Owner, path: str, caller: Caller, body: AsyncIterable[bytes], *, key: str
    ) -> AsyncGenerator[Any]:
        """POST JSON lines; the lines of the answer, as they come."""
        headers = self._headers(service, caller) | {"Content-Type": NDJSON, "Idempotency-Key": key}
        try:
            async with self._streaming.stream(
                "POST",
                self._urls[service] + path,
                content=body,
                headers=headers,
                timeout=httpx.Timeout(ROWS_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _problem(service, answer)
                async for line in lines_of(answer.aiter_bytes()):
                    told = orjson.loads(line)
                    if problem := told.get("problem"):  # it came when the answer had begun
                        raise Away(problem["code"], problem["detail"])
                    yield told
        except httpx.TransportError as error:
            raise _away(service) from error

    async def health(self) -> list[dict[str, Any]]:
        """What each service says of its readiness; of one that does not answer, that."""
        said = await asyncio.gather(*map(self.readiness, self._urls))
        return [
            one or {"service": service, "status": "no answer", "checks": {}}
            for service, one in zip(self._urls, said, strict=True)
        ]

    async def close(self) -> None:
        await self._client.aclose()
        await self._streaming.aclose()

    async def _call(
        self,
        method: str,
        service: Owner,
        path: str,
        caller: Caller,
        body: Any = None,
        key: str | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Any:
        headers = self._headers(service, caller)
        if key:
            headers["Idempotency-Key"] = key
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = as_json(body)
        try:
            answer = await self._client.request(
                method,
                self._urls[service] + path,
                content=content,
                headers=headers,
                timeout=httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
            )
        except httpx.TransportError as error:
            raise _away(service) from error
        if answer.is_success:
            return answer.json()
        raise _problem(service, answer)

    def _headers(self, service: Owner, caller: Caller) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {actors.sign(self._key, caller.actor, service)}",
            "X-Correlation-Id": context.correlation(),
            **tracing.carried(),
        }


def _away(service: Owner) -> Away:
    return Away(SERVICE_AWAY, f"The service {service} does not answer at the moment.")


def as_json(body: Any) -> bytes:
    """Strict JSON. Raises Invalid for what it cannot carry: lone surrogates, numbers beyond 64 bits."""
    try:
        return orjson.dumps(body)
    except TypeError:
        raise Invalid("not_storable", "A text or a number in the request cannot be stored.") from None


def _problem(service: Owner, answer: httpx.Response) -> Problem:
    try:
        document = dict(answer.json())
        code, detail = document.pop("code"), document.pop("detail")
    except (ValueError, KeyError, TypeError):
        document, code, detail = {}, "service_failed", f"The service {service} answered {answer.status_code}."
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Away(code if answer.status_code == Away.status else "service_failed", detail)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        # our own token was refused: nothing the client could mend
        return Away("service_failed", f"The service {service} does not accept the gateway.")
    extra = {name: value for name, value in document.items() if name not in ("type", "title", "status")}
    return Refused(answer.status_code, code, detail, **extra)
