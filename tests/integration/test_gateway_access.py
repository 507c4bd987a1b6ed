"""Every route, for every role and for nobody: each gets what the one table says, by token and by session alike."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.gateway import csrf, roles
from services.gateway.app import build
from services.gateway.import_job import By, ImportJob, State
from services.gateway.roles import PAGES, PREFIX, PUBLIC, PUBLIC_PAGES, ROLES, Role
from services.gateway.secret import fingerprint
from tests.integration.gateway_alone import (
    PASSWORD,
    Alone,
    administrator,
    alone,
    bearer,
    browser,
    raw,
    sign_in,
    told,
    user,
)

__all__ = ["alone"]

FORBIDDEN, UNAUTHORIZED = (403, "role_not_allowed"), 401
# GET answers that go on and on, or are not about anybody
_PLACES = {"code": "UJI-1", "kind": "paintings", "name": "nobody-1", "label": "none", "session_id": "0" * 16}
_PLACES |= {"file": "swagger-ui.css"}


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """What the app really answers, read from its router."""
    found: set[tuple[str, str]] = set()
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            found.add((method, str(context.path)))
    return found


def address(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: _PLACES.get(name[1], "x" * 8), path)


class World:
    """One gateway, a user of each role, and what they show to be let in."""

    def __init__(self, url: str, app: FastAPI, tokens: dict[Role, str]) -> None:
        self.url = url
        self.app = app
        self.tokens = tokens

    async def session(self, role: Role) -> dict[str, str]:
        """The headers of a browser that has just signed in."""
        gateway = self.app.state.gateway
        name = f"{role}-1"
        account = await gateway.store.users.known(name)
        cookie, _ = await gateway.sessions.start(name, account.generation)
        return {"Cookie": f"jalur_session={cookie}", csrf.HEADER: csrf.token(cookie)}


@pytest.fixture
async def world(alone: Alone) -> AsyncIterator[World]:
    async with alone.gateway() as url:
        made = await asyncio.gather(*(user(url, f"{role}-1", role) for role in Role))
        tokens = dict(zip(Role, made, strict=True))
        assert alone.app is not None
        yield World(url, alone.app, tokens)


async def ask(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, str | None]:
    """Status and code; of an answer that does not end, the beginning."""
    async with client.stream(method, path, headers=headers, json=None if method in ("GET", "HEAD") else {}) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, None
        body = await answer.aread()
        problem = answer.headers.get("content-type") == "application/problem+json"
        assert answer.status_code < 400 or problem or method == "HEAD", (method, path, answer.status_code, body)
        return answer.status_code, answer.json()["code"] if problem else None


def test_every_route_has_a_row_and_every_row_a_route(world_of_routes: set[tuple[str, str]]) -> None:
    rows = {(method, PREFIX + path) for method, path in ROLES}
    by_another_token = {("GET", "/metrics")}
    groups = [rows, set(PAGES), PUBLIC, PUBLIC_PAGES, by_another_token]
    assert world_of_routes == set().union(*groups)
    assert len(world_of_routes) == sum(map(len, groups))


@pytest.fixture
def world_of_routes(alone: Alone) -> set[tuple[str, str]]:
    return routes(build(alone.settings))


async def test_each_role_gets_what_the_table_says_by_token_and_by_session(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as client:
        for (method, path), allowed in sorted(ROLES.items()):
            for role in Role:
                for way in ("token", "session"):
                    headers = bearer(world.tokens[role]) if way == "token" else await world.session(role)
                    answer = await ask(client, method, PREFIX + address(path), headers)
                    if role in allowed:
                        assert answer[0] != UNAUTHORIZED and answer != FORBIDDEN, (method, path, role, way, answer)
                    else:
                        assert answer == FORBIDDEN, (method, path, role, way)


async def test_whoever_is_nobody_gets_only_what_is_public(world: World, alone: Alone) -> None:
    expired, disabled = await user(world.url, "expired", "admin"), await user(world.url, "disabled", "admin")
    async with administrator(world.url) as admin:
        await admin.patch("/users/disabled", json={"disabled": True})
        revoked = (await admin.post("/users/expired/tokens", json={"label": "r"})).json()["token"]
        await admin.delete("/users/expired/tokens/r")
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    await alone.collection("users").update_one({"_id": "expired"}, {"$set": {"tokens.0.expires_at": past}})
    idle, old, ended = [await world.session(Role.ADMIN) for _ in range(3)]
    await over(alone, idle, "idle_until")
    await over(alone, old, "ends_at")
    async with httpx.AsyncClient(base_url=world.url + PREFIX, timeout=30) as client:
        assert (await client.delete("/session", headers=ended)).status_code == 204
        kept = await alone.collection("users").find_one({"_id": "admin"})
        nobodies: dict[str, dict[str, str]] = {
            "nothing": {},
            "unknown token": bearer("x" * 43),
            "expired token": bearer(expired),
            "revoked token": bearer(revoked),
            "disabled user": bearer(disabled),
            "another scheme": {"Authorization": f"Basic {world.tokens[Role.ADMIN]}"},
            "hash of a token": bearer(kept["tokens"][0]["hash"]),
            "unknown session": {"Cookie": "jalur_session=" + "x" * 43},
            "idle session": idle,
            "old session": old,
            "ended session": ended,
            "cookie of another name": {"Cookie": f"session={world.tokens[Role.ADMIN]}"},
        }
        for method, path in sorted(ROLES):
            for who, headers in nobodies.items():
                status, code = await ask(client, method, address(path), headers)
                assert status == UNAUTHORIZED, (method, path, who, status, code)
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as client:
        for method, path in sorted(PUBLIC):
            status, code = await ask(client, method, address(path))
            assert status != UNAUTHORIZED and code != FORBIDDEN[1], (method, path)


async def over(alone: Alone, headers: dict[str, str], field: str) -> None:
    """As if so much time had passed."""
    hashed = fingerprint(headers["Cookie"].partition("=")[2])
    past = datetime.now(UTC) - timedelta(minutes=1)
    changed = await alone.collection("sessions").update_one({"_id": hashed}, {"$set": {field: past}})
    assert changed.modified_count == 1


async def test_no_trick_of_path_or_method_leads_past_the_table(world: World) -> None:
    tricks = [
        "//api/v1/users", "/api//v1/users", "/api/v1//users", "/api/v1/users/", "/api/v1/users//", "/api/v1/./users",
        "/api/v1/verify/../users", "/verify/../api/v1/users", "/api/v1/%2e/users", "/api/v1/verify/%2e%2e/users",
        "/api/v1/verify%2f..%2fusers", "/api/v1/%75sers", "/api/v1/users%00", "/api/v1/users%20", "/api/v1/users;x=1",
        "/api/v1/users.json", "/API/V1/USERS", "/api/v1/users?_method=GET", "/api/docs/../v1/users",
        "/api/docs/%2e%2e%2fv1%2fusers", "/api/docs/..%2f..%2fpyproject.toml", "/api/v1\\users", "/users",
        "http://127.0.0.1/api/v1/users",
    ]  # fmt: skip
    as_viewer = bearer(world.tokens[Role.VIEWER])
    overriding = {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/health/live", "X-Rewrite-URL": "/health/live"}
    async with httpx.AsyncClient(base_url=world.url, timeout=30, follow_redirects=False) as client:
        for trick in tricks:
            for headers in ({}, as_viewer, {**as_viewer, **overriding}):
                lines = [f"GET {trick} HTTP/1.1", "Host: x", *(f"{name}: {one}" for name, one in headers.items())]
                status = await raw(world.url, "\r\n".join([*lines, "", ""]).encode())
                assert status in (400, 401, 403, 404), (trick, status)
        for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PROPFIND", "JEFF"):
            for headers in ({}, as_viewer, bearer(world.tokens[Role.ADMIN])):
                answer = await client.request(method, "/api/v1/users", headers=headers)
                assert answer.status_code in (400, 401, 403, 405), (method, answer.status_code)
                assert "access-control-allow-origin" not in answer.headers


async def test_an_import_is_shown_to_whom_it_concerns(world: World) -> None:
    jobs = world.app.state.gateway.jobs
    await jobs._jobs.add(ImportJob(_id="one", kind="scores", by=By(name="selector-9"), state=State.DONE))
    seen = {}
    async with httpx.AsyncClient(base_url=world.url + PREFIX, timeout=30) as client:
        for role, token in world.tokens.items():
            seen[role] = told(await client.get("/imports/one", headers=bearer(token)))[1]
    nothing = {Role.REGISTRAR: "unknown_import", Role.CERTIFIER: "unknown_import", Role.PLACEMENT: "unknown_import"}
    not_theirs = {Role.VIEWER: "role_not_allowed", Role.OPERATOR: "role_not_allowed"}
    assert seen == {Role.ADMIN: None, Role.SELECTOR: None, **nothing, **not_theirs}


async def test_nobody_ends_or_sees_the_sessions_of_others(world: World) -> None:
    await user(world.url, "budi", "viewer", PASSWORD)
    async with browser(world.url) as mine, browser(world.url) as others:
        await sign_in(mine, "budi")
        await sign_in(others)
        their_id = (await others.get("/sessions")).json()["items"][0]["id"]
        assert [one["current"] for one in (await mine.get("/sessions")).json()["items"]] == [True]
        assert told(await mine.delete(f"/sessions/{their_id}")) == (404, "unknown_session")
        assert (await others.get("/session")).status_code == 200


def test_a_role_the_table_does_not_know_may_do_nothing() -> None:
    names: list[Any] = ["", "public", "ADMIN", "king"]
    assert not any(roles.may(name, method, path) for name in names for method, path in ROLES)
