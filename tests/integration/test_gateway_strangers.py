"""What strangers meet: delays for who guesses, rates, headers on every answer, bounds on every request."""

import asyncio
import contextlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import ValidationError

from services.gateway import passwords, uploads
from services.gateway.passwords import Passwords
from services.gateway.roles import PUBLIC
from services.gateway.secret import fingerprint
from services.gateway.settings import Settings
from shared import serving
from shared.problems import Away
from tests.integration.gateway_alone import (
    API,
    PASSWORD,
    TOKEN,
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

WRONG, TOO_MANY = (401, "sign_in_failed"), (429, "too_many_attempts")
PROXIED = {"trusted_proxies": "127.0.0.1"}


def at(address: str) -> dict[str, str]:
    """As our proxy tells of a caller there."""
    return {"X-Forwarded-For": address}


async def test_who_guesses_waits_longer_and_longer_and_nobody_else_does(alone: Alone) -> None:
    async with alone.gateway(**PROXIED) as url, contextlib.AsyncExitStack() as opened:
        attacker = await opened.enter_async_context(browser(url, **at("203.0.113.7")))
        owner = await opened.enter_async_context(browser(url, **at("198.51.100.1")))
        assert told(await sign_in(owner)) == (201, None)
        guesses = [await sign_in(attacker, password="salah sama sekali") for _ in range(8)]
        assert [told(one) for one in guesses] == [WRONG] * 6 + [TOO_MANY] * 2
        assert int(guesses[-1].headers["retry-after"]) == guesses[-1].json()["retry_after_s"] <= 2
        # the right one does not help while the delay lasts: it would tell the attacker that they have it
        assert told(await sign_in(attacker)) == TOO_MANY
        elsewhere = await opened.enter_async_context(browser(url, **at("198.51.100.2")))
        assert told(await sign_in(elsewhere)) == (201, None)
        # where the attacker sits as well, the browser that has signed in before is let in
        owner.headers.update(at("203.0.113.7"))
        assert told(await sign_in(owner)) == (201, None)
        async with administrator(url) as by_token:
            by_token.headers.update(at("203.0.113.7"))
            assert (await by_token.get("/users")).status_code == 200
        failures = alone.collection("sign_in_failures")
        await failures.update_many({}, {"$set": {"failures": 12, "again_at": datetime(2020, 1, 1, tzinfo=UTC)}})
        await sign_in(attacker, password="salah sama sekali")
        waits = [int((await sign_in(attacker)).headers["retry-after"])]
        await failures.update_many({}, {"$set": {"failures": 5000, "again_at": datetime(2020, 1, 1, tzinfo=UTC)}})
        await sign_in(attacker, password="salah sama sekali")
        waits.append(int((await sign_in(attacker)).headers["retry-after"]))
        assert 200 < waits[0] <= 256 and 800 < waits[1] <= 900
    async with alone.gateway(**PROXIED) as url, browser(url, **at("203.0.113.7")) as attacker:
        assert told(await sign_in(attacker)) == TOO_MANY, "a restart forgives nothing"
        indexes = await alone.collection("sign_in_failures").index_information()
        assert indexes["forget_at_1"]["expireAfterSeconds"] == 0
        day = {"forget_at": {"$lt": datetime.now(UTC) + timedelta(hours=25)}}
        assert await alone.collection("sign_in_failures").count_documents(day) > 0


async def test_many_networks_together_are_slowed_down_too_but_not_a_browser_that_is_known(alone: Alone) -> None:
    async with alone.gateway(**PROXIED) as url, browser(url, **at("198.51.100.1")) as owner:
        await sign_in(owner)
        whole = {"failures": 110, "again_at": datetime.now(UTC) + timedelta(seconds=50)}
        await alone.collection("sign_in_failures").update_one(
            {"_id": fingerprint("admin")}, {"$set": whole}, upsert=True
        )
        async with browser(url, **at("203.0.113.99")) as fresh:
            answers = [await sign_in(fresh, password="salah sama sekali") for _ in range(8)]
            assert {told(one) for one in answers} == {TOO_MANY}
            assert int(answers[-1].headers["retry-after"]) <= 50, "it was not counted against the network too"
        assert told(await sign_in(owner)) == (201, None)


async def test_guessing_at_once_is_no_better_than_one_after_another(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        guesses = await asyncio.gather(*(sign_in(client, password=f"tebakan nomor {n}") for n in range(25)))
        counted = Counter(told(one) for one in guesses)
        assert counted[WRONG] <= 7
        assert counted[WRONG] + counted[TOO_MANY] == 25


async def test_nobody_learns_which_users_there_are(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = PasswordHasher.verify

    def verify(self: PasswordHasher, held: str, password: Any) -> Any:
        verified.append(held.split(",p=")[0])
        return real(self, held, password)

    async with alone.gateway(**PROXIED) as url, administrator(url) as admin:
        await user(url, "siti", "viewer", PASSWORD)
        await user(url, "robot", "viewer")
        await user(url, "lama", "viewer", PASSWORD)
        await admin.patch("/users/lama", json={"disabled": True})
        monkeypatch.setattr(PasswordHasher, "verify", verify)
        seen = []
        for n, name in enumerate(("siti", "robot", "lama", "tidak-ada", "Tidak Ada!", "$ne")):
            async with browser(url, **at(f"203.0.113.{n}")) as client:
                password = PASSWORD if name == "lama" else "salah sama sekali"
                body = f'{{"name": {json.dumps(name)}, "password": "{password}"}}'
                answers = [
                    await client.post("/session", content=body, headers={"Content-Type": "application/json"})
                    for _ in range(7)
                ]
                seen.append([told(one) for one in answers] + [answers[0].text, answers[0].headers["content-length"]])
        assert all(one == seen[0] for one in seen), seen
        # each answer cost the same work
        assert len(verified) == 6 * len(seen)
        assert len(set(verified)) == 1


async def test_hashing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    bounded = Passwords()
    held = await bounded.hash(PASSWORD)
    answers = await asyncio.gather(*(bounded.fits(PASSWORD, held) for _ in range(60)), return_exceptions=True)
    assert Counter(type(one) for one in answers) == {bool: 42, Away: 18}
    assert await bounded.fits(PASSWORD, held)
    assert not await bounded.fits(PASSWORD, None)
    bounded.close()


async def test_signing_in_has_a_rate_per_network_and_strangers_do_not_choose_theirs(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        answers = [
            await client.post("/session", json={"name": f"n{n}", "password": "x"}, headers=at(f"203.0.113.{n}"))
            for n in range(31)
        ]
        assert {told(one) for one in answers[:30]} == {WRONG}
        assert told(answers[30]) == (429, "too_many_requests")
        assert 1 <= int(answers[30].headers["retry-after"]) <= 60
    async with alone.gateway(**PROXIED) as url, browser(url) as client:
        # the proxy appends whom it saw; what stands before is the caller's own word
        for n in range(31):
            answer = await client.post(
                "/session", json={"name": f"n{n}", "password": "x"}, headers=at(f"192.0.2.{n}, 203.0.113.7")
            )
        assert told(answer) == (429, "too_many_requests")
        other = await client.post("/session", json={"name": "m", "password": "x"}, headers=at("203.0.113.8"))
        assert told(other) == WRONG
        # one household has any number of IPv6 addresses
        for n in range(31):
            address = at(f"2001:db8:1:2::{n:x}")
            answer = await client.post("/session", json={"name": f"k{n}", "password": "x"}, headers=address)
        assert told(answer) == (429, "too_many_requests")
        odd = await client.post("/session", json={"name": "m", "password": "x"}, headers=at("not an address"))
        assert told(odd) == WRONG


def test_nobody_is_trusted_to_speak_for_everybody() -> None:
    for wrong in ("*", "0.0.0.0/33", "proxy.example"):
        with pytest.raises(ValidationError):
            Settings.model_validate({**_MINIMAL, "trusted_proxies": wrong})
    assert Settings.model_validate({**_MINIMAL, "trusted_proxies": "10.0.0.0/8, 127.0.0.1"}).trusted_proxies


_MINIMAL = {
    "amqp_url": "amqp://x",
    "mongo_url": "mongodb://x",
    "actor_private_key": "x",
    "actor_public_keys": "{}",
    "admin_password": PASSWORD,
    "admin_token": TOKEN,
    "spool_dir": Path("spool"),
}


async def test_codes_of_certificates_are_not_found_by_trying(alone: Alone) -> None:
    async with (
        alone.gateway(**PROXIED) as url,
        httpx.AsyncClient(base_url=url, headers=at("203.0.113.7"), timeout=30) as client,
    ):
        paths = ["/verify/", f"{API}/verify/"]
        answers = [await client.get(f"{paths[n % 2]}AAAAAAAA{n:02}") for n in range(22)]
        assert [one.status_code for one in answers] == [404] * 20 + [429] * 2
        assert 60 < int(answers[-1].headers["retry-after"]) <= 3600
        assert (await client.get("/verify/AAAAAAAA99", headers=at("203.0.113.8"))).status_code == 404


async def test_every_answer_tells_the_browser_what_not_to_do(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url, headers=bearer(TOKEN), timeout=30) as client:

        async def broken() -> None:
            raise RuntimeError("broken")

        assert alone.app is not None
        monkeypatch.setattr(alone.app.state.gateway.store.users, "all", broken)
        answers = {
            "fine": await client.get(f"{API}/session"),
            "nobody": await client.get(f"{API}/session", headers={"Authorization": ""}),
            "missing": await client.get("/nothing"),
            "method": await client.delete("/health/live"),
            "too large": await client.post(f"{API}/users", content=b"x" * (3 << 20)),
            "invalid": await client.post(f"{API}/users", content=b"{"),
            "broken": await client.get(f"{API}/users"),
            "preflight": await client.options(f"{API}/users", headers={"Origin": "https://jahat.example"}),
            **{path: await client.get(path.format(verify_code="x", file="start.js")) for _, path in PUBLIC},
        }
        assert answers["broken"].status_code == 500
        assert answers["too large"].status_code == 413
        for what, answer in answers.items():
            headers = answer.headers
            policy = dict(one.split(" ", 1) for one in headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'", what
            assert policy["script-src"] == "'self'", what
            assert "unsafe" not in headers["content-security-policy"], what
            assert headers["x-content-type-options"] == "nosniff", what
            assert headers["x-frame-options"] == "DENY", what
            assert headers["referrer-policy"] == "same-origin", what
            assert "camera=()" in headers["permissions-policy"], what
            assert headers["cache-control"] == "no-store" or what == "/api/docs/{file}", what
            for absent in ("server", "access-control-allow-origin", "strict-transport-security", "x-powered-by"):
                assert absent not in headers, (what, absent)
            assert "Traceback" not in answer.text and "RuntimeError" not in answer.text


async def test_under_tls_cookies_are_secure_and_browsers_stay_with_it(alone: Alone) -> None:
    async with alone.gateway(tls=True) as url, browser(url) as client:
        answer = await sign_in(client)
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        for cookie in answer.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-jalur_")
            assert "; Secure" in cookie and "; Path=/;" in cookie and "Domain" not in cookie
        cookie = answer.headers["set-cookie"].split(";")[0]
        assert (await client.get("/session", headers={"Cookie": cookie})).status_code == 200
        plain = cookie.removeprefix("__Host-")
        assert (await client.get("/session", headers={"Cookie": plain})).status_code == 401


async def test_heads_and_bodies_of_requests_are_bounded_in_length_and_time(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_HEAD_WITHIN_S", 0.5)
    monkeypatch.setattr(uploads, "_JSON_WITHIN_S", 0.5)
    async with alone.gateway() as url:
        fine = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 50_000 + b"\r\n\r\n"
        assert await raw(url, fine) == 200
        assert await raw(url, b"GET /" + b"x" * 70_000) == 400
        assert await raw(url, b"GET / HTTP/1.1\r\nX: " + b"x" * 300_000) == 400
        assert await raw(url, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000) == 400
        assert await raw(url, b"") == 0, "hung up on who says nothing"
        assert await raw(url, b"GET /health/live HTTP/1.1\r\nHost:") == 0, "and on who does not finish"
        begun = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        begun += b"Content-Length: 50\r\n\r\n{"
        assert await raw(url, begun) == 408
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            assert (await client.get("/health/live")).status_code == 200
            await asyncio.sleep(1)
            assert (await client.get("/health/live")).status_code == 200
