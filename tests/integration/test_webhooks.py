"""Events reach a webhook signed, at least once and in order, whatever it does; nobody else waits for it."""

import asyncio
import contextlib
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aio_pika.abc import AbstractConnection
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from typer.testing import CliRunner

from examples.webhook_receiver import is_genuine
from services.gateway import posting, webhook_places, webhook_relay
from services.gateway.cli import app
from shared import topology
from shared.contracts import Event
from shared.contracts.certification import CertificateRevoked
from shared.contracts.placement import JobMatched
from shared.contracts.selection import ScoresRecorded
from tests.events import matched, message, until
from tests.integration.gateway_alone import TOKEN, Alone, administrator, alone, bearer, told, user
from tests.integration.receiver import Post, Receiver

__all__ = ["alone"]

KEYS = "first-key-of-the-tests-0123456789ab"
ALLOWED: dict[str, Any] = {"webhook_keys": SecretStr(KEYS), "webhook_networks": "127.0.0.0/8"}


async def publish(broker: AbstractConnection, *events: tuple[Event, str, int], **properties: Any) -> None:
    """What the services publish, through their own exchanges: (event, subject, sequence)."""
    async with broker.channel(publisher_confirms=True) as channel:
        for event, subject, sequence in events:
            exchange = await channel.get_exchange(topology.outgoing(event.service), ensure=False)
            await exchange.publish(message(event, subject, sequence, **properties), event.routing_key(), mandatory=True)


async def publish_matches(broker: AbstractConnection, sequences: range, subjects: str = "abc") -> None:
    await publish(broker, *((matched(who), who, n) for n in sequences for who in subjects))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried again after a moment."""
    monkeypatch.setattr(webhook_places, "PAUSES_S", (0.3,))


@pytest.fixture
async def url(alone: Alone) -> AsyncIterator[str]:
    async with alone.gateway(**ALLOWED) as found:
        yield found


async def add(url: str, name: str, to: str, *events: str, **headers: str) -> str:
    """A new webhook's secret."""
    async with administrator(url) as admin:
        body = {"name": name, "url": to, "events": list(events) or ["placement.#"]}
        added = await admin.post("/webhooks", json=body, headers=headers)
        assert added.status_code == httpx.codes.CREATED, added.text
        return str(added.json()["secret"])


async def add_from_the_start(url: str, name: str, to: str) -> None:
    """It is posted everything that the log holds already."""
    await add(url, name, to)
    async with administrator(url) as admin:
        assert (await admin.post(f"/webhooks/{name}/replay")).status_code == httpx.codes.ACCEPTED


async def shown(url: str, name: str) -> dict[str, Any]:
    async with administrator(url) as admin:
        found: dict[str, Any] = (await admin.get(f"/webhooks/{name}")).json()
        return found


def sequences(posts: list[Post]) -> dict[str, list[int]]:
    """By subject, what came of it in this order."""
    found: dict[str, list[int]] = defaultdict(list)
    for post in list(posts):
        subject, sequence = post.about
        found[subject].append(sequence)
    return dict(found)


def has(receiver: Receiver, *wanted: int, subjects: str = "abc") -> bool:
    """Whether these sequences, and all of them, were taken of each subject."""
    found = sequences(receiver.taken)
    return all(set(wanted) <= set(found.get(who, [])) for who in subjects)


async def test_granted_events_are_posted_signed_and_nothing_else_is(
    url: str, receiver: Receiver, broker: AbstractConnection
) -> None:
    secret = await add(url, "dinas", receiver.url)
    scores = ScoresRecorded.model_construct(applicant_id="a", programme_code="UJI-1")
    revoked = CertificateRevoked(applicant_id="a", programme_code="UJI-1", certificate_id="c", reason="x")
    await publish(broker, (scores, "a", 1), (revoked, "a", 1), (matched("a"), "a", 7))
    # what another service sends through its own exchange is no match of placement's, whatever it says of itself
    async with broker.channel(publisher_confirms=True) as channel:
        forged = message(matched("forged"), "forged", 1, CC=["selection.anything.v1"])
        exchange = await channel.get_exchange(topology.outgoing("selection"), ensure=False)
        await exchange.publish(forged, JobMatched.routing_key(), mandatory=True)
    await publish(broker, (matched("b"), "b", 1))
    await until(lambda: len(receiver.taken) == 2)
    await asyncio.sleep(1)
    first, second = receiver.posts
    assert (first.about, second.about) == (("a", 7), ("b", 1))
    assert first.event["type"] == "jalur.placement.JobMatched.v1"
    assert first.event["data"] == matched("a").model_dump(mode="json")
    assert first.event["dataschema"] == "urn:jalur:schema:placement.job_matched.v1"
    assert first.headers["content-type"] == "application/json"
    assert "." not in first.headers["webhook-id"] and first.headers["webhook-id"] != second.headers["webhook-id"]
    assert is_genuine(secret, first.headers, first.body)
    assert not is_genuine(secret, first.headers, first.body + b" ")
    assert not is_genuine(secret, {**first.headers, "webhook-id": "evt_0"}, first.body)
    assert not is_genuine(secret, {**first.headers, "webhook-timestamp": str(int(time.time()) - 1000)}, first.body)
    assert not is_genuine("whsec_" + "A" * 43 + "=", first.headers, first.body)


async def test_what_it_refuses_comes_again_in_order_until_it_is_taken(
    url: str, receiver: Receiver, broker: AbstractConnection, quick: None
) -> None:
    refused: set[tuple[str, int]] = set()

    def answer(post: Post) -> int:
        """Refuses every other event the first time."""
        if post.about not in refused and post.about[1] % 2:
            refused.add(post.about)
            return 500
        return 204

    receiver.answer = answer
    await publish_matches(broker, range(1, 9))
    await add_from_the_start(url, "dinas", receiver.url)  # many at once
    await until(lambda: has(receiver, *range(1, 9)), 60)
    for taken in sequences(receiver.taken).values():
        first_times = list(dict.fromkeys(taken))
        assert first_times == sorted(first_times)
    ids = {post.headers["webhook-id"] for post in receiver.posts}
    assert len(ids) == 24, "an event keeps its id"
    fares = await shown(url, "dinas")
    await until(lambda: receiver.taken)
    assert fares["state"] == "active" and fares["delivered_at"]


async def test_one_that_refuses_everything_is_not_asked_everything(
    url: str, receiver: Receiver, broker: AbstractConnection
) -> None:
    receiver.answer = lambda _: 500
    await publish_matches(broker, range(1, 3), "abcdefghijklmnop")
    await add_from_the_start(url, "dinas", receiver.url)

    async def has_failed() -> bool:
        return bool((await shown(url, "dinas"))["failures"])

    await until(has_failed)
    assert 1 <= len(receiver.posts) <= 4


async def test_one_that_is_away_or_hangs_holds_up_nobody_and_misses_nothing(
    url: str, broker: AbstractConnection, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "_WITHIN_S", 1.0)
    go_on = threading.Event()

    def hang(post: Post) -> int:
        go_on.wait(30)
        return 204

    with Receiver() as well, Receiver() as away, Receiver(hang) as hanging:
        for name, one in (("well", well), ("away", away), ("hanging", hanging)):
            await add(url, name, one.url)
        away.go_away()
        await publish_matches(broker, range(1, 21))
        began = time.monotonic()
        await until(lambda: has(well, *range(1, 21)))
        assert time.monotonic() - began < 10
        await until(lambda: len(hanging.posts) >= 8, 30)  # four at a time, cut off after a second, tried again
        assert hanging.most_at_once <= 12 and not hanging.taken
        states = {one["name"]: one for one in await listed(url)}
        assert states["well"]["failures"] == 0
        assert states["hanging"]["last_failure"] == "no answer within 1 s"
        assert states["away"]["last_failure"].startswith("no connection")
        assert states["away"]["failing_since"] and states["away"]["next_attempt_at"]
        away.come_back()
        go_on.set()
        await until(lambda: has(away, *range(1, 21)) and has(hanging, *range(1, 21)), 60)
        for one in (away, hanging):
            for taken in sequences(one.taken).values():
                first_times = list(dict.fromkeys(taken))
                assert first_times == sorted(first_times)


async def listed(url: str) -> list[dict[str, Any]]:
    async with administrator(url) as admin:
        items: list[dict[str, Any]] = (await admin.get("/webhooks")).json()["items"]
        return items


async def test_a_gateway_that_starts_again_goes_on_where_it_was(
    alone: Alone, receiver: Receiver, broker: AbstractConnection, quick: None
) -> None:
    async with alone.gateway(**ALLOWED) as url:
        await add(url, "dinas", receiver.url)
        await publish_matches(broker, range(1, 6))
        await until(lambda: has(receiver, *range(1, 6)))

        async def is_saved() -> bool:
            return (await shown(url, "dinas"))["offset"] is not None

        await until(is_saved)
        await asyncio.sleep(1.5)  # longer than a place goes unsaved
        receiver.go_away()
        await publish_matches(broker, range(6, 9))
        await asyncio.sleep(1)
    await publish_matches(broker, range(9, 12))
    before = len(receiver.posts)
    receiver.come_back()
    async with alone.gateway(**ALLOWED) as url:
        await until(lambda: has(receiver, *range(1, 12)), 30)
        await asyncio.sleep(1)
        again = sequences(receiver.posts[before:])
        assert again == {who: list(range(6, 12)) for who in "abc"}, "what was saved as delivered does not come again"


async def test_of_several_gateways_one_posts(alone: Alone, receiver: Receiver, broker: AbstractConnection) -> None:
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(alone.gateway(**ALLOWED)) for _ in range(3)]
        await add(urls[1], "dinas", receiver.url)
        await publish_matches(broker, range(1, 11))
        await until(lambda: has(receiver, *range(1, 11)), 30)
        await asyncio.sleep(2)
        assert sequences(receiver.posts) == {who: list(range(1, 11)) for who in "abc"}


async def test_one_that_fails_for_days_is_disabled_and_goes_on_when_it_is_enabled(
    url: str, receiver: Receiver, broker: AbstractConnection, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_relay, "GIVE_UP_AFTER", timedelta(seconds=2))
    operator = await user(url, "op", "operator")
    receiver.answer = lambda _: 503
    await add(url, "dinas", receiver.url)
    await publish_matches(broker, range(1, 4))

    async def is_disabled() -> bool:
        return bool((await shown(url, "dinas"))["state"] == "disabled")

    await until(is_disabled, 30)
    async with httpx.AsyncClient(base_url=url + "/api/v1", headers=bearer(operator)) as client:
        (one,) = (await client.get("/webhooks")).json()["items"]
        assert one["why_disabled"] == "answered 503"
        assert told(await client.patch("/webhooks/dinas", json={"enabled": True}))[0] == 403
        audit = (await client.get("/audit/entries", params={"service": "gateway", "about": "dinas"})).json()["items"]
        assert [entry["what"] for entry in audit] == ["webhook_added", "webhook_disabled"]
    posts = len(receiver.posts)
    await publish_matches(broker, range(4, 6))
    await asyncio.sleep(2)
    assert len(receiver.posts) == posts
    receiver.answer = lambda _: 204
    async with administrator(url) as admin:
        enabled = (await admin.patch("/webhooks/dinas", json={"enabled": True})).json()
        assert (enabled["state"], enabled["why_disabled"], enabled["failures"]) == ("active", None, 0)
    await until(lambda: has(receiver, *range(1, 6)), 30)


async def test_one_that_is_gone_is_disabled_at_once_and_a_redirect_is_not_followed(
    url: str, receiver: Receiver, broker: AbstractConnection
) -> None:
    receiver.answer = lambda post: {"/gone": 410, "/moved": 302}[post.path]
    root = receiver.url.removesuffix("/hook")
    await add(url, "gone", f"{root}/gone")
    await add(url, "moved", f"{root}/moved")
    await publish(broker, (matched("a"), "a", 1))

    async def settled() -> bool:
        found = {one["name"]: one for one in await listed(url)}
        return bool(found["gone"]["state"] == "disabled" and found["moved"]["failures"] == 1)

    await until(settled)
    fares = await shown(url, "moved")
    assert fares["last_failure"] == "answered 302"
    wait = datetime.fromisoformat(fares["next_attempt_at"]) - datetime.now(UTC)
    assert timedelta(0) < wait < timedelta(seconds=6)
    assert sorted(post.path for post in receiver.posts) == ["/gone", "/moved"]


async def test_while_a_secret_is_changed_both_sign(url: str, receiver: Receiver, broker: AbstractConnection) -> None:
    old = await add(url, "dinas", receiver.url)
    async with administrator(url) as admin:
        key = {"Idempotency-Key": "a"}
        lost = (await admin.post("/webhooks/dinas/secret", headers=key)).json()["secret"]
        new = (await admin.post("/webhooks/dinas/secret", headers=key)).json()["secret"]
        await publish(broker, (matched("a"), "a", 1))
        await until(lambda: len(receiver.taken) == 1)
        (post,) = receiver.taken
        genuine = {secret: is_genuine(secret, post.headers, post.body) for secret in (old, lost, new)}
        assert genuine == {old: True, lost: False, new: True}, "repeated, the answer that was lost counts for nothing"
        newest = (await admin.post("/webhooks/dinas/secret", json={"keep_old_hours": 0})).json()["secret"]
    await asyncio.sleep(2.5)  # whoever posts looks every second
    await publish(broker, (matched("b"), "b", 1))
    await until(lambda: len(receiver.taken) == 2)
    post = receiver.taken[-1]
    assert [is_genuine(secret, post.headers, post.body) for secret in (old, new, newest)] == [False, False, True]
    assert len(post.headers["webhook-signature"].split()) == 1


async def test_what_was_posted_is_posted_again_from_an_offset_a_time_or_the_start(
    url: str, receiver: Receiver, broker: AbstractConnection
) -> None:
    await publish_matches(broker, range(1, 3), "a")  # before there was a webhook
    await asyncio.sleep(2.1)  # the broker knows whole seconds
    await add(url, "dinas", receiver.url)
    await publish_matches(broker, range(3, 5), "a")
    await until(lambda: sequences(receiver.taken) == {"a": [3, 4]})
    await asyncio.sleep(2.1)
    middle = datetime.now(UTC)
    await publish_matches(broker, range(5, 7), "a")
    await until(lambda: sequences(receiver.taken) == {"a": [3, 4, 5, 6]})
    async with administrator(url) as admin:
        for wanted, expected in (
            ({}, [1, 2, 3, 4, 5, 6]),
            ({"after": 3}, [5, 6]),
            ({"since": middle.isoformat()}, [5, 6]),
        ):
            receiver.taken.clear()
            assert (await admin.post("/webhooks/dinas/replay", json=wanted)).status_code == 202
            await until(partial(has, receiver, *expected, subjects="a"))
            await asyncio.sleep(1)
            assert sequences(receiver.taken) == {"a": expected}
        both = await admin.post("/webhooks/dinas/replay", json={"after": 1, "since": middle.isoformat()})
        assert told(both) == (422, "invalid")


async def test_it_is_changed_and_removed_and_every_deed_is_on_record(
    url: str, alone: Alone, receiver: Receiver, broker: AbstractConnection
) -> None:
    secret = await add(url, "dinas", receiver.url, **{"Idempotency-Key": "once"})
    again = await add(url, "dinas", receiver.url, **{"Idempotency-Key": "once"})
    assert secret != again
    kept = await alone.collection("webhooks").find_one({"_id": "dinas"})
    assert again.removeprefix("whsec_") not in str(kept) and secret.removeprefix("whsec_") not in str(kept)
    async with administrator(url) as admin:
        taken = await admin.post("/webhooks", json={"name": "dinas", "url": receiver.url, "events": ["placement.#"]})
        assert told(taken) == (409, "webhook_exists")
        for events in (["#"], ["selection.#"], ["nothing"]):
            refused = await admin.post("/webhooks", json={"name": "lain", "url": receiver.url, "events": events})
            assert told(refused) == (422, "not_grantable")
            assert told(await admin.patch("/webhooks/dinas", json={"events": events})) == (422, "not_grantable")
        changed = await admin.patch(
            "/webhooks/dinas", json={"url": f"{receiver.url}/2", "events": ["certification.certificate_revoked.v1"]}
        )
        assert changed.json()["events"] == ["certification.certificate_revoked.v1"]
        await asyncio.sleep(2.5)  # whoever posts looks every second
        revoked = CertificateRevoked(applicant_id="a", programme_code="UJI-1", certificate_id="c", reason="x")
        await publish(broker, (matched("a"), "a", 1), (revoked, "r", 1))
        await until(lambda: receiver.taken)
        assert [(post.path, post.about) for post in receiver.taken] == [("/hook/2", ("r", 1))]
        assert (await admin.delete("/webhooks/dinas")).status_code == 204
        assert told(await admin.get("/webhooks/dinas")) == (404, "unknown_webhook")
        assert (await admin.get("/webhooks")).json()["items"] == []
        await asyncio.sleep(2.5)
        await publish(broker, (revoked, "r", 2))
        await asyncio.sleep(1.5)
        assert len(receiver.posts) == 1
        whats = [one["what"] for one in (await admin.get("/audit/entries?service=gateway&about=dinas")).json()["items"]]
        expected = ["webhook_added", "webhook_added", "webhook_moved", "webhook_granted", "webhook_removed"]
        assert whats == expected
    kept = await alone.collection("webhooks").find_one({"_id": "dinas"})
    assert kept["secrets"] == []
    await add(url, "dinas", receiver.url)
    assert (await shown(url, "dinas"))["state"] == "active"


async def test_a_name_that_leads_inside_is_not_followed(alone: Alone, broker: AbstractConnection) -> None:
    with Receiver() as inside:
        async with alone.gateway(webhook_keys=SecretStr(KEYS)) as url, administrator(url) as admin:
            for to in (inside.url, f"https://127.0.0.1:{inside.port}/", f"https://[::ffff:127.0.0.1]:{inside.port}/"):
                refused = await admin.post("/webhooks", json={"name": "dalam", "url": to, "events": ["placement.#"]})
                assert told(refused) == (422, "bad_url")
            await add(url, "dalam", f"https://localhost:{inside.port}/")
            await publish(broker, (matched("a"), "a", 1))

            async def has_failed() -> bool:
                return (await shown(url, "dalam"))["last_failure"] is not None

            await until(has_failed)
            assert (await shown(url, "dalam"))["last_failure"] == "no connection: its address is not a public one"
        assert inside.posts == []


async def test_over_tls_the_receiver_must_be_who_the_url_names(
    alone: Alone, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quick: None
) -> None:
    tls = certificate_of("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with Receiver(tls=tls) as receiver:
        async with alone.gateway(**{**ALLOWED, "webhook_networks": "127.0.0.0/8, ::1"}) as url:
            await add(url, "named", f"https://localhost:{receiver.port}/named")
            await add(url, "other", f"https://127.0.0.1:{receiver.port}/other")
            await publish(broker, (matched("a"), "a", 1))
            await until(lambda: len(receiver.taken) == 1)

            async def has_failed() -> bool:
                return "certificate verify failed" in ((await shown(url, "other"))["last_failure"] or "")

            await until(has_failed)
            assert {post.path for post in receiver.posts} == {"/named"}


def certificate_of(host: str, folder: Path) -> ssl.SSLContext:
    """A certificate that vouches for itself, as `certificate.pem`, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_without_a_key_for_secrets_there_are_no_webhooks(alone: Alone, receiver: Receiver) -> None:
    async with alone.gateway(webhook_networks="127.0.0.0/8") as url, administrator(url) as admin:
        wanted = {"name": "dinas", "url": receiver.url, "events": ["placement.#"]}
        assert told(await admin.post("/webhooks", json=wanted)) == (409, "webhooks_off")


async def test_a_key_is_changed_by_putting_another_before_it(
    alone: Alone, receiver: Receiver, broker: AbstractConnection, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone.gateway(**ALLOWED) as url:
        secret = await add(url, "dinas", receiver.url)
    other = "second-key-of-the-tests-0123456789a"
    async with alone.gateway(**{**ALLOWED, "webhook_keys": SecretStr(other)}):
        await publish(broker, (matched("a"), "a", 1))
        await until(lambda: "sealing_key_missing" in caplog.text)
        assert receiver.posts == []
    async with alone.gateway(**{**ALLOWED, "webhook_keys": SecretStr(f"{other},{KEYS}")}):
        await until(lambda: len(receiver.taken) == 1)
        assert is_genuine(secret, receiver.taken[0].headers, receiver.taken[0].body)


async def test_it_survives_the_loss_of_the_broker_connection(
    url: str, receiver: Receiver, broker: AbstractConnection, servers: Any
) -> None:
    if servers.management is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given")
    await add(url, "dinas", receiver.url)
    await publish_matches(broker, range(1, 3))
    await until(lambda: has(receiver, 1, 2))

    async def cut() -> bool:
        async with httpx.AsyncClient() as client:
            found = (await client.get(f"{servers.management}/api/connections")).json()
            ours = [one for one in found if one.get("user_provided_name") == "jalur-gateway-webhooks"]
            for one in ours:
                await client.delete(f"{servers.management}/api/connections/{one['name']}")
            return bool(ours)

    await until(cut, 30)
    await publish_matches(broker, range(3, 6))
    await until(lambda: has(receiver, *range(1, 6)), 30)


async def test_the_command_does_it_all(
    url: str, receiver: Receiver, broker: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JALUR_URL", url)
    monkeypatch.setenv("JALUR_TOKEN", TOKEN)

    async def jalur(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["webhooks", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    secret = (await jalur("add", "dinas", "--url", receiver.url, "--events", "placement.#")).strip()
    await publish(broker, (matched("a"), "a", 1))
    await until(lambda: receiver.taken)
    assert is_genuine(secret, receiver.taken[0].headers, receiver.taken[0].body)
    assert "dinas" in await jalur("list") and "webhook_added" in await jalur("show", "dinas")
    assert (await jalur("secret", "dinas", "--keep", "1")).startswith("whsec_")
    await jalur("replay", "dinas", "--since", "first")
    await until(lambda: sequences(receiver.taken) == {"a": [1, 1]})
    await jalur("change", "dinas", "--events", "placement.job_matched.v1")
    await jalur("disable", "dinas")
    assert "disabled" in await jalur("list")
    await jalur("enable", "dinas")
    await jalur("remove", "dinas")
    assert "dinas" not in await jalur("list")
    refused = await asyncio.to_thread(CliRunner().invoke, app, ["webhooks", "show", "dinas"])
    assert refused.exit_code == 1 and "no webhook" in refused.output
