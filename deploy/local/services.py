"""The services as supervised processes: their ports, their settings, whether they are ready."""

import os
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
# one heap for all threads: with one for each, registration kept 9 MB more of 20,000 imported, and was no faster
_HEAPS = {"MALLOC_ARENA_MAX": "1"}


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
    common = {"JALUR_DB_PREFIX": db_prefix, "JALUR_HTTP_HOST": _HOST, "JALUR_LOG_FORMAT": "plain", **_HEAPS}
    of_gateway = {
        "JALUR_SPOOL_DIR": str(spool),
        "JALUR_PUBLIC_URL": os.environ.get("JALUR_PUBLIC_URL") or url(ports[GATEWAY]),
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
