"""supervisord for one home: its start, its end, and what becomes of the programs meanwhile."""

import http.client
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local import leftovers, programs
from deploy.local.home import Home
from deploy.local.programs import Program

_SUPERVISOR_S = 20
_STOP_S = 90
# processes of one program that may have ended before it is given up; supervisord itself would start it for ever
_ATTEMPTS = 3


class StartFailed(Exception):
    """Something did not come up; the message says what, and ends with the last lines of its log."""


class Supervisor:
    """The one process that is parent to all others of a home."""

    def __init__(self, home: Home, starting: Sequence[Program]) -> None:
        self._home = home
        self._programs = {program.name: program for program in starting}
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = programs.control_socket(home)

    def start(self) -> None:
        """Start supervisord, and with it the programs that start by themselves. Raises StartFailed."""
        configuration = self._home.run / "supervisord.conf"
        configuration.write_text(programs.configuration(self._home, self._socket, self._programs.values()))
        complaints = self._home.log / "supervisord.stderr.log"
        with complaints.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.keeper", "--configuration", str(configuration)],
                cwd=programs.ROOT,
                env={**self._inherited(), **leftovers.mark(self._home.path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                # Ctrl-C in the terminal is for the runner, which then stops everything in order
                start_new_session=True,
            )
        deadline = time.monotonic() + _SUPERVISOR_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"supervisord did not start\n{_tail(complaints)}")
            time.sleep(0.02)

    def pid(self, name: str) -> int | None:
        """Its process id, None while it does not run."""
        return int(self._info(name)["pid"]) or None

    def signal(self, name: str, which: signal.Signals) -> None:
        self._call("signalProcess", self._programs[name].full_name, which.name)

    def wait(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready()`. Raises StartFailed when the program keeps failing, or the time is over."""
        deadline = time.monotonic() + seconds
        attempts: set[int] = set()
        while not ready():
            info = self._info(name)
            attempts.add(int(info["pid"]))
            if len(attempts) > _ATTEMPTS or time.monotonic() > deadline:
                state = info["statename"].lower()
                raise StartFailed(f"{name} is not ready ({state})\n{_tail(self._home.log / f'{name}.log')}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop all programs in order, then supervisord; returns when no process of this home is left."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._clear()

    def kill(self) -> None:
        """End all processes at once, for a home that is thrown away."""
        leftovers.kill(self._home.path)
        self._clear()

    def _clear(self) -> None:
        leftovers.stop(self._home.path, grace=0)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None
        programs.discard(self._home, self._socket)

    def _inherited(self) -> dict[str, str]:
        # the secret files of this home decide, variables meant for another RabbitMQ would change ours, and the
        # operator's account is not for the services
        settled = {path.name.upper() for path in self._home.secrets.rglob("jalur_*")}
        foreign = ("RABBITMQ_", "ERL_", "JALUR_AMQP_", "JALUR_MONGO_")
        return {key: value for key, value in os.environ.items() if key not in settled and not key.startswith(foreign)}

    def _info(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("getProcessInfo", self._programs[name].full_name)
        return answer

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError):
            return False
        return True

    def _call(self, method: str, *arguments: Any) -> Any:
        # a connection a call: supervisord answers in well under a millisecond, and threads need share nothing
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
