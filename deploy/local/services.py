"""The services as supervised processes: their ports, their settings, whether they are ready."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

from deploy.local.home import Home
from deploy.local.programs import Program

GATEWAY = "gateway"
BEHIND = ("registration", "selection", "certification", "placement")
ALL = (*BEHIND, GATEWAY)

_HOST = "127.0.0.1"


def ports(home: Home, gateway_port: int) -> dict[str, int]:
    """The port of every service; only the gateway's is known beforehand."""
    return {**home.ports(BEHIND), GATEWAY: gateway_port}


def url(port: int) -> str:
    return f"http://{_HOST}:{port}"


def programs(home: Home, ports: dict[str, int], db_prefix: str) -> list[Program]:
    """They start with the servers and begin to work when they are `let_go`."""
    _word(home).unlink(missing_ok=True)
    spool = home.data / "spool"
    spool.mkdir(mode=0o700, exist_ok=True)
    common = {
        "JALUR_SECRETS_DIR": str(home.secrets),
        "JALUR_DB_PREFIX": db_prefix,
        "JALUR_HTTP_HOST": _HOST,
        "JALUR_SPOOL_DIR": str(spool),
        **{f"JALUR_{name.upper()}_URL": url(ports[name]) for name in BEHIND},
    }
    return [
        Program(
            name,
            [sys.executable, "-m", "deploy.local.held", name, str(_word(home))],
            "services",
            order=3,
            environment={**common, "JALUR_HTTP_PORT": str(ports[name])},
        )
        for name in ALL
    ]


def settle_secrets(home: Home, *, amqp_url: str, mongo_url: str) -> None:
    """One file per setting, as the services read them. Keys are decided once, the servers' addresses every time."""
    for name in ("actor_key", "person_key", "admin_password", "admin_token"):
        home.secret(f"jalur_{name}")
    # the key has an id, because field keys can be rotated
    home.write_secret("jalur_field_keys", f"local:{home.secret('field_key')}")
    home.write_secret("jalur_amqp_url", amqp_url)
    home.write_secret("jalur_mongo_url", mongo_url)


def is_ready(port: int) -> bool:
    """Whether the service on this port says so."""
    try:
        with urllib.request.urlopen(f"{url(port)}/health/ready", timeout=3) as answer:  # noqa: S310 - ours, on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def let_go(home: Home) -> None:
    """The servers answer and the queues exist: begin."""
    _word(home).touch()


def _word(home: Home) -> Path:
    return home.run / "begin"
