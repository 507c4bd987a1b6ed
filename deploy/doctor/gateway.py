"""The gateway, and the services as it sees them."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.doctor.finding import Finding, note, well, wrong

_TIMEOUT_S = 15.0
_SKEW_S = 5.0
_OUTBOX_S = 60.0
_EXPIRES_DAYS = 14
_RENEW = "Renew it; Caddy does so by itself if ports 80 and 443 can be reached from outside."
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OF_CHECK = {
    "database": "MongoDB does not answer this service: is it up, has the set a primary, does its account still hold?",
    "relay": "RabbitMQ does not answer this service, or jalur.log, jalur.events or its .out exchange is missing: "
    "see its log.",
    "consumers": "It has no consumer on some of its queues: is RabbitMQ up, does its account still hold? See its log.",
}


def examine(url: str, token: str) -> Iterator[Finding]:
    """With somebody's token, an operator's or an administrator's."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=url, timeout=_TIMEOUT_S) as client:
            ready = client.get("/health/ready")
            yield well("gateway", f"{url} answers")
            yield from _of_transport(url, ready)
            yield from _of_clock("gateway", ready.headers.get("date"))
            yield from _of_readiness("gateway", _json(ready))
            deployment = client.get("/api/v1/deployment", headers=headers)
    except httpx.TransportError as error:
        advice = "Is it running, and is JALUR_URL its address? With TLS: does the certificate hold for this name?"
        yield wrong("gateway", f"{url} does not answer: {error}", advice)
        return
    if deployment.status_code == httpx.codes.UNAUTHORIZED:
        yield wrong(
            "token", "the gateway does not know it", "Set JALUR_TOKEN: jalur users token NAME prints a new one."
        )
    elif deployment.status_code == httpx.codes.FORBIDDEN:
        yield wrong("token", "its user may not see this", "Use the token of an operator or of an administrator.")
    elif not deployment.is_success:
        advice = "An older gateway does not know how: bring all containers to one version."
        yield wrong("gateway", f"it answered {deployment.status_code} about the services", advice)
    else:
        yield from _of_services(deployment.json())


def _of_services(deployment: Mapping[str, Any]) -> Iterator[Finding]:
    yield well("gateway", f"version {deployment['version']}")
    for name, one in deployment["services"].items():
        if one is None:
            yield wrong(name, "does not answer the gateway", "Is it running? Its address is a setting of the gateway.")
            continue
        yield from _of_readiness(name, one)
        yield from _of_clock(name, one.get("date"))
        if one.get("version") != deployment["version"]:
            told = f"version {one.get('version')}, the gateway has {deployment['version']}"
            yield wrong(name, told, "Finish the upgrade: all services run the same image.")


def _of_readiness(name: str, ready: Mapping[str, Any]) -> Iterator[Finding]:
    failing = [check for check, holds in ready.get("checks", {}).items() if not holds]
    for check in failing:
        yield wrong(name, f"not ready: {check}", _OF_CHECK.get(check, "Look at its log."))
    age = ready.get("oldest_outbox_entry_s")
    if age is not None and age > _OUTBOX_S:
        told = f"something committed has waited for {age:.0f} s to be published"
        yield wrong(name, told, "Is RabbitMQ up and without an alarm? Else the service's log says what holds it up.")
    if stuck := ready.get("stuck"):
        told = f"{stuck} documents hold an event that RabbitMQ refuses"
        yield wrong(name, told, "Its log names them; most often they exceed max_message_size.")
    if parked := ready.get("parked"):
        told = f"{parked} messages are parked"
        yield wrong(name, told, "jalur parked list shows why; then jalur parked replay, or discard.")
    if ready.get("catching_up"):
        yield note(name, "is catching up with what a queue did not bring", "After an outage: wait for it.")
    if not failing and not (ready.get("stuck") or ready.get("parked")):
        yield well(name, "ready")


def _of_clock(name: str, date: str | None) -> Iterator[Finding]:
    if date is None:
        return
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    if skew > _SKEW_S:
        told = f"its clock and this machine's differ by {skew:.0f} s"
        yield wrong(name, told, "Set clocks by NTP: tokens between services live a minute.")


def _of_transport(url: str, answer: httpx.Response) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        if parts.hostname not in _LOOPBACK:
            told = "people reach it without TLS: passwords and names can be read on the way"
            yield wrong("TLS", told, "Put a proxy with TLS in front (docs/deploying.md), and JALUR_TLS=true.")
        return
    if "strict-transport-security" not in answer.headers:
        yield wrong("TLS", "cookies are sent without TLS as well", "Set JALUR_TLS=true for the gateway.")
    yield from certificate(parts.hostname or "", parts.port or 443)


def certificate(host: str, port: int) -> Iterator[Finding]:
    """How long the certificate there holds. One that does not hold now is found by whoever connects."""
    try:
        with (
            socket.create_connection((host, port), _TIMEOUT_S) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured,
        ):
            found = secured.getpeercert() or {}
    except OSError as error:
        yield wrong("TLS", f"no certificate that holds: {error}", _RENEW)
        return
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
    days = (until - datetime.now(UTC)).days
    told = f"the certificate holds until {until:%Y-%m-%d}, for {days} days"
    if days < _EXPIRES_DAYS:
        yield wrong("TLS", told, _RENEW)
    else:
        yield well("TLS", told)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = answer.json()
    except ValueError:
        return {"checks": {f"it answered {answer.status_code}": False}}
    return found
