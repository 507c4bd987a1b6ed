"""What `jalur doctor` says about a gateway behind TLS: certificates, cookies, clocks, versions."""

import json
import shlex
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.doctor import database, gateway, leaders
from deploy.doctor.finding import Level

READY = {"status": "ready", "checks": {"database": True}, "oldest_outbox_entry_s": 0.0, "stuck": 0, "parked": 0}


@contextmanager
def gateway_with(
    folder: Path,
    *,
    valid: timedelta | None = None,
    headers: dict[str, str] | None = None,
    services: dict[str, Any] | None = None,
    clock: timedelta = timedelta(0),
) -> Iterator[str]:
    """The URL of something that answers as a gateway does; with TLS when `valid` says for how long."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_for_all = self.path.endswith("/deployment")
            body = json.dumps({"version": "2", "services": services or {}} if asked_for_all else READY).encode()
            self.send_response_only(200)
            self.send_header("Date", format_datetime(datetime.now(UTC) + clock, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if valid is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_certificate(folder, valid))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"{'http' if valid is None else 'https'}://localhost:{server.server_port}"
        finally:
            server.shutdown()


def _certificate(folder: Path, valid: timedelta) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def told(url: str) -> dict[str, Level]:
    """What is said, and how it is meant."""
    return {f"{one.about}: {one.what}": one.level for one in gateway.examine(url, "t" * 40)}


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder whose certificate is believed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return tmp_path


def test_a_certificate_that_ends_soon_and_cookies_without_tls(trusted: Path) -> None:
    with gateway_with(trusted, valid=timedelta(days=5, hours=1)) as url:
        found = told(url)
    (certificate,) = (what for what in found if "the certificate holds until" in what)
    assert "for 5 days" in certificate and found[certificate] is Level.WRONG
    assert found["TLS: cookies are sent without TLS as well"] is Level.WRONG


def test_a_certificate_that_holds(trusted: Path) -> None:
    hsts = {"Strict-Transport-Security": "max-age=31536000"}
    with gateway_with(trusted, valid=timedelta(days=60), headers=hsts) as url:
        found = told(url)
    assert Level.WRONG not in found.values()


def test_a_certificate_that_is_over(trusted: Path) -> None:
    with gateway_with(trusted, valid=timedelta(days=-1)) as url:
        ((what, level),) = told(url).items()
    assert level is Level.WRONG and "certificate has expired" in what


def test_a_gateway_without_tls_that_others_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway_with(tmp_path) as url:
        assert Level.WRONG not in told(url).values()
        monkeypatch.setattr(gateway, "_LOOPBACK", ())
        assert Level.WRONG in told(url).values()


def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    with gateway_with(tmp_path, clock=timedelta(seconds=-61)) as url:
        (wrong,) = (what for what, level in told(url).items() if level is Level.WRONG)
    assert "its clock and this machine's differ by 6" in wrong


def test_services_of_another_version_unready_or_behind(tmp_path: Path) -> None:
    services = {
        "registration": {**READY, "version": "1"},
        "selection": {**READY, "version": "2", "checks": {"database": True, "relay": False}},
        "certification": {**READY, "version": "2", "oldest_outbox_entry_s": 90.4, "stuck": 2},
        "placement": None,
    }
    with gateway_with(tmp_path, services=services) as url:
        wrong = {what for what, level in told(url).items() if level is Level.WRONG}
    assert wrong == {
        "registration: version 1, the gateway has 2",
        "selection: not ready: relay",
        "certification: something committed has waited for 90 s to be published",
        "certification: 2 documents hold an event that RabbitMQ refuses",
        "placement: does not answer the gateway",
    }


def test_a_database_that_is_away() -> None:
    (found,) = database.examine("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100", "jalur")
    assert found.level is Level.WRONG and "does not answer" in found.what


def _quorum_queue(**figures: object) -> dict[str, Any]:
    one: dict[str, Any] = {"name": "uji", "vhost": "/", "type": "quorum", "members": ["a", "b"], "online": ["a", "b"]}
    return {**one, **figures}


def test_a_queue_has_a_leader_when_it_tells_figures() -> None:
    stream: dict[str, Any] = {"name": "jalur.log", "type": "stream"}
    queues = {"uji": _quorum_queue(messages=0), "jalur.log": stream}
    assert not list(leaders.examine(queues, {"a", "b"}))


def test_a_queue_without_a_leader_while_nodes_are_away() -> None:
    (found,) = leaders.examine({"uji": _quorum_queue(leader="b", online=["a"])}, {"a"})
    assert found.level is Level.WRONG and found.what.startswith("uji has no leader")
    assert found.advice == "Start the nodes that do not run."


def test_a_queue_that_runs_on_none_of_several_nodes() -> None:
    """What mends it on one node was not tried there."""
    (found,) = leaders.examine({"uji": _quorum_queue(leader=None, online=[])}, {"a", "b"})
    assert found.level is Level.WRONG and "rabbitmqctl" not in found.advice


def test_a_name_is_quoted_for_the_shell_and_for_erlang() -> None:
    (found,) = leaders.examine({"uji": _quorum_queue(name='it\'s "uji"')}, {"a", "b"})
    *_, expression = shlex.split(found.advice)
    assert r"""queue, <<"it's \"uji\""/utf8>>""" in expression


def test_figures_are_waited_for_while_a_queue_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaders, "_LOOK_EVERY_S", 0.001)
    told = iter([_quorum_queue(), _quorum_queue(), _quorum_queue(messages=0)])
    assert leaders.when_figures_are_in(lambda: {"uji": next(told)})["uji"]["messages"] == 0


def test_figures_are_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaders, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(leaders, "_FIGURES_S", 0.01)
    assert leaders.without(leaders.when_figures_are_in(lambda: {"uji": _quorum_queue()})) == ["uji"]
