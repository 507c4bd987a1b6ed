"""A gateway with real servers and nobody behind it, and people who call it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from services.gateway import passwords
from services.gateway.app import build
from services.gateway.settings import Settings
from shared.storage import Storage
from tests.serving import served

TOKEN = "token-of-the-first-administrator"
PASSWORD = "kata sandi yang panjang"
API = "/api/v1"


def nobody_there(request: httpx.Request) -> httpx.Response:
    """What any of the four services answers here."""
    return httpx.Response(
        404, json={"code": "unknown_here", "detail": "not here", "status": 404, "title": "", "type": ""}
    )


class Alone:
    """Starts gateways on one database; each stops on leaving."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.answers = nobody_there  # what the four services answer
        self.app: FastAPI | None = None

    @contextlib.asynccontextmanager
    async def gateway(self, **settings: Any) -> AsyncIterator[str]:
        """A gateway's URL."""
        app = build(
            self.settings.model_copy(update=settings), httpx.MockTransport(lambda request: self.answers(request))
        )
        self.app = app
        async with served(app) as url:
            yield url

    @property
    def storage(self) -> Storage:
        assert self.app is not None
        storage: Storage = self.app.state.gateway.store.users.documents._storage
        return storage

    def collection(self, name: str) -> Any:
        return self.storage.collection(name)


@pytest.fixture
def alone(settings_for: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Alone:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    return Alone(settings_for(Settings, spool_dir=tmp_path / "spool", admin_password=PASSWORD, admin_token=TOKEN))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def administrator(url: str) -> httpx.AsyncClient:
    """With the first administrator's token."""
    return httpx.AsyncClient(base_url=url + API, headers=bearer(TOKEN), timeout=30)


def browser(url: str, **headers: str) -> httpx.AsyncClient:
    """Keeps cookies, as a browser does."""
    return httpx.AsyncClient(base_url=url + API, headers=headers, timeout=30)


async def sign_in(client: httpx.AsyncClient, name: str = "admin", password: str = PASSWORD) -> httpx.Response:
    """Signs in, and from then on shows the session's token as our pages do."""
    answer = await client.post("/session", json={"name": name, "password": password})
    if answer.is_success:
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer


async def user(url: str, name: str, role: str, password: str | None = None) -> str:
    """A new user's token."""
    async with administrator(url) as admin:
        added = await admin.post("/users", json={"name": name, "role": role})
        assert added.status_code == httpx.codes.CREATED, added.text
        if password is not None:
            assert (await admin.put(f"/users/{name}/password", json={"password": password})).is_success
    return str(added.json()["token"])


async def raw(url: str, request: bytes) -> int:
    """The status of the answer to these very bytes; a client would tidy them up first."""
    parsed = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parsed.host, parsed.port)
    writer.write(request)
    line = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    return int(line.split()[1]) if line else 0


def told(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and code."""
    return answer.status_code, answer.json().get("code") if answer.content else None
