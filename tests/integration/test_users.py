"""Signing in and out, sessions, tokens, passwords and what is done to accounts, on a real MongoDB."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from typer.testing import CliRunner

from services.gateway import calling, passwords
from services.gateway.cli import app as command
from services.gateway.secret import fingerprint
from shared.problems import Invalid
from tests.integration.gateway_alone import (
    API,
    PASSWORD,
    TOKEN,
    Alone,
    administrator,
    alone,
    bearer,
    browser,
    sign_in,
    told,
    user,
)

__all__ = ["alone"]

OTHER = "kata sandi yang lain sekali"
OVER = (401, "session_over")


async def test_a_session_is_a_cookie_whose_hash_alone_is_kept_and_ends_with_signing_out(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        answer = await sign_in(client)
        assert (answer.status_code, answer.json()["role"], answer.json()["by"]) == (201, "admin", "session")
        session, known = answer.headers.get_list("set-cookie")
        for attributes in (session, known):
            assert {"HttpOnly", "Path=/", "SameSite=strict"} <= {one.strip() for one in attributes.split(";")}
            assert "Domain" not in attributes
            assert "Secure" not in attributes
        assert "Max-Age" not in session
        cookie = client.cookies["jalur_session"]
        assert len(cookie) == 43
        kept = str(await alone.collection("sessions").find({}).to_list(None))
        kept += str(await alone.collection("users").find({}).to_list(None))
        assert fingerprint(cookie) in kept
        assert not any(secret in kept for secret in (cookie, client.cookies["jalur_browser"], PASSWORD, TOKEN))
        me = (await client.get("/session")).json()
        assert me == answer.json() | {"expires_at": me["expires_at"]}
        in_an_hour = datetime.now(UTC) + timedelta(hours=1)
        assert abs(datetime.fromisoformat(me["expires_at"]) - in_an_hour) < timedelta(minutes=1)
        assert (await client.delete("/session")).status_code == 204
        assert "jalur_session" not in client.cookies
        client.cookies.set("jalur_session", cookie)
        assert told(await client.get("/session")) == OVER


async def test_changing_requests_in_the_name_of_a_cookie_need_its_token_and_come_from_us(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client, browser(url) as another:
        await sign_in(client)
        await sign_in(another)
        token, origin = client.headers.pop("X-CSRF-Token"), url
        new = {"name": "budi", "role": "viewer"}
        for headers in (
            {},
            {"X-CSRF-Token": ""},
            {"X-CSRF-Token": "ü" * 3},
            {"X-CSRF-Token": another.headers["X-CSRF-Token"]},
            {"X-CSRF-Token": client.cookies["jalur_session"]},
        ):
            encoded = {name.encode(): value.encode() for name, value in headers.items()}
            assert told(await client.post("/users", json=new, headers=encoded)) == (403, "csrf_token_missing")
            assert (await client.get("/users", headers=encoded)).status_code == 200
        shown = {"X-CSRF-Token": token}
        elsewhere: list[dict[str, str]] = [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": origin},
            {"Origin": "https://jahat.example"},
            {"Origin": "null"},
        ]
        for headers in elsewhere:
            assert told(await client.post("/users", json=new, headers=shown | headers)) == (403, "cross_site")
            signing_in = {"name": "admin", "password": PASSWORD}
            assert told(await client.post("/session", json=signing_in, headers=headers)) == (403, "cross_site")
        ours = shown | {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        assert (await client.post("/users", json=new, headers=ours)).status_code == 201
        assert (await client.post("/users", json=new | {"name": "siti"}, headers=shown | {"Origin": origin})).is_success


async def test_a_token_beside_a_cookie_decides_alone(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        viewer = await user(url, "viewer", "viewer")
        await sign_in(client)
        del client.headers["X-CSRF-Token"]
        me = (await client.get("/session", headers=bearer(viewer))).json()
        assert (me["name"], me["by"], me["csrf_token"]) == ("viewer", "token", None)
        assert told(await client.get("/users", headers=bearer(viewer))) == (403, "role_not_allowed")
        assert told(await client.get("/users", headers=bearer("wrong"))) == (401, "invalid_token")
        assert told(await client.delete("/session", headers=bearer(viewer))) == (409, "no_session")
        # a token is no cookie: no other site can make a browser send it
        added = await client.post("/users", json={"name": "budi", "role": "viewer"}, headers=bearer(TOKEN))
        assert added.status_code == 201


async def test_a_session_survives_a_restart_and_is_good_at_every_replica(alone: Alone) -> None:
    async with alone.gateway() as one, alone.gateway() as two, browser(one) as client, browser(two) as other:
        await sign_in(client)
        other.cookies, other.headers = client.cookies, client.headers
        assert (await other.get("/users")).status_code == 200
    async with alone.gateway() as url, browser(url) as again:
        again.cookies, again.headers = client.cookies, client.headers
        assert (await again.get("/users")).status_code == 200
        assert (await again.delete("/sessions")).status_code == 204
        assert told(await again.get("/users")) == OVER


async def test_use_keeps_a_session_from_idling_but_not_from_getting_old(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        await sign_in(client)
        sessions = alone.collection("sessions")
        now = datetime.now(UTC)
        soon, old = now + timedelta(seconds=20), now - timedelta(minutes=50)
        await sessions.update_many({}, {"$set": {"idle_until": soon, "seen_at": old}})
        await client.get("/session")
        held = (await sessions.find_one({}))["idle_until"].replace(tzinfo=UTC)
        assert abs(held - now - timedelta(hours=1)) < timedelta(minutes=1)
        await sessions.update_many({}, {"$set": {"ends_at": soon}})
        assert datetime.fromisoformat((await client.get("/session")).json()["expires_at"]) < now + timedelta(minutes=1)
        await sessions.update_many({}, {"$set": {"ends_at": now - timedelta(seconds=1)}})
        assert told(await client.get("/session")) == OVER
        indexes = await sessions.index_information()
        assert indexes["ends_at_1"]["expireAfterSeconds"] == 0


async def test_sessions_end_when_the_account_changes(alone: Alone) -> None:
    async with alone.gateway() as url:
        for deed in ("password", "own password", "disabled", "role", "logout"):
            await _sessions_end(url, f"budi-{deed.split()[0]}-{len(deed)}", deed)


async def _sessions_end(url: str, name: str, deed: str) -> None:
    account = f"/users/{name}"
    async with administrator(url) as admin, browser(url) as first, browser(url) as second:
        token = await user(url, name, "registrar", PASSWORD)
        for client in (first, second):
            assert (await sign_in(client, name)).status_code == 201
        done = await {
            "password": lambda: admin.put(f"{account}/password", json={"password": OTHER}),
            "own password": lambda: first.put("/session/password", json={"current": PASSWORD, "new": OTHER}),
            "disabled": lambda: admin.patch(account, json={"disabled": True}),
            "role": lambda: admin.patch(account, json={"role": "selector"}),
            "logout": lambda: admin.delete(f"{account}/sessions"),
        }[deed]()
        assert done.is_success, done.text
        for client in (first, second):
            assert told(await client.get("/session")) == OVER
        assert (await admin.get(account)).json()["sessions"] == []
        again = {"password": OTHER if "password" in deed else PASSWORD}
        expected = (401, "sign_in_failed") if deed == "disabled" else (201, None)
        assert told(await sign_in(second, name, **again)) == expected
        with_token = await first.get("/session", headers=bearer(token))
        assert told(with_token) == ((401, "user_disabled") if deed == "disabled" else (200, None))
        if deed == "disabled":
            await admin.patch(account, json={"disabled": False})
            assert told(await first.get("/session", headers=bearer(token))) == (200, None)
            assert told(await first.get("/session")) == OVER, "an old session is not raised from the dead"


async def test_one_session_of_several_is_ended(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as here, browser(url) as there:
        await sign_in(here)
        await sign_in(there)
        listed = (await here.get("/sessions")).json()["items"]
        assert sorted(one["current"] for one in listed) == [False, True]
        other = next(one["id"] for one in listed if not one["current"])
        assert (await here.delete(f"/sessions/{other}")).status_code == 204
        assert told(await there.get("/session")) == OVER
        assert (await here.get("/session")).status_code == 200


async def test_a_user_has_a_token_of_each_label_and_each_can_expire_or_be_revoked(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        first = await user(url, "budi", "viewer")
        report = (await admin.post("/users/budi/tokens", json={"label": "report", "expires_in_days": 7})).json()
        second = (await admin.post("/users/budi/tokens")).json()["token"]

        async def works(token: str) -> tuple[int, str | None]:
            return told(await admin.get("/session", headers=bearer(token)))

        assert [await works(one) for one in (first, second, report["token"])] == [
            (401, "invalid_token"),
            (200, None),
            (200, None),
        ]
        expiry = datetime.fromisoformat(report["expires_at"])
        assert abs(expiry - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
        labels = [one["label"] for one in (await admin.get("/users/budi")).json()["tokens"]]
        assert sorted(labels) == ["default", "report"]
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        at = {"_id": "budi", "tokens.label": "report"}
        await alone.collection("users").update_one(at, {"$set": {"tokens.$.expires_at": past}})
        assert await works(report["token"]) == (401, "token_expired")
        assert (await admin.delete("/users/budi/tokens/default")).status_code == 204
        assert await works(second) == (401, "invalid_token")
        assert told(await admin.delete("/users/budi/tokens/default")) == (404, "unknown_token")
        assert told(await admin.post("/users/nobody/tokens")) == (404, "unknown_user")


async def test_somebody_always_administers_the_users(alone: Alone) -> None:
    async with alone.gateway() as one, alone.gateway() as two, administrator(one) as first:
        for change in ({"disabled": True}, {"role": "viewer"}):
            assert told(await first.patch("/users/admin", json=change)) == (409, "last_administrator")
        second_token = await user(one, "second", "admin")
        assert (await first.patch("/users/second", json={"disabled": True})).is_success
        assert told(await first.patch("/users/admin", json={"role": "viewer"})) == (409, "last_administrator")
        await first.patch("/users/second", json={"disabled": False})
        async with httpx.AsyncClient(base_url=two + API, headers=bearer(second_token), timeout=30) as second:
            # each takes the office from the other, at once and at different replicas
            for _ in range(8):
                change = {"role": "viewer"}
                answers = await asyncio.gather(
                    first.patch("/users/second", json=change), second.patch("/users/admin", json=change)
                )
                users = alone.collection("users")
                left = [found["_id"] async for found in users.find({"role": "admin", "disabled": False})]
                assert left, [told(answer) for answer in answers]
                await users.update_many({}, {"$set": {"role": "admin"}})


async def test_the_settings_make_the_administrator_once_and_again_when_they_change(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        await user(url, "second", "admin")
        assert (await admin.put("/users/admin/password", json={"password": OTHER})).is_success
        assert (await admin.delete("/users/admin/tokens/settings")).is_success
    async with alone.gateway() as url, browser(url) as client:  # a start reverts nothing
        assert told(await client.get("/users", headers=bearer(TOKEN))) == (401, "invalid_token")
        assert told(await sign_in(client, password=PASSWORD)) == (401, "sign_in_failed")
        assert told(await sign_in(client, password=OTHER)) == (201, None)
        assert (await client.post("/users/second/tokens")).is_success
        assert (await client.patch("/users/admin", json={"disabled": True})).is_success
    recovered, token = "kata sandi pemulihan", "token-after-the-recovery-of-admin"
    changed = {"admin_password": SecretStr(recovered), "admin_token": SecretStr(token)}
    async with alone.gateway(**changed) as url, browser(url) as client:
        assert told(await sign_in(client, password=OTHER)) == (401, "sign_in_failed")
        assert told(await sign_in(client, password=recovered)) == (201, None)
        assert (await client.get("/users", headers=bearer(token))).status_code == 200
        ledger = (await client.get("/users/admin")).json()["ledger"]
        assert [one["what"] for one in ledger if one["by"] == "system"] == ["set_from_settings"] * 2


async def test_the_ledger_of_an_account_tells_who_did_what_to_it_and_no_secret(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        await user(url, "budi", "viewer", PASSWORD)
        await admin.patch("/users/budi", json={"role": "registrar"})
        await admin.patch("/users/budi", json={"role": "registrar", "disabled": False})  # as it is
        await admin.patch("/users/budi", json={"disabled": True})
        await admin.patch("/users/budi", json={"disabled": False})
        await admin.post("/users/budi/tokens", json={"label": "report"})
        await admin.delete("/users/budi/tokens/report")
        account = (await admin.get("/users/budi")).json()
    told_of = [(one["by"], one["what"]) for one in account["ledger"]]
    deeds = [
        "user_added",
        "password_changed",
        "role_changed",
        "user_disabled",
        "user_enabled",
        "token_made",
        "token_revoked",
    ]
    assert told_of == [("admin", deed) for deed in deeds]
    assert account["ledger"][2]["detail"] == {"before": "viewer", "after": "registrar"}
    assert "argon2" not in str(account)
    assert "hash" not in str(account)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("pendek", "too_short"), ("a" * 40, "too_simple"), ("x" * 201, "too_long"), ("kata-budi-sandi", "contains_name")],
)
async def test_a_password_that_is_easily_guessed_is_refused(alone: Alone, password: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check("budi", password)
    assert refused.value.extra["errors"][0]["reason"] == reason
    assert password not in str(refused.value)


async def test_odd_passwords_are_wrong_passwords(alone: Alone) -> None:
    async with alone.gateway() as url, browser(url) as client:
        for body in (b'{"name":"admin","password":"\\ud800"}', b'{"name":"a\\u0000","password":"\\u0000"}'):
            answer = await client.post("/session", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in (401, 422)
        long = await client.post("/session", json={"name": "admin", "password": "x" * 100_000})
        assert told(long) == (422, "invalid")
        assert "xxx" not in long.text
        # the same letters, composed and decomposed
        await user(url, "budi", "viewer", "café au lait manis")
        assert told(await sign_in(client, "budi", "café au lait manis")) == (201, None)


async def test_a_hash_with_other_parameters_is_replaced_when_its_password_is_shown(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alone.gateway() as url, browser(url) as client:
        before = (await alone.collection("users").find_one({"_id": "admin"}))["password_hash"]
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=2048, parallelism=1))
        await sign_in(client, password="salah sama sekali")
        assert (await alone.collection("users").find_one({"_id": "admin"}))["password_hash"] == before
        await sign_in(client)
        after = (await alone.collection("users").find_one({"_id": "admin"}))["password_hash"]
        assert "m=1024,t=1" in before
        assert "m=2048,t=2" in after
        assert (await client.get("/session")).status_code == 200


async def test_the_live_feed_ends_when_its_listener_may_no_longer_listen(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "_ASKED_AGAIN_EVERY_S", 0.1)
    async with alone.gateway() as url, administrator(url) as admin:
        token = await user(url, "budi", "viewer")
        async with admin.stream("GET", "/events", headers=bearer(token)) as feed:
            lines = feed.aiter_lines()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(lines), 1)
        async with admin.stream("GET", "/events", headers=bearer(token)) as feed:
            await admin.patch("/users/budi", json={"disabled": True})
            async with asyncio.timeout(20):
                assert [line async for line in feed.aiter_lines()] == []


async def test_the_command_does_what_the_api_does(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    async with alone.gateway() as url, browser(url) as client:
        monkeypatch.setenv("JALUR_URL", url)
        monkeypatch.setenv("JALUR_TOKEN", TOKEN)

        async def run(*words: str, typed: str = "") -> str:
            result = await asyncio.to_thread(CliRunner().invoke, command, ["users", *words], input=typed)
            return result.output if result.exit_code == 0 else f"failed: {result.output}"

        first = (await run("add", "budi", "--role", "viewer")).split()[-1]
        assert told(await client.get("/session", headers=bearer(first))) == (200, None)
        await run("password", "budi", typed=f"{PASSWORD}\n{PASSWORD}\n")
        assert told(await sign_in(client, "budi")) == (201, None)
        kept = (await run("token", "budi", "--label", "report", "--days", "3")).split()[-1]
        await run("token", "budi", "--label", "report", "--revoke")
        assert told(await client.get("/session", headers=bearer(kept))) == (401, "invalid_token")
        assert "signed out" in await run("logout", "budi")
        assert told(await client.get("/session")) == OVER
        await run("role", "budi", "selector")
        await run("disable", "budi")
        shown = await run("show", "budi")
        assert "budi is a selector, disabled" in shown
        assert "user_disabled" in shown
        assert "disabled" in await run("list")
        await run("enable", "budi")
        assert told(await client.get("/session", headers=bearer(first))) == (200, None)
        assert "administer" in await run("disable", "admin")


async def test_nobody_can_sign_ledgers_as_a_part_of_the_system(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        for name in (
            "system",
            "public",
            "employer",
            "registration",
            "selection",
            "certification",
            "placement",
            "gateway",
        ):
            assert told(await admin.post("/users", json={"name": name, "role": "viewer"})) == (422, "name_reserved")
        assert [one["name"] for one in (await admin.get("/users")).json()["items"]] == ["admin"]
