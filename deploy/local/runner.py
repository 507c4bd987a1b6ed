"""The whole system on one machine, as `jalur up` and the tests run it."""

import contextlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

from deploy.local import leftovers, services
from deploy.local.accounts import Accounts
from deploy.local.home import Home, is_free
from deploy.local.programs import Program
from deploy.local.servers import LEFTOVERS_S, Servers
from deploy.local.supervision import StartFailed
from deploy.secret_files import write_private

ADMINISTRATOR = "admin"
_READY_S = 90
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LocalStack:
    """Both servers and every service of one home. A context manager: leaving it stops them all.

    `progress` hears in a few words what is being waited for.
    """

    def __init__(
        self,
        path: Path,
        *,
        port: int = 8080,
        amqp_url: str | None = None,
        amqp_management_url: str | None = None,
        mongo_url: str | None = None,
        db_prefix: str = "jalur",
        progress: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.home = Home(path)
        self.gateway_url = services.url(port)
        self._port = port
        self._given = {"amqp_url": amqp_url, "mongo_url": mongo_url}
        self._management_url = amqp_management_url
        self.db_prefix = db_prefix
        self._progress = progress
        self._servers: Servers | None = None
        self._ports: dict[str, int] = {}

    @classmethod
    def from_environment(cls, progress: Callable[[str], None] = lambda what: None) -> Self:
        """As JALUR_HOME, JALUR_PORT, JALUR_{AMQP,AMQP_MANAGEMENT,MONGO}_URL and JALUR_DB_PREFIX say."""
        return cls(
            Path(os.environ.get("JALUR_HOME") or ".local"),
            port=int(os.environ.get("JALUR_PORT") or 8080),
            amqp_url=os.environ.get("JALUR_AMQP_URL") or None,
            amqp_management_url=os.environ.get("JALUR_AMQP_MANAGEMENT_URL") or None,
            mongo_url=os.environ.get("JALUR_MONGO_URL") or None,
            db_prefix=os.environ.get("JALUR_DB_PREFIX") or "jalur",
            progress=progress,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when every service is ready.

        Raises HomeInUse and StartFailed, having stopped what it had started.
        """
        self.home.take()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._progress("looking for an earlier run")
        leftovers.stop(self.home.path, LEFTOVERS_S)
        if not is_free(self._port):
            raise StartFailed(f"port {self._port} is in use; JALUR_PORT names another for the gateway")
        self._ports = services.ports(self.home, self._port)
        programs = self._programs()
        self._progress("RabbitMQ and MongoDB")
        self._servers = servers = Servers(self.home, **self._given, beside=programs)
        self._settle(servers)
        self._write_credentials(servers)
        servers.start()
        # while they start: the services' contracts take a second to import
        from deploy.local import queues

        servers.wait_for_mongodb()
        self._accounts.create_on_database()
        servers.wait_for_rabbitmq()
        self._progress("queues and accounts")
        with ThreadPoolExecutor(1) as beside:
            rights = beside.submit(self._accounts.create_on_broker)
            queues.declare(servers.amqp_url)
            rights.result()
        self._progress("services")
        services.let_go(self.home)
        self.wait_ready()

    def _programs(self) -> list[Program]:
        """The services; `_ports` names the port of each."""
        return services.programs(self.home, self._ports, self.db_prefix)

    def _settle(self, servers: Servers) -> None:
        """Tell the services where the servers are, and which secrets hold."""
        self._accounts = Accounts(self.home, servers, self.db_prefix, self._management_url)
        self.home.settle(self._accounts.urls())
        # no secret, but known only now, and this is what the gateway reads when it starts
        write_private(self.home.secrets_of(services.GATEWAY) / "jalur_broker_api_url", self._accounts.broker_api_url)

    def wait_ready(self, *names: str, seconds: float = _READY_S) -> None:
        """Return when these services, by default all, are ready. Raises StartFailed."""
        for name in names or self._ports:
            self._running.supervisor.wait(name, partial(services.is_ready, self._ports[name]), seconds)

    @property
    def amqp_url(self) -> str:
        """As the operator, who may do everything."""
        return self._running.amqp_url

    @property
    def mongo_url(self) -> str:
        """As the operator, who may do everything."""
        return self._running.mongo_url

    @property
    def notices(self) -> list[str]:
        """What whoever runs this should know."""
        return self._accounts.notices

    @property
    def credentials(self) -> Path:
        """gateway_url, amqp_url, mongo_url; name, password and token of the first administrator."""
        return self.home.path / "credentials.json"

    def pid(self, name: str) -> int | None:
        """The process of a service (or of rabbitmq, mongod), None while it does not run."""
        return self._running.supervisor.pid(name)

    def kill(self, name: str, which: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal. What dies of it is started again."""
        self._running.supervisor.signal(name, which)

    def stop(self) -> None:
        """Stop everything in order, keep the data. Signals do not interrupt it."""
        with _undisturbed():
            if self._servers is not None:
                self._servers.supervisor.stop()
                self._servers = None
            self.home.release()

    def discard(self) -> None:
        """Kill everything, and remove the home with its data: for tests."""
        with _undisturbed():
            leftovers.kill(self.home.path)
            self.stop()
            shutil.rmtree(self.home.path, ignore_errors=True)

    @property
    def _running(self) -> Servers:
        if self._servers is None:
            raise RuntimeError("the stack is not running")
        return self._servers

    def _write_credentials(self, servers: Servers) -> None:
        secrets = {name: self.home.secret(f"jalur_admin_{name}") for name in ("password", "token")}
        addresses = {
            "gateway_url": self.gateway_url,
            "amqp_url": servers.amqp_url,
            "mongo_url": servers.mongo_url,
        }
        write_private(self.credentials, json.dumps({**addresses, "name": ADMINISTRATOR, **secrets}, indent=2) + "\n")


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that what it has started is stopped.

    Ctrl-C as well, also where a shell has started us in the background, ignoring it.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {which: signal.signal(which, end) for which in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {which: signal.signal(which, signal.SIG_IGN) for which in _ENDING}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
