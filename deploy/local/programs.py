"""What supervisord is to run, as its configuration file."""

import resource
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from deploy.local.home import Home

ROOT = Path(__file__).resolve().parents[2]

_RPC = "supervisor.rpcinterface:make_main_rpcinterface"
_OPEN_FILES = 4096
# what fits into sun_path on Linux, without its closing zero
_SOCKET_PATH = 107


@dataclass(frozen=True)
class Program:
    """One process. Groups are stopped one after the other, the highest `order` first."""

    name: str
    command: Sequence[str]
    group: str
    order: int
    environment: Mapping[str, str] = field(default_factory=dict)
    autostart: bool = True
    seconds_to_stop: int = 10

    @property
    def full_name(self) -> str:
        return f"{self.group}:{self.name}"


def control_socket(home: Home) -> Path:
    """Where supervisord is to listen: in the home, or in a directory of its own when that path is too long."""
    socket = home.run / "supervisor.sock"
    if len(str(socket)) <= _SOCKET_PATH:
        return socket
    return Path(tempfile.mkdtemp(prefix="jalur-")) / socket.name


def discard(home: Home, socket: Path) -> None:
    """Remove the directory that `control_socket` has made outside of the home."""
    if socket.parent != home.run:
        shutil.rmtree(socket.parent, ignore_errors=True)


def configuration(home: Home, socket: Path, programs: Iterable[Program]) -> str:
    """supervisord's configuration for these programs."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    sections = [
        _section("unix_http_server", file=socket, chmod="0700"),
        _section("rpcinterface:supervisor", **{"supervisor.rpcinterface_factory": _RPC}),
        _section(
            "supervisord",
            nodaemon="true",
            umask="077",
            minfds=files,
            pidfile=home.run / "supervisord.pid",
            logfile=home.log / "supervisord.log",
            logfile_maxbytes="5MB",
            logfile_backups=2,
        ),
    ]
    by_group = attrgetter("order", "group")
    for (order, group), some in groupby(sorted(programs, key=by_group), key=by_group):
        members = list(some)
        sections += [_program(home, member) for member in members]
        names = ",".join(member.name for member in members)
        sections.append(_section(f"group:{group}", programs=names, priority=order))
    return "\n".join(sections)


def _program(home: Home, program: Program) -> str:
    return _section(
        f"program:{program.name}",
        # a process whose supervisord is killed is asked to stop by the kernel
        command=shlex.join(["setpriv", "--pdeathsig", "TERM", "--", *program.command]),
        directory=ROOT,
        environment=",".join(f'{key}="{value}"' for key, value in program.environment.items()),
        autostart=str(program.autostart).lower(),
        autorestart="true",
        startsecs=1,
        startretries=20,
        stopsignal="TERM",
        stopwaitsecs=program.seconds_to_stop,
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=home.log / f"{program.name}.log",
        stdout_logfile_maxbytes="5MB",
        stdout_logfile_backups=3,
    )


def _section(heading: str, **settings: object) -> str:
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join([f"[{heading}]", *lines, ""])
