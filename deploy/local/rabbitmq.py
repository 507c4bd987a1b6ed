"""A private RabbitMQ node with its own data, ports, cookie and epmd, on loopback."""

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import rabbitmq_tree
from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import StartFailed
from deploy.secret_files import write_private

OPERATOR = "jalur"

# RabbitMQ's own script: the one Debian puts on PATH switches to a user who cannot read a private directory
_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PORTS = ("amqp", "management", "prometheus", "distribution", "epmd")
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
log.file = false
log.console = true
log.console.level = info
log.console.use_colors = off
"""


@dataclass(frozen=True)
class Node:
    """What is needed to run the node and to reach it."""

    directory: Path
    password: str
    ports: Mapping[str, int]

    @property
    def url(self) -> str:
        """As the operator, who may do everything."""
        return f"amqp://{OPERATOR}:{self.password}@127.0.0.1:{self.ports['amqp']}/"

    @property
    def management_url(self) -> str:
        """The management API, as the operator."""
        return f"http://{OPERATOR}:{self.password}@127.0.0.1:{self.ports['management']}"

    @property
    def environment(self) -> dict[str, str]:
        """For RabbitMQ's scripts, `rabbitmqctl` included; names nothing of the system-wide node."""
        here = self.directory
        return {
            "HOME": str(here),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(here / "erl_crash.dump"),
            # an address, since not every machine can tell what localhost is; only a long name may hold one
            "RABBITMQ_NODENAME": "jalur@127.0.0.1",
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "none"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(here / "none" / "*.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
        }

    def programs(self) -> list[Program]:
        """The node, and the epmd it registers with: left to itself the node would start one that outlives it."""
        interface = "-noinput -kernel inet_dist_use_interface {127,0,0,1}"
        # with input "allowed" the script becomes the node instead of staying its parent, so signals reach the node
        direct = {"RABBITMQ_ALLOW_INPUT": "1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": interface}
        scripts = rabbitmq_tree.view(script(), self.directory / "server")
        port = str(self.ports["epmd"])
        return [
            Program("epmd", ["epmd", "-port", port, "-address", "127.0.0.1"], "names", order=1),
            Program(
                "rabbitmq",
                [str(scripts / "rabbitmq-server")],
                "servers",
                order=2,
                # told, because it would follow the links to where it comes from
                environment={**self.environment, **direct, "RABBITMQ_SCRIPTS_DIR": str(scripts)},
                seconds_to_stop=40,
            ),
        ]

    def answers(self) -> bool:
        """Whether the broker speaks AMQP: it listens only when everything else of it has started."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports["amqp"]), timeout=1) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False


def prepare(home: Home) -> Node:
    """Write the configuration of the node of this home. The password is decided once, with the data."""
    directory = home.data / "rabbitmq"
    directory.mkdir(mode=0o700, exist_ok=True)
    node = Node(directory, home.secret("rabbitmq_password"), home.ports(_PORTS))
    write_private(
        directory / "rabbitmq.conf",
        _CONFIGURATION.format(user=OPERATOR, password=node.password, **node.ports),
    )
    (directory / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus,rabbitmq_shovel].\n")
    return node


def script() -> Path:
    """RabbitMQ's start script: that of `JALUR_RABBITMQ_SERVER`, else Debian's, else what is on PATH.

    Raises StartFailed when RabbitMQ is not installed.
    """
    if named := os.environ.get("JALUR_RABBITMQ_SERVER"):
        if not Path(named).is_file():
            raise StartFailed(f"JALUR_RABBITMQ_SERVER names no file: {named}")
        return Path(named)
    if _SCRIPT.exists():
        return _SCRIPT
    elsewhere = shutil.which("rabbitmq-server")
    if elsewhere is None:
        raise StartFailed("RabbitMQ is not installed: run `make setup` as root, or install rabbitmq-server")
    return Path(elsewhere)
