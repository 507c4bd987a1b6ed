"""The services as supervised processes: their ports, their settings, whether they are ready."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from deploy.local.home import Home, write_private
from deploy.local.programs import Program
from shared import actor_keys

GATEWAY = "gateway"
BEHIND = ("registration", "selection", "certification", "placement")
ALL = (*BEHIND, GATEWAY)

_HOST = "127.0.0.1"
# what all services could read in homes of earlier versions
_ONCE_SHARED = ("actor_key", "field_keys", "amqp_url", "mongo_url")


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
    common = {"JALUR_DB_PREFIX": db_prefix, "JALUR_HTTP_HOST": _HOST}
    of_gateway = {
        "JALUR_SPOOL_DIR": str(spool),
        **{f"JALUR_{name.upper()}_URL": url(ports[name]) for name in BEHIND},
    }
    return [
        Program(
            name,
            [sys.executable, "-m", "deploy.local.held", name, str(_word(home))],
            "services",
            order=3,
            environment={
                **common,
                **(of_gateway if name == GATEWAY else {}),
                "JALUR_HTTP_PORT": str(ports[name]),
                "JALUR_SECRETS_DIR": str(home.secrets_of(name)),
            },
        )
        for name in ALL
    ]


def settle_secrets(home: Home, urls: Mapping[str, tuple[str, str]]) -> None:
    """One directory per service, with a file per setting: no service can read what only another one needs.

    `urls` are those of (RabbitMQ, MongoDB) by service. Keys are decided once, the servers' addresses every time.
    """
    actor_key = home.secret("actor_private_key", actor_keys.new_key)
    public_keys = actor_keys.public_keys(actor_key)
    # once keys have been rotated their ids stand in the file
    field_keys = home.secret("field_key")
    own = {
        "registration": {
            "field_keys": field_keys if ":" in field_keys else f"local:{field_keys}",
            "person_key": home.secret("jalur_person_key"),
        },
        GATEWAY: {
            "actor_private_key": actor_key,
            "admin_password": home.secret("jalur_admin_password"),
            "admin_token": home.secret("jalur_admin_token"),
            "webhook_keys": home.secret("jalur_webhook_keys"),
        },
    }
    for name in ALL:
        directory = home.secrets_of(name)
        for made in (directory.parent, directory):
            made.mkdir(mode=0o700, exist_ok=True)
        amqp_url, mongo_url = urls[name]
        common = {"amqp_url": amqp_url, "mongo_url": mongo_url, "actor_public_keys": public_keys}
        for setting, value in {**common, **own.get(name, {})}.items():
            write_private(directory / f"jalur_{setting}", value)
    for name in _ONCE_SHARED:
        (home.secrets / f"jalur_{name}").unlink(missing_ok=True)


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
