"""The system under fault: private servers, every service as processes of its own, and a network that can be broken."""

import dataclasses
import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel
from pymongo import MongoClient

from deploy import topology
from deploy.local import mongodb, rabbitmq, services
from deploy.local.programs import Program
from deploy.local.runner import LocalStack
from deploy.local.servers import Servers
from deploy.local.supervision import StartFailed
from shared import log
from shared.topology import LOG
from tests.faults.proxy import Network, Proxy
from tests.faults.seams.control import Control
from tests.stack import free_port

T = TypeVar("T")

_HOST = "127.0.0.1"
_CTL_S = 90


def why_not() -> str | None:
    """Why this machine cannot have servers of its own; None when it can."""
    try:
        rabbitmq.script()
        mongodb.executable()
    except StartFailed as missing:
        return str(missing)
    return None


class System(LocalStack):
    """Servers and services of one test, which may do to them what it likes.

    `broker` is the proxy through which every service reaches RabbitMQ. With `replicas=2` each service runs twice
    (`selection`, `selection-2`), behind a proxy of its own in `balancers`; a client spreads over `gateways` itself.
    Through `seams` a test kills services between two of their steps, or takes a protection or the right time from them.
    `service_environment` is added to the environment of every service process.
    """

    def __init__(self, path: Path, *, replicas: int = 1, service_environment: Mapping[str, str] | None = None) -> None:
        super().__init__(path, port=free_port(), db_prefix="uji")
        self.network = Network()
        self.broker = Proxy([], amqp=True)
        self.balancers: dict[str, Proxy] = {}
        self._replicas = replicas
        self.seams = Control(path / "seams")
        self._environment = {**self.seams.environment, **(service_environment or {})}

    def start(self) -> None:
        super().start()
        self._mongo: MongoClient[dict[str, Any]] = MongoClient(self.mongo_url, appname="uji")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if "_mongo" in vars(self):
            self._mongo.close()
        self.discard()
        self.network.close()

    # ---- what runs

    @property
    def services(self) -> list[str]:
        """The names of all service processes."""
        return list(self._ports)

    @property
    def gateways(self) -> list[str]:
        """Where the gateway's replicas listen."""
        return [services.url(port) for name, port in self._ports.items() if name.startswith(services.GATEWAY)]

    @property
    def token(self) -> str:
        """Of the first administrator."""
        return str(json.loads(self.credentials.read_text())["token"])

    @property
    def mongo(self) -> MongoClient[dict[str, Any]]:
        """As the operator."""
        return self._mongo

    def database(self, service: str) -> Any:
        """A service's database, as the operator."""
        return self._mongo[f"{self.db_prefix}_{service}"]

    def is_ready(self, name: str) -> bool:
        return services.is_ready(self._ports[name])

    def health(self, name: str) -> dict[str, Any] | None:
        """What a service says about its readiness; None when it does not answer."""
        try:
            answer = httpx.get(f"{services.url(self._ports[name])}/health/ready", timeout=5)
            found: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError):
            return None
        return found

    def restarts(self) -> int:
        """How many processes have been started so far, by supervisord's own record."""
        return (self.home.log / "supervisord.log").read_text().count(" spawned: ")

    # ---- what can be done to it

    def freeze(self, name: str) -> None:
        """Stop a process's clock, as a long pause of its machine would."""
        self.kill(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.kill(name, signal.SIGCONT)

    def rabbitmqctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against the private node; what it prints. Raises CalledProcessError."""
        node = self._node
        linked = node.directory / "server" / "sbin"
        scripts = linked if linked.exists() else rabbitmq.script().resolve().parent
        environment = {**os.environ, **node.environment, "RABBITMQ_SCRIPTS_DIR": str(scripts)}
        command = [str(scripts / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_CTL_S, check=True)
        return done.stdout

    def broker_answers(self) -> bool:
        """Whether the broker speaks AMQP."""
        return self._node.answers()

    def on_channel(self, do: Callable[[AbstractChannel], Awaitable[T]]) -> T:
        """Do something to the broker as the operator, past the proxy."""

        async def work() -> T:
            connection = await aio_pika.connect(self.amqp_url, timeout=10)
            async with connection:
                return await do(await connection.channel())

        return self.network.run(work())

    def queues(self) -> dict[str, dict[str, int]]:
        """Ready and unacknowledged messages and consumers by queue, counted by the node itself."""
        columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
        rows = json.loads(self.rabbitmqctl("--formatter", "json", "list_queues", *columns))
        # of a queue whose leader is still coming back there is only a name
        return {row.pop("name"): {key: int(value or 0) for key, value in row.items()} for row in rows}

    def pending(self, older_than: datetime | None = None) -> list[str]:
        """Documents whose outbox is not empty, or has not been since that moment, as service.collection/id."""
        where = {"pending": True} | ({"touched": {"$lt": older_than}} if older_than else {})
        return [
            f"{name}.{collection}/{found['_id']}"
            for name in self._mongo.list_database_names()
            if name.startswith(f"{self.db_prefix}_")
            for collection in self._mongo[name].list_collection_names()
            for found in self._mongo[name][collection].find(where, {"_id": 1})
        ]

    def end_of_log(self) -> int:
        """How many events `jalur.log` has."""

        async def end() -> int:
            async with await aio_pika.connect(self.amqp_url, timeout=10) as connection:
                return await log.end(connection)

        return self.network.run(end())

    def behind(self, events: int) -> list[str]:
        """The services that have not followed the log so far: what a queue of theirs has lost may still come."""
        return [on.service for on in topology.subscriptions() if on.contracts and self._heard(on.service) < events]

    def _heard(self, service: str) -> int:
        place = self.database(service)["heard"].find_one({"_id": LOG})
        return int(place["offset"]) + 1 if place else 0

    # ---- how it is put together

    @property
    def _node(self) -> rabbitmq.Node:
        node = self._running.node
        assert node is not None
        return node

    def _programs(self) -> list[Program]:
        single = super()._programs()
        more: list[Program] = []
        for name, port in list(self._ports.items()):
            for number in range(2, self._replicas + 1):
                replica = f"{name}-{number}"
                self._ports |= self.home.ports([replica])
                original = next(program for program in single if program.name == name)
                environment = {**original.environment, "JALUR_HTTP_PORT": str(self._ports[replica])}
                more.append(dataclasses.replace(original, name=replica, environment=environment))
            if self._replicas > 1 and name != services.GATEWAY:
                ports = [port, *(self._ports[f"{name}-{number}"] for number in range(2, self._replicas + 1))]
                self.balancers[name] = balancer = Proxy(ports)
                self.network.run(balancer.listen())
                self._environment[f"JALUR_{name.upper()}_URL"] = services.url(balancer.port)
        return [
            dataclasses.replace(program, environment={**program.environment, **self._environment})
            for program in (*single, *more)
        ]

    def _settle(self, servers: Servers) -> None:
        super()._settle(servers)
        assert servers.node is not None
        direct = servers.node.ports["amqp"]
        self.broker.targets = [direct]
        self.network.run(self.broker.listen())
        for path in self.home.secrets.rglob("*amqp_url*"):
            through = path.read_text().replace(f"@{_HOST}:{direct}/", f"@{_HOST}:{self.broker.port}/")
            path.write_text(through)
