"""RabbitMQ and MongoDB for a local run or for tests: started together, stopped together."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from deploy.local import leftovers, mongodb, rabbitmq
from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import Supervisor

_START_S = 120
# how long a run that was killed may take to end by itself before it is killed altogether
LEFTOVERS_S = 30


class Servers:
    """The servers of one home, with the programs that are supervised beside them.

    A server whose URL is given exists elsewhere and is not started.
    """

    def __init__(
        self,
        home: Home,
        *,
        amqp_url: str | None = None,
        mongo_url: str | None = None,
        beside: Sequence[Program] = (),
    ) -> None:
        self.node = rabbitmq.prepare(home) if amqp_url is None else None
        self.mongod = mongodb.prepare(home) if mongo_url is None else None
        self.amqp_url = amqp_url or (self.node.url if self.node else "")
        self.mongo_url = mongo_url or (self.mongod.url if self.mongod else "")
        self._home = home
        own = [*(self.node.programs() if self.node else []), *(self.mongod.programs() if self.mongod else [])]
        self.supervisor = Supervisor(home, [*own, *beside])

    def start(self) -> None:
        self.supervisor.start()

    def wait(self) -> None:
        """Return when both answer. Raises StartFailed."""
        self.wait_for_mongodb()
        self.wait_for_rabbitmq()

    def wait_for_mongodb(self) -> None:
        if self.mongod:
            self.supervisor.wait("mongod", self.mongod.settle, _START_S)

    def wait_for_rabbitmq(self) -> None:
        if self.node:
            self.supervisor.wait("rabbitmq", self.node.answers, _START_S)

    def stop(self) -> None:
        """Stop in order, keep the data."""
        self.supervisor.stop()
        self._home.release()

    def discard(self) -> None:
        """Kill, and remove the whole home: for tests."""
        self.supervisor.kill()
        self._home.release()
        shutil.rmtree(self._home.path, ignore_errors=True)


def start(path: Path, *, amqp_url: str | None = None, mongo_url: str | None = None) -> Servers:
    """The servers in this directory, ready. Raises HomeInUse and StartFailed, having stopped what it had started."""
    home = Home(path)
    home.take()
    try:
        leftovers.stop(home.path, LEFTOVERS_S)
        servers = Servers(home, amqp_url=amqp_url, mongo_url=mongo_url)
    except BaseException:
        home.release()
        raise
    try:
        servers.start()
        servers.wait()
    except BaseException:
        servers.stop()
        raise
    return servers
