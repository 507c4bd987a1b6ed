"""An account per service on both servers, for a local run: who gets which URL, and the rights behind it.

On servers of its own a run always has them. On servers that exist elsewhere it has them where it may: on RabbitMQ when
the management API is named, on MongoDB when the given account can create others.
"""

from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local import services
from deploy.local.home import Home
from deploy.local.servers import Servers
from deploy.local.supervision import StartFailed
from deploy.urls import as_account, vhost_of

_ANSWER_MS = 10_000


class Accounts:
    """`notices` says aloud what the services' accounts could not be had for."""

    def __init__(self, home: Home, servers: Servers, prefix: str, management_url: str | None) -> None:
        self._prefix = prefix
        self._servers = servers
        self._management_url = management_url or (servers.node.management_url if servers.node else None)
        self._passwords = {name: home.secret(f"account_{name}") for name in services.ALL}
        self.notices: list[str] = []

    def urls(self) -> dict[str, tuple[str, str]]:
        """(RabbitMQ, MongoDB) by service. Raises StartFailed when a MongoDB that exists elsewhere does not answer."""
        amqp, mongo = self._servers.amqp_url, self._servers.mongo_url
        own_on_broker = self._management_url is not None
        if not own_on_broker:
            self.notices.append(
                "RabbitMQ: all services use the account of JALUR_AMQP_URL, with all its rights; "
                "JALUR_AMQP_MANAGEMENT_URL lets each have its own"
            )
        own_on_database = self._servers.mongod is not None or self._created_on_database_elsewhere()
        return {
            name: (
                as_account(amqp, self._name(name), password) if own_on_broker else amqp,
                as_account(mongo, self._name(name), password, authSource="admin") if own_on_database else mongo,
            )
            for name, password in self._passwords.items()
        }

    @property
    def broker_api_url(self) -> str:
        """The broker's management API without an account; empty where the gateway has none of its own."""
        if self._management_url is None:
            return ""
        parts = urlsplit(self._management_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def create_on_database(self) -> None:
        """On the MongoDB of this run, once it answers."""
        if self._servers.mongod is not None:
            self._create_on_database()

    def create_on_broker(self) -> None:
        """Once it answers. Raises StartFailed."""
        if self._management_url is None:
            return
        from deploy import definitions
        from deploy.management import Management, ManagementFailed
        from deploy.subscribers import let_gateways_look

        rights = definitions.of_accounts(self._prefix, self._passwords, vhost_of(self._servers.amqp_url))
        management = Management(self._management_url)
        try:
            management.post("definitions", body=rights)
            let_gateways_look(management)
        except ManagementFailed as error:
            raise StartFailed(f"the services' accounts on RabbitMQ cannot be created: {error}") from error

    def _created_on_database_elsewhere(self) -> bool:
        try:
            self._create_on_database()
        except OperationFailure as error:
            self.notices.append(
                "MongoDB: all services use the account of JALUR_MONGO_URL, with all its rights; "
                f"it may not create one for each ({error.code or 'refused'})"
            )
            return False
        except PyMongoError as error:
            raise StartFailed(f"MongoDB at JALUR_MONGO_URL does not answer: {type(error).__name__}") from error
        return True

    def _create_on_database(self) -> None:
        from deploy import database_accounts

        with MongoClient[dict[str, Any]](self._servers.mongo_url, serverSelectionTimeoutMS=_ANSWER_MS) as client:
            database_accounts.apply(client, self._prefix, self._passwords)

    def _name(self, service: str) -> str:
        return f"{self._prefix}_{service}"
