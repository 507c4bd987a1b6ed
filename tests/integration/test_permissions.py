"""No service can be called without an actor token that was signed for it, and for it alone."""

import importlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from shared import actors
from shared.settings import ServiceSettings
from tests.conftest import ACTOR_KEY, STAFF, Urls

SERVICES = ("registration", "selection", "certification", "placement")
_SECRETS = {"field_keys": f"k1:{'0' * 64}", "person_key": "0" * 64}


def _token(**claims: Any) -> str:
    key = claims.pop("key", ACTOR_KEY)
    valid = {"sub": "petugas", "role": "admin", "aud": "registration", "exp": int(time.time()) + 60}
    return jwt.encode({**valid, **claims}, key, algorithm="HS256")


def _tokens_that_must_not_work(service: str) -> dict[str, str]:
    other = next(name for name in SERVICES if name != service)
    return {
        "signed by somebody else": _token(aud=service, key="another-key-0123456789abcdef0123456789"),
        "for another service": _token(aud=other),
        "expired": _token(aud=service, exp=int(time.time()) - 3600),
        "unsigned": jwt.encode({"sub": "x", "aud": service, "exp": time.time() + 60}, "", algorithm="none"),
        "nonsense": "abc",
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_of_a_service_refuses_whoever_has_no_token_for_it(service: str, servers: Urls) -> None:
    app = _build(service, servers)
    transport = httpx.ASGITransport(app=app)
    paths = {path: methods for path, methods in app.openapi()["paths"].items() if not path.startswith("/health")}
    assert len(paths) > 3
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{service}") as client:
        for path, methods in paths.items():
            for method in methods:
                answer = await client.request(method.upper(), path, json={})
                assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                for why, token in _tokens_that_must_not_work(service).items():
                    headers = {"Authorization": f"Bearer {token}"}
                    answer = await client.request(method.upper(), path, json={}, headers=headers)
                    assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path, why)


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_names_who_acts(service: str) -> None:
    assert actors.verify(ACTOR_KEY, actors.sign(ACTOR_KEY, STAFF, service), service) == STAFF


def _build(service: str, servers: Urls) -> Any:
    settings: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    build: Callable[[ServiceSettings], Any] = importlib.import_module(f"services.{service}.app").build
    given = {"amqp_url": servers.amqp, "mongo_url": servers.mongo, "actor_key": ACTOR_KEY, "db_prefix": "test_none"}
    return build(settings.load(**given, **(_SECRETS if service == "registration" else {})))
