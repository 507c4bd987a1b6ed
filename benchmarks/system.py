"""The whole system, as `make up` starts it, on servers of its own; and what its processes use."""

import contextlib
import dataclasses
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.local import services
from deploy.local.programs import Program
from deploy.local.runner import LocalStack
from tests.stack import free_port

_MB = 2**20


class Measured(LocalStack):
    """A stack of which one service, `doubled`, may run twice; the second replica hears events, nobody calls it."""

    def __init__(
        self, path: Path, *, doubled: str | None = None, progress: Callable[[str], None] = lambda what: None
    ) -> None:
        super().__init__(path, port=free_port(), progress=progress)
        self._doubled = doubled

    def _programs(self) -> list[Program]:
        programs = super()._programs()
        if self._doubled is None:
            return programs
        twin, port = f"{self._doubled}-2", free_port()
        self._ports[twin] = port
        (one,) = [program for program in programs if program.name == self._doubled]
        environment = {**one.environment, "JALUR_HTTP_PORT": str(port)}
        return [*programs, dataclasses.replace(one, name=twin, environment=environment)]

    @property
    def service_names(self) -> list[str]:
        return list(self._ports)

    @property
    def api(self) -> httpx.Client:
        """A client of the JSON API, as the first administrator."""
        return httpx.Client(base_url=f"{self.gateway_url}/api/v1", headers=self.headers, timeout=1800)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {json.loads(self.credentials.read_text())['token']}"}

    def processes(self) -> list[psutil.Process]:
        """Both servers, the services, whoever keeps them running, and their children."""
        (supervisor,) = {psutil.Process(self._pid(name)).ppid() for name in services.ALL}
        keeper = psutil.Process(supervisor)
        return [keeper, *keeper.children(recursive=True)]

    def cpu_s(self, name: str | None = None) -> float:
        """CPU seconds used so far by one service, or by everything that runs."""
        if name is not None:
            return _cpu_s(psutil.Process(self._pid(name)))
        return sum(_cpu_s(process) for process in self.processes())

    def memory_mb(self, name: str) -> float:
        """What a service holds in memory now, without its children."""
        return float(psutil.Process(self._pid(name)).memory_info().rss) / _MB

    def _pid(self, name: str) -> int:
        pid = self.pid(name)
        if pid is None:
            raise RuntimeError(f"{name} does not run")
        return pid


@contextlib.contextmanager
def running(doubled: str | None = None) -> Iterator[Measured]:
    """A stack with empty databases, ready to be used."""
    with tempfile.TemporaryDirectory(prefix="jalur-bench-") as home:
        stack = Measured(Path(home) / "home", doubled=doubled)
        stack.start()
        try:
            yield stack
        finally:
            stack.discard()


class Memory:
    """Looks at the services' memory several times a second; `peak` by name, in MB."""

    def __init__(self, stack: Measured) -> None:
        self.peak: dict[str, float] = dict.fromkeys(stack.service_names, 0.0)
        self._stack = stack
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._ended.wait(0.3):
            for name in self.peak:
                self.peak[name] = max(self.peak[name], self._stack.memory_mb(name))


def until(condition: Callable[[], Any], seconds: float) -> None:
    """Wait until it holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


def _cpu_s(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:  # has just ended
        return 0.0
    return float(used.user + used.system)
