"""The directory of a local run: who holds it, its secrets, its ports."""

import fcntl
import json
import os
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from deploy.secret_files import SecretFiles

# below the range the kernel hands out to outgoing connections, so that nobody is given one of ours by chance
_PORTS = range(20_000, 32_000)
# there is no way to write these in every setting of supervisord
_UNUSABLE = frozenset('"%\\;\n')


class HomeInUse(Exception):
    """Another run holds this directory."""


class Home(SecretFiles):
    """`$JALUR_HOME`: everything a local run keeps, readable by its owner alone.

    `data/` outlives a run, `run/` is written anew by each, `log/` rotates, `secrets/` holds what was decided once.
    """

    def __init__(self, path: Path) -> None:
        """Raises ValueError for a path supervisord could not be told."""
        self.path = path.resolve()
        super().__init__(self.path / "secrets")
        if _UNUSABLE & set(str(self.path)):
            raise ValueError(f'a home whose path has one of " % \\ ; cannot be used: {self.path}')
        self.data = self.path / "data"
        self.run = self.path / "run"
        self.log = self.path / "log"
        self._lock: IO[str] | None = None

    def take(self) -> None:
        """Create what is missing and hold the directory until `release`. Raises HomeInUse."""
        for directory in (self.path, self.data, self.run, self.log, self.secrets):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.run / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise HomeInUse(f"{self.path} is in use by another run, process {holder}") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Let the next run have it. Harmless when not held."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """A free loopback port for each name: the one it had in the last run if nobody has taken it since."""
        kept = self.run / "ports.json"
        before: dict[str, int] = json.loads(kept.read_text()) if kept.exists() else {}
        ports: dict[str, int] = {}
        for name in names:
            port = before.get(name)
            if port is None or port in ports.values() or not is_free(port):
                port = _any_free(taken={*ports.values(), *before.values()})
            ports[name] = port
        kept.write_text(json.dumps({**before, **ports}, indent=1))
        return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # as the servers do: a port whose last connections linger can be had
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free(taken: set[int]) -> int:
    # at random, so that runs started together do not all look at the same port first
    candidates = [port for port in _PORTS if port not in taken]
    random.shuffle(candidates)
    return next(port for port in candidates if is_free(port))
