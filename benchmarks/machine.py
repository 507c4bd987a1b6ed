"""Describes the machine and the servers that a benchmark ran on."""

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from deploy.local import mongodb


def described() -> str:
    """One line; to be asked before measuring begins, for the load of what else runs."""
    load = os.getloadavg()[0]
    parts = (
        f"{_processor()}, {os.cpu_count()} cores ({load:.1f} busy at the start)",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
        *_servers(),
        f"aio-pika {version('aio-pika')}",
        f"Motor {version('motor')}",
    )
    return " · ".join(parts)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _servers() -> tuple[str, str]:
    if "JALUR_AMQP_URL" in os.environ or "JALUR_MONGO_URL" in os.environ:
        return "RabbitMQ and MongoDB as named by JALUR_AMQP_URL and JALUR_MONGO_URL", "elsewhere"
    mongod = _first_line([str(mongodb.executable()), "--version"]).removeprefix("db version v")
    # Debian's number is the version, the revision of the package, and what was mended since
    rabbitmq = _first_line(["dpkg-query", "--show", "--showformat", "${Version}", "rabbitmq-server"]).partition("-")[0]
    return f"RabbitMQ {rabbitmq}", f"mongod {mongod}"


def _first_line(command: Sequence[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return "of unknown version"
    return said[0] if said else "of unknown version"
