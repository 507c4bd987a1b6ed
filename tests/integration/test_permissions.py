"""No service can be called without an actor token that was signed for it, and for it alone."""

import importlib
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from fastapi.routing import iter_route_contexts

from shared import actor_keys, actors
from shared.problems import Unauthenticated
from shared.settings import ServiceSettings
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS, STAFF, Urls

HEALTH = ("/health/live", "/health/ready")
SERVICES = ("registration", "selection", "certification", "placement")
SOMEBODY_ELSES_KEY = actor_keys.new_key()
OUR_KID = json.loads(ACTOR_KEY)["kid"]
_SECRETS = {"field_keys": f"k1:{'0' * 64}", "person_key": "0" * 64}


def _token(**claims: Any) -> str:
    key = actor_keys.signing(claims.pop("key", ACTOR_KEY))
    valid = {"sub": "petugas", "role": "admin", "aud": "registration", "exp": int(time.time()) + 60}
    return jwt.encode({**valid, **claims}, key, headers={"kid": claims.pop("kid", key.key_id)})


def _signed_with_what_a_service_holds(service: str) -> str:
    """The public key taken for a shared secret: what works where a verifier believes the header's algorithm."""
    (public,) = json.loads(ACTOR_PUBLIC_KEYS)["keys"]
    claims = {"sub": "petugas", "role": "admin", "aud": service, "exp": int(time.time()) + 60}
    return jwt.encode(claims, public["x"], algorithm="HS256", headers={"kid": public["kid"]})


def _tokens_that_must_not_work(service: str) -> dict[str, str]:
    other = next(name for name in SERVICES if name != service)
    return {
        "signed by somebody else": _token(aud=service, key=SOMEBODY_ELSES_KEY),
        "signed by somebody else under our key's id": _token(aud=service, key=SOMEBODY_ELSES_KEY, kid=OUR_KID),
        "signed with a public key": _signed_with_what_a_service_holds(service),
        "for another service": _token(aud=other),
        "expired": _token(aud=service, exp=int(time.time()) - 3600),
        "unsigned": jwt.encode({"sub": "x", "aud": service, "exp": time.time() + 60}, "", algorithm="none"),
        "nonsense": "abc",
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_of_a_service_refuses_whoever_has_no_token_for_it(service: str, servers: Urls) -> None:
    app = _build(service, servers)
    transport = httpx.ASGITransport(app=app)
    # from the router: what the description leaves out, and the description itself, can be asked for as well
    paths = {str(one.path): one.methods for one in iter_route_contexts(app.routes) if one.path not in HEALTH}
    assert len(paths) > 3 and "/openapi.json" in paths
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{service}", timeout=30) as client:
        for path, methods in paths.items():
            for method in methods or ():
                answer = await client.request(method.upper(), path, json={})
                assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                for why, token in _tokens_that_must_not_work(service).items():
                    headers = {"Authorization": f"Bearer {token}"}
                    answer = await client.request(method.upper(), path, json={}, headers=headers)
                    assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path, why)


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_names_who_acts(service: str) -> None:
    assert actors.verify(ACTOR_PUBLIC_KEYS, actors.sign(ACTOR_KEY, STAFF, service), service) == STAFF


def test_while_a_key_is_replaced_tokens_of_both_are_taken_and_afterwards_those_of_the_new_one() -> None:
    new = actor_keys.new_key()
    both, after = actor_keys.public_keys(ACTOR_KEY, new), actor_keys.public_keys(new)
    for key in (ACTOR_KEY, new):
        assert actors.verify(both, actors.sign(key, STAFF, "selection"), "selection") == STAFF
    with pytest.raises(Unauthenticated):
        actors.verify(after, actors.sign(ACTOR_KEY, STAFF, "selection"), "selection")


def test_what_a_service_verifies_with_signs_nothing() -> None:
    (public,) = json.loads(ACTOR_PUBLIC_KEYS)["keys"]
    assert "d" not in public
    with pytest.raises(ValueError, match="no private"):
        actors.sign(json.dumps(public), STAFF, "selection")


@pytest.mark.parametrize("keys", ["", "{}", '{"keys": []}', "a shared secret", f'{{"keys": [{ACTOR_KEY}]}}'])
def test_a_service_does_not_start_with_keys_that_are_not_public_ones(keys: str) -> None:
    with pytest.raises(ValueError, match="actor keys"):
        actors.required(keys, "selection")


def _build(service: str, servers: Urls) -> Any:
    settings: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    build: Callable[[ServiceSettings], Any] = importlib.import_module(f"services.{service}.app").build
    given = {
        "amqp_url": servers.amqp,
        "mongo_url": servers.mongo,
        "actor_public_keys": ACTOR_PUBLIC_KEYS,
        "db_prefix": "test_none",
    }
    return build(settings.load(**given, **(_SECRETS if service == "registration" else {})))
